import { expect, test } from 'bun:test'
import type { MembershipView, MessageView } from '../client/index.ts'
import { blocksOf, type Row, rowsOf, sameRows } from './rows.ts'

const noon = new Date(2026, 10, 24, 12, 0, 0).getTime()
const minute = 60_000

function message(seq: number | undefined, ts: number, author = 'ben', over: Partial<MessageView> = {}): MessageView {
  const place = seq === undefined ? {} : { seq, mid: `m${seq}` }
  return {
    ...{ kind: 'message', key: `k${seq ?? 'waiting'}`, conversation: 'c', author, mine: author === 'ada', state: 'sent', ts, text: 'x' },
    ...{ rev: 0, deleted: false, reactions: [] },
    ...place,
    ...over,
  }
}

const left: MembershipView = {
  kind: 'membership',
  key: 'left',
  conversation: 'c',
  author: 'ben',
  ts: noon + 5000,
  seq: 9,
  change: 'left',
  users: [],
}

const outline = (rows: readonly Row[]) =>
  rows.map(row => (row.kind === 'message' ? `${row.key}${row.first ? ' first' : ''}${row.last ? ' last' : ''}` : row.kind))

test('[M50] messages of one author within a minute are a group; another author, minute, day or line ends it', () => {
  const items = [
    message(1, noon),
    message(2, noon + 59_000),
    message(3, noon + minute),
    message(4, noon + minute + 1, 'ada'),
    { ...left, ts: noon + minute + 2 },
    message(5, noon + minute + 3, 'ada'),
    message(6, noon + 24 * 60 * minute, 'ada'),
  ]
  expect(outline(rowsOf(items))).toEqual([
    'day',
    'k1 first',
    'k2 last',
    'k3 first last',
    'k4 first last',
    'membership',
    'k5 first last',
    'day',
    'k6 first last',
  ])
})

test('[M50] the line above what is new stands before the first message of another that was not read, once', () => {
  const items = [message(1, noon), message(2, noon + 1, 'ada'), message(3, noon + 2, 'ada'), message(4, noon + 3), message(5, noon + 4)]
  expect(outline(rowsOf(items, 1))).toEqual(['day', 'k1 first last', 'k2 first', 'k3 last', 'new', 'k4 first', 'k5 last'])
  expect(outline(rowsOf(items, 5))).not.toContain('new')
  expect(outline(rowsOf(items))).not.toContain('new')
})

test('[M50] a message shows its own state at the end of its group, and where the next one has come less far', () => {
  const items = [
    message(1, noon, 'ada', { state: 'read' }),
    message(2, noon + 1, 'ada', { state: 'read' }),
    message(undefined, noon + 2, 'ada', { state: 'waiting' }),
  ]
  const states = rowsOf(items).flatMap(row => (row.kind === 'message' ? [row.state] : []))
  expect(states).toEqual([false, true, true])
})

test('[M50] the borders of blocks stay where they are when older messages come in front, and what waits is at the end', () => {
  const items = Array.from({ length: 200 }, (_, index) => message(index + 1, noon + index * 1000))
  const waiting = message(undefined, noon + 201_000, 'ada')
  const late = blocksOf(rowsOf([...items.slice(90), waiting]))
  const all = blocksOf(rowsOf([...items, waiting]))
  expect(all.slice(-2).map(({ key }) => key)).toEqual(late.slice(-2).map(({ key }) => key))
  expect(sameRows(all.at(-1)?.rows ?? [], late.at(-1)?.rows ?? [])).toBe(true)
  expect(all.at(-1)?.rows.at(-1)?.key).toBe('kwaiting')
  expect(all.flatMap(({ rows }) => rows)).toEqual(rowsOf([...items, waiting]))
  expect(new Set(all.map(({ key }) => key)).size).toBe(all.length)
})

test('[M50] a block is drawn again when one of its messages changed, and only then', () => {
  const items = [message(1, noon), message(2, noon + 1)]
  const before = rowsOf(items)
  expect(sameRows(before, rowsOf([...items]))).toBe(true)
  expect(sameRows(before, rowsOf([message(1, noon), message(2, noon + 1, 'ben', { text: 'edited' })]))).toBe(false)
  expect(sameRows(before, rowsOf([...items, message(3, noon + 2)]))).toBe(false)
})
