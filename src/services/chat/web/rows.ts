import type { ItemView, MembershipView, MessageView } from '../client/index.ts'
import { dayOf } from './time-labels.ts'

const minuteMs = 60_000

/** A line of a conversation as it is shown. */
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly ts: number }
  | { readonly kind: 'new'; readonly key: string }
  | { readonly kind: 'membership'; readonly key: string; readonly item: MembershipView }
  | MessageRow

/** A message in its group: who wrote it stands over the first one, when over the last. */
export interface MessageRow {
  readonly kind: 'message'
  readonly key: string
  readonly item: MessageView
  readonly first: boolean
  readonly last: boolean
  /** Whether its own state is shown: at the end of a group, and where it differs from what follows. */
  readonly state: boolean
}

/** Lines that are shown, compared, and forgotten together. */
export interface Block {
  readonly key: string
  readonly rows: readonly Row[]
}

/** `seq` that share a block. Enough that there are few blocks, few enough that one is quickly drawn. */
const blockSpan = 40

/**
 * Puts days, groups, and the line above what is new between the items. A group is what one author wrote within a minute.
 * @param readBefore what was read when the conversation was opened; absent where nothing is to be marked as new
 */
export function rowsOf(items: readonly ItemView[], readBefore?: number): Row[] {
  const rows: Row[] = []
  let dayEnd = Number.NEGATIVE_INFINITY
  let marked = readBefore === undefined
  for (const [index, item] of items.entries()) {
    const before = items[index - 1]
    const after = items[index + 1]
    const newDay = item.ts >= dayEnd
    if (newDay) {
      const day = dayOf(item.ts)
      dayEnd = day.to
      rows.push({ kind: 'day', key: `day ${day.from} ${item.key}`, ts: item.ts })
    }
    const marks = !marked && readBefore !== undefined && isNews(item, readBefore)
    if (marks) {
      marked = true
      rows.push({ kind: 'new', key: 'new' })
    }
    if (item.kind === 'membership') rows.push({ kind: 'membership', key: item.key, item })
    else rows.push(messageRow(item, newDay || marks ? undefined : before, after))
  }
  return rows
}

function messageRow(item: MessageView, before: ItemView | undefined, after: ItemView | undefined): MessageRow {
  const next = together(item, after) ? after : undefined
  return {
    kind: 'message',
    key: item.key,
    item,
    first: !together(item, before),
    last: next === undefined,
    state: next === undefined || next.state !== item.state,
  }
}

/** Whether it is a message of another that was not read. */
export function isNews(item: ItemView, readBefore: number): boolean {
  return item.kind === 'message' && !item.mine && item.seq !== undefined && item.seq > readBefore
}

function together(item: MessageView, other: ItemView | undefined): other is MessageView {
  return other?.kind === 'message' && other.author === item.author && Math.floor(other.ts / minuteMs) === Math.floor(item.ts / minuteMs)
}

/** Cuts rows into blocks whose borders stay where they are when older rows come in front and newer ones at the end. */
export function blocksOf(rows: readonly Row[]): Block[] {
  const blocks: { readonly key: string; readonly rows: Row[] }[] = []
  let waiting: Row[] = []
  let bucket = 0
  for (const row of rows) {
    waiting.push(row)
    if (row.kind === 'day' || row.kind === 'new') continue
    bucket = row.item.seq === undefined ? bucket : Math.floor(row.item.seq / blockSpan)
    const key = `block ${bucket}`
    const last = blocks.at(-1)
    if (last?.key === key) last.rows.push(...waiting)
    else blocks.push({ key, rows: waiting })
    waiting = []
  }
  return blocks
}

/** Whether drawing both gives the same. Items are new objects when they changed. */
export function sameRows(one: readonly Row[], other: readonly Row[]): boolean {
  return one.length === other.length && one.every((row, index) => sameRow(row, other[index]))
}

function sameRow(one: Row, other: Row | undefined): boolean {
  if (other === undefined || one.kind !== other.kind || one.key !== other.key) return false
  if (one.kind === 'membership') return other.kind === 'membership' && one.item === other.item
  if (one.kind !== 'message') return true
  return (
    other.kind === 'message' && one.item === other.item && one.first === other.first && one.last === other.last && one.state === other.state
  )
}
