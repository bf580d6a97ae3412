import { type ReadonlySignal, type Signal, useSignal, useSignalEffect } from '@preact/signals'
import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import type { ConversationView, ItemView } from '../client/index.ts'
import type { Desk } from './desk.ts'
import { followGestures } from './message-gestures.ts'
import { NearBlocks } from './near-blocks.ts'
import { blocksOf, isNews, rowsOf } from './rows.ts'
import { ScrollAnchor, type Sight } from './scroll-anchor.ts'

const flashMs = 1_600
/** With more that is unread than this one begins at the end: nobody reads it all. */
const unreadMax = 400
/** How long to wait for what is new; without a connection it does not come. */
const placingMs = 2_000

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
  const anchor = useRef<ScrollAnchor | undefined>(undefined)
  const placed = useRef(false)
  const near = useSignal<NearBlocks | undefined>(undefined)
  const forced = useSignal<string | undefined>(undefined)
  const jumped = useRef(false)
  const atEnd = useSignal(true)
  const readBefore = useMemo(() => (unread > 0 && unread <= unreadMax ? read : undefined), [])

  useLayoutEffect(() => {
    if (scroller.current === null || content.current === null) return
    const isNewest = () => !chat.pages.hasAfter(id)
    const kept = new ScrollAnchor(scroller.current, content.current, isNewest, sight => {
      atEnd.value = sight.atEnd && !chat.pages.hasAfter(id)
      if (!placed.current) return
      if (sight.nearStart && chat.hasBefore(id)) void chat.loadBefore(id).catch(() => false)
      if (sight.nearEnd && chat.pages.hasAfter(id)) void chat.pages.after(id).catch(() => false)
      if (document.visibilityState === 'visible') markRead(desk, id, sight)
    })
    const blocks = new NearBlocks(scroller.current)
    const endGestures = followGestures(scroller.current, desk, id)
    const look = () => kept.restore()
    document.addEventListener('visibilitychange', look)
    anchor.current = kept
    near.value = blocks
    return () => {
      kept.close()
      blocks.close()
      endGestures()
      document.removeEventListener('visibilitychange', look)
    }
  }, [id])

  const isPlaced = usePlacing(desk, conversation, items, readBefore, () => {
    forced.value = readBefore === undefined ? undefined : blockWith('new', chat.messages(id), readBefore)
    requestAnimationFrame(() => {
      placed.current = true
      if (jumped.current || isAwaited(desk, id)) return
      if (readBefore === undefined || anchor.current?.toRow('new', 0.2) !== true) anchor.current?.toEnd()
    })
  })
  useLayoutEffect(() => {
    if (isPlaced) anchor.current?.restore()
  }, [items])

  const newest = newestOwn(items)
  useLayoutEffect(() => {
    if (newest !== undefined && anchor.current !== undefined) toEnd()
  }, [newest])

  function toEnd(): void {
    anchor.current?.toEnd()
    if (chat.pages.hasAfter(id)) void desk.store.attempt(() => chat.pages.newest(id)).then(() => anchor.current?.toEnd())
  }

  useSignalEffect(() => {
    const { value: jump } = desk.jump
    const isHere = jump?.conversation === id && jump.kind === 'loaded'
    const key = isHere ? chat.messages(id).find(({ seq }) => seq === jump.seq)?.key : undefined
    if (key === undefined) return
    jumped.current = true
    show(desk, { key, forced, readBefore, anchor, content }, id)
  })

  return { scroller, content, near, forced, atEnd, readBefore, isPlaced, toEnd }
}

/** Decides, once, where one begins: at the first message that was not read, which may have to be loaded, else at the end. @returns whether it is decided */
function usePlacing(
  desk: Desk,
  { id }: ConversationView,
  items: readonly ItemView[],
  readBefore: number | undefined,
  place: () => void,
): boolean {
  const { store } = desk
  const state = useRef<'waiting' | 'loading' | 'placed'>('waiting')
  const settle = () => {
    if (state.current === 'placed') return
    state.current = 'placed'
    place()
  }
  useEffect(() => {
    const timer = store.clock.after(placingMs, settle)
    return () => timer.cancel()
  }, [id])
  useLayoutEffect(() => {
    if (items.length === 0 || state.current !== 'waiting') return
    if (readBefore === undefined || isAwaited(desk, id)) settle()
    else if (items.some(item => isNews(item, readBefore))) {
      state.current = 'loading'
      const placing = store.chat.pages.place(id, Math.max(1, readBefore)).catch(() => undefined)
      void placing.finally(() => requestAnimationFrame(settle))
    }
  }, [items])
  return state.current === 'placed'
}

/** Whether a message of the conversation is on its way to be shown: then that is where one begins. */
function isAwaited({ jump }: Desk, id: string): boolean {
  return jump.peek()?.conversation === id
}

interface Target {
  readonly key: string
  readonly forced: Signal<string | undefined>
  readonly readBefore: number | undefined
  readonly anchor: RefObject<ScrollAnchor | undefined>
  readonly content: RefObject<HTMLDivElement | null>
}

/** Draws the block of a row, brings the row into view, and lets it light up. */
function show({ store, jump }: Desk, { key, forced, readBefore, anchor, content }: Target, conversation: string): void {
  forced.value = blockWith(key, store.chat.messages(conversation), readBefore)
  requestAnimationFrame(() => {
    anchor.current?.toRow(key, 0.4)
    const row = content.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)
    row?.setAttribute('data-flash', 'true')
    row?.focus({ preventScroll: true })
    store.clock.after(flashMs, () => row?.removeAttribute('data-flash'))
    jump.value = undefined
  })
}

/** The block in which a row is drawn. */
function blockWith(key: string, items: readonly ItemView[], readBefore: number | undefined): string | undefined {
  return blocksOf(rowsOf(items, readBefore)).find(({ rows }) => rows.some(row => row.key === key))?.key
}

/** What one has just written here. */
function newestOwn(items: readonly ItemView[]): string | undefined {
  const last = items.at(-1)
  return last?.kind === 'message' && last.mine && last.seq === undefined ? last.key : undefined
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
