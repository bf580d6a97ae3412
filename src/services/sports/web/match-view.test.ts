import { expect, test } from 'bun:test'
import { eventSchema, type GameMessage, gameOf, type MatchEvent, reduceBoard, reduceStats, type Snapshot } from '../model/index.ts'
import { applyMessage, hasGapBefore, joinSnapshot, lineupOf, type MatchView, newEvents } from './match-view.ts'

const team = { lineup: [], bench: [] }
const game = gameOf('m', {
  league: 'l',
  competition: '',
  round: '',
  date: '',
  venue: '',
  rate: 1,
  sources: [],
  providers: {},
  home: { name: 'Reds', ...team },
  away: { name: 'Blues', ...team },
})

/** A match of twenty goals, one a minute; the board after so many of them. */
const goals: MatchEvent[] = Array.from({ length: 20 }, (_, min) =>
  eventSchema.parse({ id: `g${min}`, seq: min + 1, kind: 'goal', period: 'first_half', clock: { min }, team: 'home', tEvent: min }),
)
const boardAt = (version: number) => reduceBoard(goals.slice(0, version), { version })

function snapshotAt(version: number, run = 4): Snapshot {
  const events = goals.slice(0, version)
  return { game, run, board: boardAt(version), events, stats: reduceStats(events), text: [], serverUtcMs: 0 }
}

const viewAt = (version: number, run = 4): MatchView => joinSnapshot(undefined, snapshotAt(version, run))

function message(version: number, run = 4): GameMessage {
  return {
    type: 'events',
    game: 'm',
    run,
    since: version - 1,
    events: goals.slice(version - 1, version),
    board: boardAt(version),
    serverUtcMs: 0,
  }
}

/** The urgent messages from one version to another. */
const messages = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => message(from + index + 1))

test('[W5] a snapshot and the messages after it give what a later snapshot gives', () => {
  const view = messages(5, 20).reduce(applyMessage, viewAt(5))
  expect(view.events).toEqual(viewAt(20).events)
  expect(view.board).toEqual(viewAt(20).board)
})

test('[W5] messages that the snapshot already holds change nothing', () => {
  const view = viewAt(20)
  for (const message of messages(5, 20)) expect(applyMessage(view, message)).toBe(view)
})

test('[W5, S3] old news does not bring back for a moment what the snapshot no longer knows', () => {
  const view = joinSnapshot(undefined, { ...snapshotAt(20), events: goals.slice(0, 20).filter(({ id }) => id !== 'g7') })
  for (const message of messages(5, 19)) expect(applyMessage(view, message)).toBe(view)
})

test('[W5] a snapshot that is behind the view takes nothing away', () => {
  const ahead = viewAt(20)
  expect(joinSnapshot(ahead, snapshotAt(12))).toEqual(ahead)
})

test('[W5] a snapshot of another run replaces everything, and late messages of the old run are left out', () => {
  const view = applyMessage(viewAt(20), { type: 'snapshot', snapshot: snapshotAt(1, 5) })
  expect(view).toMatchObject({ run: 5, board: { score: { home: 1, away: 0 } } })
  expect(view.events).toHaveLength(1)
  for (const message of messages(18, 20)) expect(applyMessage(view, message)).toBe(view)
  expect(applyMessage(view, { type: 'snapshot', snapshot: snapshotAt(20, 4) })).toBe(view)
})

test('[W5] only what the page had not seen is new to it, and a new run is not news', () => {
  const before = viewAt(19)
  expect(newEvents(before, applyMessage(before, message(20)))).toEqual(goals.slice(19))
  expect(newEvents(before, viewAt(3, 5))).toEqual([])
})

test('[W5] an update that was skipped shows, also where nothing but the pulse comes after it', () => {
  const view = viewAt(5)
  expect(hasGapBefore(view, message(6))).toBe(false)
  expect(hasGapBefore(view, message(3))).toBe(false)
  expect(hasGapBefore(view, message(7))).toBe(true)
  const heartbeat = (version: number, run = 4): GameMessage => ({ type: 'clock', game: 'm', run, version, serverUtcMs: 0 })
  expect([heartbeat(5), heartbeat(4), heartbeat(6), heartbeat(1, 5)].map(message => hasGapBefore(view, message))).toEqual([
    false,
    false,
    true,
    true,
  ])
})

test('[W17] a goal that was deleted stays away, whichever of its revisions comes later', () => {
  const [given] = goals
  if (given === undefined) throw new Error('there is a first goal')
  const deleted: MatchEvent = { ...given, rev: 2, state: 'deleted' }
  const update = (events: MatchEvent[], version: number): GameMessage => ({
    type: 'events',
    game: 'm',
    run: 4,
    since: version - 1,
    events,
    board: { ...boardAt(1), version, score: { home: 0, away: 0 } },
    serverUtcMs: 0,
  })
  const view = [update([deleted], 2), update([given], 3)].reduce(applyMessage, viewAt(1))
  expect(view.events).toEqual([deleted])
})

test('[W18] line-ups are those told during the match, or else those known before', () => {
  const told = eventSchema.parse({
    id: 'x',
    kind: 'lineup',
    team: 'home',
    players: [{ name: 'One', number: 1 }],
    data: { formation: '4-3-3' },
  })
  expect(lineupOf(viewAt(1), 'home')).toEqual({ lineup: [], bench: [] })
  expect(lineupOf({ ...viewAt(1), events: [told] }, 'home')).toEqual({ lineup: told.players, bench: [], formation: '4-3-3' })
})
