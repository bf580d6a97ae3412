import { expect, test } from 'bun:test'
import type { MembershipView, MessageView } from '../client/index.ts'
import { hueOf, initialsOf, People } from './people.ts'
import { membershipText, previewOf } from './preview.ts'
import { TimeLabels } from './time-labels.ts'

const labels = new TimeLabels('en-GB')
const people = new People('ada-k3fx', true)
const now = new Date(2026, 10, 24, 9, 30).getTime()
const at = (day: number, hour: number, minute = 0) => new Date(2026, 10, day, hour, minute).getTime()

const item: MessageView = {
  ...{ kind: 'message', key: 'k', conversation: 'c', author: 'ben-ac42', mine: false, state: 'sent', ts: now, seq: 2 },
  ...{ text: 'one\n  two', rev: 0, deleted: false, reactions: [] },
}
const change = { kind: 'membership', key: 'm', conversation: 'c', author: 'ben-ac42', ts: now, seq: 1 } as const

test.each([
  [at(24, 8, 5), '08:05', 'Today'],
  [at(25, 0, 5), '00:05', 'Today'],
  [at(23, 23, 59), 'Yesterday', 'Yesterday'],
  [at(20, 12), 'Friday', 'Friday'],
  [at(17, 12), '17 Nov', 'Tuesday 17 November'],
  [new Date(2025, 0, 3, 12).getTime(), '3 January 2025', '3 January 2025'],
])('[M51] a time is told as short as it can be: %d is %s in the list and %s between messages', (ts, list, day) => {
  expect(labels.list(ts, now)).toBe(list)
  expect(labels.day(ts, now)).toBe(day)
})

test.each([
  [now - 20_000, 'last seen just now'],
  [now - 25 * 60_000, 'last seen 25 min ago'],
  [at(24, 7), 'last seen today at 07:00'],
  [at(23, 22), 'last seen yesterday at 22:00'],
  [at(10, 22), 'last seen 10 Nov'],
])('[M51] when somebody was last seen is told in words', (ts, words) => {
  expect(labels.lastSeen(ts, now)).toBe(words)
})

test('[M51] a preview is one line, says who wrote it in a group, and says what a message that is gone was', () => {
  expect(previewOf(item, people, true)).toEqual({ who: 'Ben', text: 'one two', aside: false })
  expect(previewOf(item, people, false)).toEqual({ text: 'one two', aside: false })
  expect(previewOf({ ...item, deleted: true }, people, true)).toEqual({ text: 'This message was deleted', aside: true })
  expect(previewOf({ ...item, deleted: true, mine: true }, people, true).text).toBe('You deleted this message')
  const { text: _, ...wordless } = item
  expect(previewOf({ ...wordless, enc: { scheme: 'mls', bytes: 'x' } }, people, false)).toEqual({ text: 'Encrypted message', aside: true })
  expect(previewOf({ ...item, text: 'x'.repeat(16_000) }, people, false).text.length).toBeLessThanOrEqual(200)
})

test.each<[MembershipView, string]>([
  [{ ...change, change: 'created', title: 'Hike', users: [] }, 'Ben created the group “Hike”'],
  [{ ...change, change: 'added', users: ['ada-k3fx', 'cleo-99xa', 'dan-11aa'] }, 'Ben added Cleo, Dan and you'],
  [{ ...change, author: 'ada-k3fx', change: 'removed', users: ['cleo-99xa'] }, 'You removed Cleo'],
  [{ ...change, change: 'left', users: ['ben-ac42'] }, 'Ben left'],
  [{ ...change, change: 'joined', users: ['ben-ac42'] }, 'Ben joined by the invite link'],
  [{ ...change, change: 'role', role: 'admin', users: ['ada-k3fx'] }, 'Ben made you an admin'],
  [{ ...change, change: 'role', role: 'member', users: ['cleo-99xa'] }, 'Ben made Cleo a member again'],
  [
    { ...change, change: 'modes', send: 'admins', edit: 'all', users: [] },
    'Ben changed the rules. Only admins write here now; everyone may name the group',
  ],
  [{ ...change, change: 'renamed', title: 'Walk', users: [] }, 'Ben named the group “Walk”'],
])('[M51] what happened to a group is said in a sentence', (entry, words) => {
  expect(membershipText(entry, people)).toBe(words)
})

test('[M51] guests are called by their names, others by what they are known as', () => {
  expect(people.name('mary-jane-k3fx')).toBe('Mary Jane')
  expect(new People('ada', false).name('mary-jane-k3fx')).toBe('mary-jane-k3fx')
  expect([initialsOf('Weekend hike'), initialsOf('ada'), initialsOf('émile zola'), initialsOf('👋'), initialsOf('')]).toEqual([
    ...['WH', 'A', 'ÉZ', '?', '?'],
  ])
  expect(hueOf('ben')).toBe(hueOf('ben'))
  expect(new Set(Array.from({ length: 100 }, (_, index) => hueOf(`user ${index}`))).size).toBeGreaterThan(8)
})
