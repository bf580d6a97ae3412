import { expect, test } from 'bun:test'
import { Match } from '../match.ts'
import type { GameMessage } from '../model/index.ts'
import { planReplay } from '../replay.ts'
import { final2022 } from '../timelines/index.ts'
import { applyMessage, hasGap, joinSnapshot, type MatchView, newEvents } from './match-view.ts'

const plan = planReplay(final2022)
const pace = { speed: 60, offsetMs: 0 }

function matchAt(moment: number, loop = 4): Match {
  const match = new Match(plan, pace)
  match.moveTo({ loop, moment })
  return match
}

const viewAt = (moment: number, loop = 4): MatchView => joinSnapshot(undefined, matchAt(moment, loop).snapshot(0))

/** The urgent messages from one moment to another. */
function messages(from: number, to: number, loop = 4): GameMessage[] {
  const match = matchAt(from, loop)
  return Array.from({ length: to - from }, (_, index) => match.take({ kind: 'moment', loop, moment: from + 1 + index }, 0).urgent)
}

test('[W5] a snapshot and the messages after it give what a later snapshot gives', () => {
  const view = messages(5, 20).reduce(applyMessage, viewAt(5))
  expect(view.events).toEqual(viewAt(20).events)
  expect(view.board).toEqual(viewAt(20).board)
})

test('[W5] messages that the snapshot already holds change nothing', () => {
  const view = viewAt(20)
  for (const message of messages(5, 20)) expect(applyMessage(view, message)).toBe(view)
})

test('[W5] a snapshot that is behind the view takes nothing away', () => {
  const ahead = viewAt(20)
  expect(joinSnapshot(ahead, matchAt(12).snapshot(0))).toEqual(ahead)
})

test('[W5] a kick-off of another loop replaces everything, and late messages of the old loop are left out', () => {
  const kickOff = matchAt(-1, 4).take({ kind: 'kickoff', loop: 5, moment: 0 }, 0).urgent
  const view = applyMessage(viewAt(20), kickOff)
  expect(view).toMatchObject({ loop: 5, board: { score: { home: 0, away: 0 } } })
  expect(view.events.map(event => event.kind)).toEqual(['period_start'])
  for (const message of messages(20, 22)) expect(applyMessage(view, message)).toBe(view)
})

test('[W5] only what the page had not seen is new to it, and a new loop is not news', () => {
  const [message] = messages(20, 21)
  if (message?.type !== 'events') throw new Error('a moment is announced by its events')
  const before = viewAt(20)
  expect(newEvents(before, applyMessage(before, message))).toEqual(message.events)
  expect(newEvents(before, viewAt(3, 5))).toEqual([])
})

test('[W5] a message that was skipped leaves a gap that shows, and a snapshot closes it', () => {
  const [, later] = messages(5, 7)
  if (later === undefined) throw new Error('two moments are announced')
  const view = applyMessage(viewAt(5), later)
  expect([hasGap(viewAt(5)), hasGap(view)]).toEqual([false, true])
  expect(hasGap(joinSnapshot(view, matchAt(7).snapshot(0)))).toBe(false)
})
