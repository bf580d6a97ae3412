import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import { ConversationItem } from './conversation-item.tsx'
import type { Desk } from './desk.ts'

/** Rows that are drawn beyond the window on either side, so that fast fingers see no blanks. */
const spareRows = 12
/** Until the first row has been measured. */
const guess = { row: 72, height: 900 }

/** Thousands of conversations, of which those in the window are drawn, and the one that has the focus. */
export function ConversationRows({ desk, conversations }: { readonly desk: Desk; readonly conversations: readonly ConversationView[] }) {
  const list = useRef<HTMLUListElement>(null)
  const top = useSignal(0)
  const size = useSignal(guess)
  /** The row that has the focus, or is about to. */
  const held = useSignal<string | undefined>(undefined)
  const isWanted = useRef(false)
  const { row, height } = size.value
  useMeasures(list, measured => {
    if (measured.row !== size.peek().row || measured.height !== size.peek().height) size.value = measured
  })
  // A row that is moved in the document loses the focus by it.
  const hadFocus = hasFocus(list.current)
  useLayoutEffect(() => {
    if (!isWanted.current && (!hadFocus || hasFocus(list.current))) return
    isWanted.current = false
    rowOf(list.current, held.value)?.focus({ preventScroll: true })
  })
  const first = Math.max(0, Math.floor(top.value / row) - spareRows)
  const end = Math.min(conversations.length, Math.ceil((top.value + height) / row) + spareRows)
  const shown = conversations.slice(first, end).map((conversation, index) => ({ conversation, at: first + index }))
  const heldAt = conversations.findIndex(({ id }) => id === held.value)
  const heldOne = conversations[heldAt]
  if (heldOne !== undefined && (heldAt < first || heldAt >= end)) shown.push({ conversation: heldOne, at: heldAt })
  const walk = (event: KeyboardEvent) => {
    const at = targetOf(event, heldAt, conversations.length, Math.floor(height / row))
    const target = at === undefined ? undefined : conversations[at]
    if (at === undefined) return
    event.preventDefault()
    if (target === undefined) {
      document.querySelector<HTMLElement>('.list-pane input[type="search"]')?.focus()
      return
    }
    held.value = target.id
    isWanted.current = true
    reveal(list.current, at * row, row)
  }
  return (
    <ul
      class="list list-rows"
      ref={list}
      onScroll={event => {
        top.value = event.currentTarget.scrollTop
      }}
      onKeyDown={walk}
      onFocusIn={event => {
        held.value = conversationAt(event)
      }}
      onContextMenu={event => {
        const conversation = conversationAt(event)
        if (conversation === undefined) return
        event.preventDefault()
        desk.listMenu.value = { conversation, x: event.clientX, y: event.clientY }
      }}
    >
      <li class="list-extent" role="presentation" style={{ height: `${conversations.length * row}px` }} />
      {shown.map(({ conversation, at }) => (
        <ConversationItem
          key={conversation.id}
          desk={desk}
          conversation={conversation}
          place={{ top: at * row, at, count: conversations.length }}
        />
      ))}
    </ul>
  )
}

/** Calls back with the height of a row and of the window, now and when they change. */
function useMeasures(list: { readonly current: HTMLElement | null }, measured: (size: typeof guess) => void): void {
  useLayoutEffect(() => {
    const element = list.current
    if (element === null) return
    const measure = () => {
      const row = element.querySelector<HTMLElement>('.list-row')?.offsetHeight ?? 0
      measured({ row: row > 0 ? row : guess.row, height: element.clientHeight })
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
}

/** Where a key leads; before the first, to the field above. */
function targetOf({ key }: KeyboardEvent, at: number, count: number, page: number): number | undefined {
  if (key === 'Home') return 0
  if (key === 'End') return count - 1
  const step = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page }[key]
  if (step === undefined) return undefined
  if (key === 'ArrowUp') return at - 1
  return Math.max(0, Math.min(count - 1, at + step))
}

function reveal(list: HTMLElement | null, from: number, row: number): void {
  if (list === null) return
  if (from < list.scrollTop) list.scrollTop = from
  else if (from + row > list.scrollTop + list.clientHeight) list.scrollTop = from + row - list.clientHeight
}

function hasFocus(list: HTMLElement | null): boolean {
  return list?.contains(document.activeElement) === true
}

function rowOf(list: HTMLElement | null, conversation: string | undefined): HTMLElement | undefined {
  const rows = [...(list?.querySelectorAll<HTMLElement>('.list-item') ?? [])]
  return rows.find(row => row.dataset.conversation === conversation)
}

function conversationAt({ target }: Event): string | undefined {
  const row = target instanceof Element ? target.closest('.list-row')?.querySelector<HTMLElement>('.list-item') : undefined
  return row?.dataset.conversation
}
