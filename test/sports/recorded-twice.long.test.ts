import { describe, expect, test } from 'bun:test'
import { type Random, seededRandom } from '../../src/kit/index.ts'
import { readBatch, readGame } from '../../src/services/sports/batch.ts'
import type { Recording } from '../../src/services/sports/feeds/recording.ts'
import { Match } from '../../src/services/sports/match.ts'
import { type Board, countingGoals, type FedEvent, isLive, type Side } from '../../src/services/sports/model/index.ts'
import { rounds } from '../kit/rounds.ts'
import { Feed, startBelow, startSports } from './feed.ts'
import { Follower } from './follower.ts'
import { type Case, committed, recorded } from './recordings.ts'
import { type Habits, habitsOf, retold, type Told } from './retold.ts'

const nowUtcMs = 1_700_000_000_000
const seeds = Array.from({ length: rounds(3, 60) }, (_, seed) => seed + 1)
const providers = ['first', 'second'] as const

/** What a match came to, as its own provider's file says it, counted by hand. */
function truthOf({ events }: Recording, score: Board['score']) {
  const cards = (side: Side) => {
    const booked = events.flatMap(event => (event.kind === 'card' && event.team === side ? [event] : []))
    const players = [...Map.groupBy(booked, ({ players }) => players?.[0]?.id ?? players?.[0]?.name).values()]
    return {
      yellow: players.filter(own => own.some(({ data }) => data.card === 'yellow')).length,
      red: players.filter(own => own.some(({ data }) => data.card !== 'yellow') || own.length > 1).length,
    }
  }
  const kicks = (side: Side) => events.flatMap(event => (event.kind === 'kick' && event.team === side ? [event.data.outcome] : []))
  const changes = (side: Side) => events.filter(event => event.kind === 'substitution' && event.team === side).length
  const pair = <T>(of: (side: Side) => T) => ({ home: of('home'), away: of('away') })
  return { score, goals: score.home + score.away, cards: pair(cards), kicks: pair(kicks), changes: pair(changes) }
}

function outcomeOf(match: Match): ReturnType<typeof truthOf> {
  const { score, cards, shootout = { home: [], away: [] } } = match.board
  const changes = (side: Side) => match.events.filter(event => isLive(event) && event.kind === 'substitution' && event.team === side).length
  return {
    score,
    goals: countingGoals(match.events).length,
    cards,
    kicks: shootout,
    changes: { home: changes('home'), away: changes('away') },
  }
}

/** The provider's own word, told as it happened. */
function plainly({ events }: Recording): Told[] {
  return events.map(event => ({ atMs: event.tEvent ?? 0, event }))
}

interface Words {
  readonly source: string
  readonly told: readonly Told[]
}

/** Both providers' words in the order in which they are told, what falls together in one batch. */
function hear(match: Match, words: readonly Words[]): void {
  const all = words.flatMap(({ source, told }) => told.map(one => ({ ...one, source }))).toSorted((a, b) => a.atMs - b.atMs)
  for (const [key, batch] of Map.groupBy(all, ({ source, atMs }) => `${source} ${Math.floor(atMs / 1000)}`)) {
    const source = key.split(' ')[0] ?? ''
    const utcMs = nowUtcMs + Math.floor(batch[0]?.atMs ?? 0)
    const events: FedEvent[] = batch.map(({ event }) => ({ ...event, ...(event.tEvent ? { tEvent: nowUtcMs + event.tEvent } : {}) }))
    for (const other of providers) match.hear(other, utcMs)
    match.applyBatch(readBatch(match.id, { source, events } as never), utcMs)
  }
}

function newMatch({ game: described }: Recording, trusted: readonly string[]): Match {
  const game = readGame('m', { ...described, sources: [...trusted] } as never)
  return new Match({ game, run: 0, version: 0, shown: [], seen: [] }, nowUtcMs)
}

interface Round {
  readonly habits: Habits
  readonly words: readonly Words[]
  readonly trusted: readonly string[]
}

function roundOf({ renamed }: Case, recording: Recording, random: Random): Round {
  const habits = habitsOf(random)
  const other = random.next() < 0.3 ? (renamed?.() ?? recording) : recording
  const words = [
    { source: 'first', told: plainly(recording) },
    { source: 'second', told: retold(other, habits, random) },
  ]
  return { habits, words, trusted: random.next() < 0.5 ? ['first', 'second'] : ['second', 'first'] }
}

describe('recorded matches through two feeds', () => {
  test.each([...recorded, ...committed])(
    '[G80] $name: told by two providers, each in its own way, the goals, cards and kicks are those of the match',
    one => {
      const recording = one.recording()
      const truth = truthOf(recording, one.score())
      for (const seed of seeds) {
        const { habits, words, trusted } = roundOf(one, recording, seededRandom(seed * 1000 + one.name.length))
        const match = newMatch(recording, trusted)
        hear(match, words)
        expect({ seed, habits, trusted, ...outcomeOf(match) }).toEqual({ seed, habits, trusted, ...truth })
      }
    },
  )
})

test.each(committed)('[G80] $name: told by two feeds over HTTP, it is the match also for whoever follows below a relay', async one => {
  await using started = await startSports()
  await using edge = await startBelow(started)
  const recording = one.recording()
  const { words, trusted } = roundOf(one, recording, seededRandom(5))
  const feeds = new Map(words.map(({ source }) => [source, new Feed(started.url, recording.id, source)]))
  await feeds.get('first')?.put({ ...recording.game, sources: trusted })
  using follower = new Follower(edge.url, recording.id)
  follower.connect()
  await follower.connected()
  let version = 0
  const all = words.flatMap(({ source, told }) => told.map(one => ({ ...one, source }))).toSorted((a, b) => a.atMs - b.atMs)
  for (const { source, event } of all) version = (await feeds.get(source)?.post(event))?.board.version ?? version
  await follower.reaches(version)
  expect(follower.faults).toEqual([])
  const { score, cards, kicks } = truthOf(recording, one.score())
  const { board } = follower.view ?? {}
  expect([board?.score, board?.cards, board?.shootout ?? { home: [], away: [] }]).toEqual([score, cards, kicks])
})
