import { useSignal, useSignalEffect } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { ConversationView, Mention } from '../client/index.ts'
import { naming, type Wording } from '../model/mentions.ts'
import { FileButton } from './attach-sheet.tsx'
import { attach } from './attaching.ts'
import type { Desk, Writing } from './desk.ts'
import { EmojiGrid } from './emoji-grid.tsx'
import { Icon } from './icons.tsx'
import { readMentions, trimmed } from './mention-draft.ts'
import { MentionList, useMentionField } from './mention-field.tsx'
import { lastEditable } from './message-actions.ts'
import { messageLine } from './preview.ts'
import { useFollowed } from './writing.ts'

/** What the server takes of a message, in UTF-8. */
const bytesMax = 16 * 1024
/** How close to the limit one is told. */
const bytesWarned = 15 * 1024

interface ComposerProps {
  readonly desk: Desk
  readonly conversation: ConversationView
}

/** Where one writes: grows with the text, keeps what was begun, and edits what was sent. */
export function Composer({ desk, conversation }: ComposerProps) {
  const { field, text, emoji, canSend, bytes, names, write, submit, cancel, onKeyDown } = useComposer(desk, conversation)
  const writing = desk.writingIn(conversation.id)
  return (
    <form
      class="composer"
      onSubmit={event => {
        event.preventDefault()
        submit()
      }}
    >
      {writing.kind === 'new' ? null : <WritingBar desk={desk} writing={writing} cancel={cancel} />}
      {emoji.value ? <EmojiGrid pick={picked => write(insert(field.current, text.value, picked))} /> : null}
      <div class="composer-line">
        <div class="composer-field">
          <MentionList desk={desk} field={names} />
          <button
            type="button"
            class="icon-button"
            aria-label="Emoji"
            aria-expanded={emoji.value}
            onClick={() => {
              emoji.value = !emoji.value
            }}
          >
            <Icon name="smile" />
          </button>
          <textarea
            ref={field}
            rows={1}
            dir="auto"
            value={text.value}
            placeholder="Write a message"
            aria-label="Message"
            enterkeyhint={isTouch() ? 'enter' : 'send'}
            onInput={event => write(event.currentTarget.value)}
            aria-autocomplete="list"
            aria-controls={names.found.length > 0 ? 'mention-list' : undefined}
            aria-activedescendant={names.found.length > 0 ? `mention-${names.chosen}` : undefined}
            onKeyDown={onKeyDown}
            onSelect={names.look}
            onBlur={() => desk.store.chat.typing(conversation.id, false)}
          />
          {desk.store.chat.files.bytesMax === 0 || writing.kind === 'edit' ? null : (
            <FileButton label="Attach files" icon="attach" class="icon-button" pick={files => void attach(desk, conversation.id, files)} />
          )}
          {bytes > bytesWarned ? (
            <span class="composer-count numeral" data-over={bytes > bytesMax} role="status">
              {bytesMax - bytes}
            </span>
          ) : null}
        </div>
        <button type="submit" class="send" aria-label={writing.kind === 'edit' ? 'Save the changes' : 'Send'} disabled={!canSend}>
          <Icon name={writing.kind === 'edit' ? 'check' : 'send'} />
        </button>
      </div>
    </form>
  )
}

/** What is written, and what keys do with it. */
function useComposer(desk: Desk, conversation: ConversationView) {
  const { id } = conversation
  const { chat, clock } = desk.store
  useFollowed(desk, id)
  const field = useRef<HTMLTextAreaElement>(null)
  const text = useSignal(desk.drafts.of(id))
  const emoji = useSignal(false)
  const writing = desk.writingIn(id)
  const bytes = new TextEncoder().encode(text.value).length
  // A caption may be taken away.
  const isSaid = text.value.trim() !== '' || (writing.kind === 'edit' && writing.item.files !== undefined)
  const canSend = isSaid && bytes <= bytesMax
  useLayoutEffect(() => {
    desk.typed.value = beginningOf(writing)
    text.value = desk.typed.peek() ?? desk.drafts.of(id)
    names.restart(beginningOf(writing) === undefined ? keptMentions(desk, id) : mentionsOf(writing))
  }, [writing])
  useLayoutEffect(() => fit(field.current), [text.value])
  useEffect(() => {
    if (!isTouch()) field.current?.focus({ preventScroll: true })
    return () => chat.typing(id, false)
  }, [id])
  useSignalEffect(() => {
    if (desk.focus.value > 0) clock.after(0, () => focusEnd(field.current))
  })
  const keep = (value: string, mentions: readonly Mention[]) => {
    text.value = value
    if (beginningOf(writing) === undefined) desk.mentionDrafts.keep(id, mentions.length === 0 ? '' : JSON.stringify(mentions))
    if (beginningOf(writing) === undefined) desk.drafts.keep(id, value)
    else desk.typed.value = value
    chat.typing(id, value.trim() !== '')
  }
  const names = useMentionField(desk, conversation, field, keep)
  const write = (value: string) => keep(value, names.typed(text.value, value))
  const cancel = () => {
    desk.writing.value = { kind: 'new' }
    field.current?.focus()
  }
  const submit = () => {
    if (!canSend) return
    emoji.value = false
    send(desk, id, writing, trimmed(text.value, names.mentions))
    if (beginningOf(writing) === undefined) {
      desk.drafts.keep(id, '')
      desk.mentionDrafts.keep(id, '')
    }
    names.restart(keptMentions(desk, id))
    text.value = desk.drafts.of(id)
    cancel()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing || names.onKeyDown(event)) return
    if (event.key === 'Enter' && !event.shiftKey && !isTouch()) {
      event.preventDefault()
      submit()
    } else if (event.key === 'Escape' && (writing.kind !== 'new' || emoji.value)) {
      event.stopPropagation()
      emoji.value = false
      cancel()
    } else if (event.key === 'ArrowUp' && text.value === '' && writing.kind === 'new') {
      const item = lastEditable(desk, id)
      if (item === undefined) return
      event.preventDefault()
      desk.write({ kind: 'edit', item })
    }
  }
  return { field, text, emoji, canSend, bytes, names, write, submit, cancel, onKeyDown }
}

function WritingBar({
  desk,
  writing,
  cancel,
}: {
  readonly desk: Desk
  readonly writing: Exclude<Writing, { readonly kind: 'new' }>
  readonly cancel: () => void
}) {
  const isReply = writing.kind === 'reply'
  const problem = isReply ? undefined : writing.problem
  return (
    <div class="writing-bar" data-tone={problem === undefined ? undefined : 'bad'}>
      <Icon name={isReply ? 'reply' : 'pencil'} />
      <div>
        <b>{titleOf(desk, writing)}</b>
        <span dir="auto" role={problem === undefined ? undefined : 'alert'}>
          {problem ?? messageLine(writing.item).text}
        </span>
      </div>
      <button type="button" class="icon-button" aria-label={isReply ? 'Cancel the reply' : 'Cancel editing'} onClick={cancel}>
        <Icon name="close" />
      </button>
    </div>
  )
}

function titleOf({ store }: Desk, writing: Exclude<Writing, { readonly kind: 'new' }>) {
  switch (writing.kind) {
    case 'reply':
      return <bdi>Reply to {store.people.object(writing.item.author)}</bdi>
    case 'edit':
      return writing.problem === undefined ? 'Edit message' : 'Your change was not saved'
    case 'unsaved':
      return 'Your change was not saved. Send it as a new message?'
  }
}

/** What stands in the field at first, where it is no draft. */
function beginningOf(writing: Writing): string | undefined {
  switch (writing.kind) {
    case 'edit':
      return writing.text ?? writing.item.text ?? ''
    case 'unsaved':
      return writing.text
    default:
      return undefined
  }
}

function send({ store: { chat } }: Desk, conversation: string, writing: Writing, { text, mentions }: Required<Wording>): void {
  const old = writing.kind === 'edit' || writing.kind === 'unsaved' ? writing.item.pending : undefined
  if (old !== undefined) chat.discard(old.cid)
  if (writing.kind === 'edit') {
    const { item } = writing
    const said = old?.refusal === undefined && old?.kind === 'edit' ? undefined : item.text
    const isSame = text === said && JSON.stringify(mentions) === JSON.stringify(item.mentions ?? [])
    if (!isSame) chat.change(item, { kind: 'edit', text, ...naming(mentions) })
    return
  }
  const replyTo = writing.kind === 'reply' ? writing.item.seq : undefined
  chat.send(conversation, { text, ...naming(mentions), ...(replyTo === undefined ? {} : { replyTo }) })
}

function mentionsOf(writing: Writing): readonly Mention[] {
  if (writing.kind !== 'edit' && writing.kind !== 'unsaved') return []
  return (writing.kind === 'edit' && writing.text === undefined ? undefined : writing.item.pending?.mentions) ?? writing.item.mentions ?? []
}

function keptMentions({ mentionDrafts }: Desk, conversation: string): readonly Mention[] {
  return readMentions(mentionDrafts.of(conversation))
}

/** As high as the text, up to what the style sheet allows. */
function fit(field: HTMLTextAreaElement | null): void {
  if (field === null) return
  field.style.height = 'auto'
  field.style.height = `${field.scrollHeight}px`
}

function focusEnd(field: HTMLTextAreaElement | null): void {
  field?.focus({ preventScroll: true })
  field?.setSelectionRange(field.value.length, field.value.length)
}

function insert(field: HTMLTextAreaElement | null, text: string, picked: string): string {
  const start = field?.selectionStart ?? text.length
  const end = field?.selectionEnd ?? text.length
  return text.slice(0, start) + picked + text.slice(end)
}

/** Enter breaks the line on an on-screen keyboard, which has no Shift+Enter. */
function isTouch(): boolean {
  return matchMedia('(pointer: coarse)').matches && !matchMedia('(any-pointer: fine)').matches
}
