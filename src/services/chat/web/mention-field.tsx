import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useLayoutEffect } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import type { Mention } from '../model/mentions.ts'
import type { Desk } from './desk.ts'
import { moved, type Naming, named, namesLike, namingAt } from './mention-draft.ts'
import { PersonRow } from './person-row.tsx'

const shownMax = 6

export interface MentionField {
  readonly mentions: readonly Mention[]
  /** Those whom one may mean. Empty where nobody is being named. */
  readonly found: readonly string[]
  readonly chosen: number
  /** The text was changed by typing. */
  readonly typed: (before: string, after: string) => readonly Mention[]
  /** The text is another one. */
  readonly restart: (mentions: readonly Mention[]) => void
  readonly look: () => void
  readonly choose: (index: number) => void
  readonly pick: (user: string) => void
  /** @returns whether the key was for the list of names */
  readonly onKeyDown: (event: KeyboardEvent) => boolean
}

/** Whom a text names while it is written. In a group alone: of two, everybody is meant. */
export function useMentionField(
  { store }: Desk,
  { kind, members }: ConversationView,
  field: RefObject<HTMLTextAreaElement | HTMLInputElement | null>,
  write: (text: string, mentions: readonly Mention[]) => void,
): MentionField {
  const mentions = useSignal<readonly Mention[]>([])
  const naming = useSignal<Naming | undefined>(undefined)
  const chosen = useSignal(0)
  const caret = useSignal<number | undefined>(undefined)
  const { people, chat } = store
  const others = members.map(({ user }) => user).filter(user => user !== chat.user)
  const namesOf = (user: string) => [people.name(user), user]
  const found = naming.value === undefined || kind !== 'group' ? [] : namesLike(others, namesOf, naming.value.query).slice(0, shownMax)
  const index = Math.max(0, Math.min(chosen.value, found.length - 1))
  useLayoutEffect(() => {
    if (caret.value === undefined) return
    field.current?.setSelectionRange(caret.value, caret.value)
    caret.value = undefined
  }, [caret.value])
  const look = () => {
    const { current } = field
    const at = current?.selectionStart ?? undefined
    const now = current === null || at === undefined || at !== current.selectionEnd ? undefined : namingAt(current.value, at)
    if (now?.at !== naming.value?.at || now?.query !== naming.value?.query) chosen.value = 0
    naming.value = now
  }
  const pick = (user: string) => {
    const { current } = field
    if (naming.value === undefined || current === null) return
    const next = named(current.value, naming.value, user, people.name(user))
    const kept = moved(mentions.value, current.value, next.text)
    mentions.value = [...kept, next.mention].toSorted((left, right) => left.at - right.at)
    naming.value = undefined
    caret.value = next.caret
    write(next.text, mentions.value)
    current.focus()
  }
  return {
    mentions: mentions.value,
    found,
    chosen: index,
    typed: (before, after) => {
      mentions.value = moved(mentions.value, before, after)
      look()
      return mentions.value
    },
    restart: next => {
      mentions.value = next
      naming.value = undefined
    },
    look,
    choose: at => {
      chosen.value = at
    },
    pick,
    onKeyDown: event => {
      const user = found[index]
      if (user === undefined) return false
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp')
        chosen.value = (index + (event.key === 'ArrowDown' ? 1 : -1) + found.length) % found.length
      else if (event.key === 'Enter' || event.key === 'Tab') pick(user)
      else if (event.key === 'Escape') naming.value = undefined
      else return false
      event.preventDefault()
      event.stopPropagation()
      return true
    },
  }
}

/** Those whom one may mean, above the field. */
export function MentionList({ desk, field }: { readonly desk: Desk; readonly field: MentionField }) {
  if (field.found.length === 0) return null
  return (
    <div class="mention-list" id="mention-list" role="listbox" aria-label="Members">
      {field.found.map((user, at) => (
        <div
          key={user}
          id={`mention-${at}`}
          role="option"
          tabIndex={-1}
          aria-selected={at === field.chosen}
          onPointerMove={() => field.choose(at)}
          onPointerDown={event => event.preventDefault()}
          onClick={() => field.pick(user)}
          onKeyDown={event => field.onKeyDown(event)}
        >
          <PersonRow desk={desk} user={user} />
        </div>
      ))}
    </div>
  )
}
