import { between, type Random } from '../../src/kit/index.ts'
import type { Recording } from '../../src/services/sports/feeds/recording.ts'
import { type FedEvent, otherSide, type Side } from '../../src/services/sports/model/index.ts'
import { type Spelling, spelled } from './spellings.ts'

/** How a provider tells of a match. */
export interface Habits {
  readonly spelling: Spelling
  readonly clocks: 'exact' | 'minutes' | 'none'
  /** How far its clock is from the other's, in seconds. */
  readonly shiftSec: number
  readonly jitterSec: number
  /** Up to how much later than it happened something is told, in seconds. */
  readonly lateSec: number
  /** Until when it says nothing at all, in seconds: then all of it comes at once. */
  readonly silentUntilSec: number
  readonly kicksAsGoals: boolean
  readonly ownGoalsAsGoals: boolean
  readonly secondYellows: 'second_yellow' | 'yellow' | 'both'
  /** The share of goals and cards that it takes back and tells anew under another id. */
  readonly again: number
  /** It numbers its events; where it does not, it tells of kicks in their order. */
  readonly numbers: boolean
  /** It tells of the whistles and of the end. */
  readonly whistles: boolean
  /** It tells who begins, and by which numbers. */
  readonly lineups: boolean
  /** Its ids are those of the other provider, for other things. */
  readonly sharesIds: boolean
}

/** A revision, and when it is told: milliseconds since the recording began. */
export interface Told {
  readonly atMs: number
  readonly event: FedEvent
}

export function habitsOf(random: Random): Habits {
  const pick = <T>(...of: readonly [T, ...T[]]): T => of[between(random, 0, of.length - 1)] ?? of[0]
  return {
    spelling: pick<Spelling>('same', 'plain', 'initial', 'family', 'upper', 'written-out'),
    clocks: pick('exact', 'minutes', 'none'),
    shiftSec: between(random, -30, 30),
    jitterSec: between(random, 0, 20),
    lateSec: pick(5, 60, 400),
    silentUntilSec: pick(0, 0, 3600),
    kicksAsGoals: random.next() < 0.5,
    ownGoalsAsGoals: random.next() < 0.5,
    secondYellows: pick('second_yellow', 'yellow', 'both'),
    again: pick(0, 0.3, 1),
    numbers: random.next() < 0.5,
    whistles: random.next() < 0.7,
    lineups: random.next() < 0.5,
    sharesIds: random.next() < 0.5,
  }
}

/** Kinds that the other provider tells as well. Sentences are its own, and figures it does not count. */
const told: ReadonlySet<string> = new Set([
  'goal',
  'card',
  'substitution',
  'kick',
  'penalty',
  'penalty_missed',
  'shot',
  'save',
  'corner',
  'foul',
  'offside',
])
const whistles: ReadonlySet<string> = new Set(['period_start', 'period_end', 'status'])

/** The match as a second provider tells it: in its own words, ids and order, some of it wrong first. */
export function retold({ events }: Recording, habits: Habits, random: Random): Told[] {
  const chance = (share: number) => random.next() < share
  const heard = events.filter(
    ({ kind }) => told.has(kind) || (habits.whistles && whistles.has(kind)) || (habits.lineups && kind === 'lineup'),
  )
  const borrowed = heard.map(({ id }) => id).toSorted(() => random.next() - 0.5)
  const names = new Set(events.flatMap(({ players = [] }) => players.map(({ name }) => name ?? '')))
  let count = 0
  const newId = () => (habits.sharesIds ? borrowed[count++] : undefined) ?? `${++count}`
  const said: Told[] = []
  for (const [index, event] of heard.entries()) {
    const lateSec = event.kind === 'kick' && !habits.numbers ? 5 : habits.lateSec
    const atMs = Math.max(habits.silentUntilSec * 1000, (event.tEvent ?? 0) + random.next() * lateSec * 1000)
    const seq = habits.numbers ? { seq: index + 1 } : {}
    const say = (afterSec: number, id: string, rev: number, more: object = {}, word = wordFor(event, habits, random, names)) =>
      said.push({ atMs: atMs + afterSec * 1000, event: { ...word, ...seq, ...more, id, rev } as FedEvent })
    const id = newId()
    const isMuch = event.kind === 'goal' || event.kind === 'card'
    if (isMuch && chance(habits.again)) {
      const afterSec = random.next() * 300
      say(0, id, 1)
      say(afterSec, id, 2, { state: 'deleted' })
      say(afterSec + random.next() * 30, newId(), 1)
    } else if (isMuch && chance(0.2)) {
      say(0, id, 1, { state: 'provisional' })
      say(random.next() * 120, id, 2)
    } else say(0, id, 1)
    if (event.kind === 'card' && event.data.card === 'second_yellow' && habits.secondYellows === 'both')
      say(1, newId(), 1, { data: { card: 'red' } })
  }
  return [...said, ...ghosts(habits, random, newId)].toSorted((a, b) => a.atMs - b.atMs)
}

/** Goals that never were, and are taken back. */
function ghosts(habits: Habits, random: Random, newId: () => string): Told[] {
  return Array.from({ length: between(random, 0, 2) }, (_, index) => {
    const min = 3 + 20 * index + between(random, 0, 15)
    const id = newId()
    const goal = (rev: number, state: 'provisional' | 'deleted' | 'overturned'): FedEvent => ({
      id,
      rev,
      state,
      kind: 'goal',
      period: 'first_half',
      team: random.next() < 0.5 ? 'home' : 'away',
      ...(habits.clocks === 'none' ? {} : { clock: { min } }),
      players: [{ name: 'Nobody Known' }],
    })
    const atMs = (300 + min * 60) * 1000
    return [
      { atMs, event: goal(1, 'provisional') },
      { atMs: atMs + 90_000, event: goal(2, random.next() < 0.5 ? 'deleted' : 'overturned') },
    ]
  }).flat()
}

/** One event in the provider's own words. When it happened it does not say. */
function wordFor(event: FedEvent, habits: Habits, random: Random, names: ReadonlySet<string>): FedEvent {
  const { id: _, rev: __, seq: ___, tEvent: ____, ref: _____, xy: ______, ...rest } = event
  const named = (list: FedEvent['players'] = []) =>
    list.map(({ name, number }) => ({
      name: spelled(name ?? '', habits.spelling, names),
      ...(number === undefined ? {} : { number }),
    }))
  const players = named(event.players)
  const word = { ...rest, ...placed(event, habits, random), players } as FedEvent
  if (word.kind === 'lineup') return { ...word, data: { ...word.data, bench: named(word.data?.bench) } }
  if (word.kind === 'kick' && habits.kicksAsGoals) {
    const { outcome } = word.data
    const kick = { id: '', period: 'shootout', team: word.team, players } as const
    if (outcome === 'scored') return { ...kick, kind: 'goal', data: { how: 'penalty' } }
    return { ...kick, kind: 'penalty_missed', data: { outcome } }
  }
  if (word.kind === 'goal' && word.data?.how === 'own' && habits.ownGoalsAsGoals)
    return { ...word, team: otherSide(word.team satisfies Side), players: [], data: { how: 'play' } }
  if (word.kind === 'card' && word.data.card === 'second_yellow' && habits.secondYellows !== 'second_yellow')
    return { ...word, data: { card: 'yellow' } }
  return word
}

function placed(event: FedEvent, { clocks, shiftSec, jitterSec }: Habits, random: Random): object {
  if (!('clock' in event) || event.clock === undefined) return {}
  if (clocks === 'none') return { clock: undefined }
  const { min, sec = 0, added = 0 } = event.clock
  const at = Math.max(0, (min + added) * 60 + sec + shiftSec + between(random, -jitterSec, jitterSec))
  return { clock: { min: Math.floor(at / 60), sec: clocks === 'minutes' ? 0 : at % 60 } }
}
