import { type ReadonlySignal, type Signal, useSignal, useSignalEffect } from '@preact/signals'
import type { RefObject } from 'preact'
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { ConversationView, ItemView } from '../client/index.ts'
import type { Desk } from './desk.ts'
import { followGestures } from './message-gestures.ts'
import { NearBlocks } from './near-blocks.ts'
import { blocksOf, rowsOf } from './rows.ts'
import { ScrollKeeper, type Sight } from './scroll-keeper.ts'

const flashMs = 1_600

/** Where one is in the messages of a conversation, and what follows from that: history is loaded, what is seen is read, jumps arrive. */
export interface MessageScroll {
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly content: RefObject<HTMLDivElement | null>
  readonly near: ReadonlySignal<NearBlocks | undefined>
  /** The block that is drawn wherever it lies. */
  readonly forced: ReadonlySignal<string | undefined>
  readonly atEnd: ReadonlySignal<boolean>
  /** What had been read on entering; what is newer stands below a line until one leaves. */
  readonly readBefore: number | undefined
  /** Whether what lies where has been seen, so that what comes is drawn at once. */
  readonly isPlaced: boolean
  readonly toEnd: () => void
}

export function useMessageScroll(desk: Desk, conversation: ConversationView, items: readonly ItemView[]): MessageScroll {
  const { id, unread, read } = conversation
  const { chat } = desk.store
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const keeper = useRef<ScrollKeeper | undefined>(undefined)
  const placed = useRef(false)
  const near = useSignal<NearBlocks | undefined>(undefined)
  const forced = useSignal<string | undefined>(undefined)
  const atEnd = useSignal(true)
  const readBefore = useMemo(() => (unread > 0 ? read : undefined), [])

  useLayoutEffect(() => {
    if (scroller.current === null || content.current === null) return
    const kept = new ScrollKeeper(scroller.current, content.current, sight => {
      atEnd.value = sight.atEnd
      if (!placed.current) return
      if (sight.nearStart && chat.hasBefore(id)) void chat.loadBefore(id).catch(() => false)
      if (document.visibilityState === 'visible') markRead(desk, id, sight)
    })
    const blocks = new NearBlocks(scroller.current)
    const endGestures = followGestures(scroller.current, desk, id)
    const look = () => kept.restore()
    document.addEventListener('visibilitychange', look)
    keeper.current = kept
    near.value = blocks
    return () => {
      kept.close()
      blocks.close()
      endGestures()
      document.removeEventListener('visibilitychange', look)
    }
  }, [id])

  useLayoutEffect(() => {
    if (placed.current || items.length === 0) {
      keeper.current?.restore()
      return
    }
    placed.current = true
    if (readBefore === undefined || keeper.current?.toRow('new', 0.2) !== true) keeper.current?.toEnd()
  }, [items])

  const newest = newestOwn(items)
  useLayoutEffect(() => {
    if (newest !== undefined && keeper.current !== undefined) keeper.current.toEnd()
  }, [newest])

  useSignalEffect(() => {
    const { value: jump } = desk.jump
    const key = jump?.conversation === id ? chat.messages(id).find(({ seq }) => seq === jump.seq)?.key : undefined
    if (key !== undefined) show(desk, { key, forced, readBefore, keeper, content }, id)
  })

  return { scroller, content, near, forced, atEnd, readBefore, isPlaced: placed.current, toEnd: () => keeper.current?.toEnd() }
}

interface Target {
  readonly key: string
  readonly forced: Signal<string | undefined>
  readonly readBefore: number | undefined
  readonly keeper: RefObject<ScrollKeeper | undefined>
  readonly content: RefObject<HTMLDivElement | null>
}

/** Draws the block of a row, brings the row into view, and lets it light up. */
function show({ store, jump }: Desk, { key, forced, readBefore, keeper, content }: Target, conversation: string): void {
  const blocks = blocksOf(rowsOf(store.chat.messages(conversation), readBefore))
  forced.value = blocks.find(({ rows }) => rows.some(row => row.key === key))?.key
  requestAnimationFrame(() => {
    keeper.current?.toRow(key, 0.4)
    const row = content.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)
    row?.setAttribute('data-flash', 'true')
    row?.focus({ preventScroll: true })
    store.clock.after(flashMs, () => row?.removeAttribute('data-flash'))
    jump.value = undefined
  })
}

function newestOwn(items: readonly ItemView[]): string | undefined {
  const last = items.at(-1)
  return last?.kind === 'message' && last.mine ? last.key : undefined
}

/** What has been on the screen is read. */
function markRead({ store: { chat } }: Desk, conversation: string, sight: Sight): void {
  const items = chat.messages(conversation)
  const known = chat.conversation(conversation)
  if (known === undefined || known.read >= known.seq) return
  const end = sight.atEnd ? items.length : items.findLastIndex(({ key }) => key === sight.lastKey) + 1
  const index = items.findLastIndex((item, at) => at < end && item.seq !== undefined)
  const seq = items[index]?.seq
  if (seq !== undefined && seq > known.read) chat.read(conversation, seq)
}
