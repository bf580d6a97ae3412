import type { Seen } from './match.ts'
import { creditedTo, type Likeness, likenessOf, type MatchEvent, ordered, type Side } from './model/index.ts'
import { type Edge, pairUp } from './pairing.ts'

/** How far apart two feeds may put one event on the match clock: minutes are rounded, and corrected later. */
const apartSecMax = 120
/** Two goals of one side take at least a restart; within this time another scorer is a correction, beyond it another goal. */
const otherScorerSecMax = 45
/** What a pair costs whose times cannot be compared: more than any that can, so that it is made only where nothing better is there. */
const unknownTimeCost = 121
/** What a pair costs beside its seconds, by what the names say. */
const nameCost: Readonly<Record<Likeness, number>> = { same: 0, alike: 5, unknown: 20, other: 60 }
/** What a pair costs that differs in what became of the ball: more than any that agrees. */
const otherWordCost = 200
/** What it costs to leave two events apart: any pair that is possible is better. */
const apartCost = 400
/** What a pair of kicks gains by its kicker, more than their places in the shoot-out can take away: the longest had 56 kicks. */
const sameKickerGain = 2000
const likeKickerGain = 1500

/**
 * The events that can be the same as each other: kinds, but for kicks of a shoot-out, which some feeds tell as goals and missed penalties, and for
 * a ball that was in the net or near it, which one feed may count and another not.
 */
export function groupOf(event: MatchEvent): string {
  if (isKick(event)) return 'kick'
  return event.kind === 'goal_disallowed' || event.kind === 'penalty_missed' ? 'goal' : event.kind
}

/** Kinds that are never matched: each feed's own stand for themselves. */
export function isMatchable(group: string): boolean {
  return group !== 'unknown'
}

/** What two providers' words say of the players that they name at one place: the first, unless another is asked for. */
export type Compare = (a: Seen, b: Seen, place?: number) => Likeness

/**
 * Finds which events of two feeds tell of the same thing. Feeds number and spell as they like, so the credited side, the period, the clock,
 * the shirt number and the folded name decide. All events of a group are looked at together: one that is told late, again or corrected
 * changes the pairs that its neighbours are in.
 * @param left events of one group as one or several feeds tell them @param right events of the same group of another feed
 * @returns pairs of indices, each index at most once
 */
export function matchEvents(
  group: string,
  left: readonly Seen[],
  right: readonly Seen[],
  compare: Compare,
): readonly (readonly [number, number])[] {
  if (left.length === 0 || right.length === 0) return []
  if (group === 'kick') return matchKicks(left, right, compare)
  const placeOf = group === 'goal' ? periodOf : teamAndPeriodOf
  const rights = byPlace(right, placeOf)
  const edges: { left: number; right: number; gain: number }[] = []
  for (const [a, word] of left.entries()) {
    for (const b of rights.get(placeOf(word.event)) ?? []) {
      const other = right[b]
      const cost = other === undefined ? undefined : costOf(word, other, compare)
      if (cost !== undefined) edges.push({ left: a, right: b, gain: apartCost - cost })
    }
  }
  return pairUp(edges)
}

/** Kicks have no clock: who took them decides, told in whatever order; then the best way to lay what is left side by side, each side's apart. */
function matchKicks(left: readonly Seen[], right: readonly Seen[], compare: Compare): (readonly [number, number])[] {
  const places = new Map([...left.entries(), ...right.entries()].map(([index, word]) => [word, index]))
  return (['home', 'away'] as const).flatMap(side => {
    const [a, b] = [kicksOf(left, side), kicksOf(right, side)]
    const named = pairUp(kickEdges(a, b, compare)).flatMap(([i, j]) => pairOf(a[i], b[j]))
    const paired = new Set(named.flat())
    const isOpen = (word: Seen) => !paired.has(word)
    return [...named, ...align(a.filter(isOpen), b.filter(isOpen), compare)].map(
      ([one, other]) => [places.get(one) ?? -1, places.get(other) ?? -1] as const,
    )
  })
}

/** The kicks of a side in the order in which they are told to have been taken. */
function kicksOf(words: readonly Seen[], side: Side): readonly Seen[] {
  const own = new Map(words.filter(({ event }) => 'team' in event && event.team === side).map(word => [word.event, word]))
  return ordered([...own.keys()]).flatMap(event => own.get(event) ?? [])
}

/** Kicks of one kicker. Who kicks twice does so after everybody else has, so that the nearer places belong together. */
function kickEdges(a: readonly Seen[], b: readonly Seen[], compare: Compare): Edge[] {
  return a.flatMap((one, left) =>
    b.flatMap((other, right) => {
      const likeness = compare(one, other)
      if (likeness !== 'same' && likeness !== 'alike') return []
      return [{ left, right, gain: (likeness === 'same' ? sameKickerGain : likeKickerGain) - Math.abs(left - right) }]
    }),
  )
}

function pairOf(one: Seen | undefined, other: Seen | undefined): (readonly [Seen, Seen])[] {
  return one === undefined || other === undefined ? [] : [[one, other]]
}

/** The alignment of two sequences with the greatest gain (Needleman and Wunsch, 1970), without a cost for gaps. */
function align(a: readonly Seen[], b: readonly Seen[], compare: Compare): (readonly [Seen, Seen])[] {
  const best: number[][] = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  const at = (i: number, j: number) => best[i]?.[j] ?? 0
  const gain = (i: number, j: number) => gainOfKicks(a[i], b[j], compare)
  for (let i = a.length - 1; i >= 0; i--) {
    const row = best[i] ?? []
    for (let j = b.length - 1; j >= 0; j--)
      row[j] = Math.max(at(i + 1, j), at(i, j + 1), gain(i, j) > 0 ? at(i + 1, j + 1) + gain(i, j) : 0)
  }
  const pairs: (readonly [Seen, Seen])[] = []
  for (let i = 0, j = 0; ; ) {
    const [one, other] = [a[i], b[j]]
    if (one === undefined || other === undefined) return pairs
    if (gain(i, j) > 0 && at(i, j) === at(i + 1, j + 1) + gain(i, j)) {
      pairs.push([one, other])
      i++
      j++
    } else if (at(i, j) === at(i + 1, j)) i++
    else j++
  }
}

/** What is left has no name on one side; an outcome may still be corrected. */
function gainOfKicks(a: Seen | undefined, b: Seen | undefined, compare: Compare): number {
  if (a === undefined || b === undefined || compare(a, b) !== 'unknown') return 0
  return 10 + (outcomeOf(a.event) === outcomeOf(b.event) ? 2 : 1)
}

function isKick(event: MatchEvent): boolean {
  if (event.kind === 'kick') return true
  return (event.kind === 'goal' || event.kind === 'penalty_missed') && event.period === 'shootout'
}

function outcomeOf(event: MatchEvent): string {
  if (event.kind === 'goal') return 'scored'
  return event.kind === 'kick' || event.kind === 'penalty_missed' ? event.data.outcome : ''
}

/** Only events with the same place are compared. */
type PlaceOf = (event: MatchEvent) => string

function periodOf(event: MatchEvent): string {
  return 'period' in event ? (event.period ?? '') : ''
}

function teamAndPeriodOf(event: MatchEvent): string {
  const team = 'team' in event ? (event.team ?? '') : ''
  return event.kind === 'stat' ? `${team} ${event.data.name}` : `${team} ${periodOf(event)}`
}

function byPlace(words: readonly Seen[], placeOf: PlaceOf): Map<string, number[]> {
  const places = new Map<string, number[]>()
  for (const [index, { event }] of words.entries()) {
    const place = placeOf(event)
    const indices = places.get(place)
    if (indices === undefined) places.set(place, [index])
    else indices.push(index)
  }
  return places
}

/** What it costs to take two events of one group, side and period for one; undefined where they are not. */
function costOf(left: Seen, right: Seen, compare: Compare): number | undefined {
  const [a, b] = [left.event, right.event]
  switch (b.kind) {
    case 'period_start':
    case 'period_end':
    case 'added_time':
    case 'lineup':
    case 'coach':
    case 'stat':
      return 0
    case 'status':
    case 'commentary':
      return sameData(a, b) ? within(apart(a, b), apartSecMax) : undefined
    case 'goal':
    case 'goal_disallowed':
    case 'penalty_missed':
      return costOfChances(left, right, compare)
    case 'substitution':
      return costOfNames(a, b, compare(left, right), compare(left, right, 1))
    default:
      return costOfNames(a, b, compare(left, right))
  }
}

/** Somebody else is another card, shot or change. */
function costOfNames(a: MatchEvent, b: MatchEvent, ...names: readonly Likeness[]): number | undefined {
  if (names.includes('other')) return undefined
  return within(
    apart(a, b),
    apartSecMax,
    names.reduce((sum, likeness) => sum + nameCost[likeness], 0),
  )
}

/** A chance that two feeds tell in two ways, at the same time: one counts it and the other not, or they differ about the side. */
function costOfChances(left: Seen, right: Seen, compare: Compare): number | undefined {
  const [a, b] = [left.event, right.event]
  const isSameSide = creditedSideOf(a) === creditedSideOf(b)
  if (a.kind === b.kind && isSameSide)
    return a.kind === 'goal' ? costOfGoals(left, right, compare) : costOfNames(a, b, compare(left, right))
  if (a.kind === b.kind ? a.kind !== 'goal' : !isSameSide || !areOneChance(a, b)) return undefined
  // Shirt numbers of two sides say nothing of each other.
  const [one, other] = [nameOf(a), nameOf(b)]
  if (one !== undefined && other !== undefined && likenessOf({ name: one }, { name: other }) === 'other') return undefined
  return clockSec(a) === undefined || clockSec(b) === undefined ? undefined : within(apart(a, b), otherScorerSecMax, otherWordCost)
}

/** A goal that was not given, or a penalty that did not go in: other pairs of kinds are two chances, as a rebound is. */
function areOneChance(a: MatchEvent, b: MatchEvent): boolean {
  const [goal, other] = a.kind === 'goal' ? [a, b] : [b, a]
  if (goal.kind !== 'goal') return false
  return other.kind === 'goal_disallowed' || goal.data.how === 'penalty'
}

function creditedSideOf(event: MatchEvent): Side | undefined {
  if (event.kind === 'goal') return creditedTo(event)
  return 'team' in event ? event.team : undefined
}

function nameOf({ players: [first] }: MatchEvent): string | undefined {
  return first?.name
}

/** An own goal that another feed gives to an attacker is one goal whoever is named. */
function costOfGoals(left: Seen, right: Seen, compare: Compare): number | undefined {
  const [a, b] = [left.event, right.event]
  const sameHow = a.kind === 'goal' && b.kind === 'goal' && (a.data.how === 'own') === (b.data.how === 'own')
  const likeness = sameHow ? compare(left, right) : 'unknown'
  if (likeness === 'other' && (clockSec(a) === undefined) !== (clockSec(b) === undefined)) return undefined
  return within(apart(a, b), likeness === 'other' ? otherScorerSecMax : apartSecMax, nameCost[likeness])
}

function within(apartSec: number, apartMax: number, cost = 0): number | undefined {
  return apartSec <= apartMax || apartSec === unknownTimeCost ? apartSec + cost : undefined
}

/** Seconds between two events by the match clock; by the time of day where neither has one, as both happened while it was told. */
function apart(a: MatchEvent, b: MatchEvent): number {
  const [left, right] = [clockSec(a), clockSec(b)]
  if (left !== undefined && right !== undefined) return Math.abs(left - right)
  return hasPeriod(a) && hasPeriod(b) ? unknownTimeCost : Math.abs(a.tEvent - b.tEvent) / 1000
}

function hasPeriod(event: MatchEvent): boolean {
  return 'period' in event && event.period !== undefined
}

function clockSec(event: MatchEvent): number | undefined {
  if (!('clock' in event) || event.clock === undefined) return undefined
  const { min, sec, added = 0 } = event.clock
  return (min + added) * 60 + sec
}

function sameData(a: MatchEvent, b: MatchEvent): boolean {
  return JSON.stringify(Reflect.get(a, 'data')) === JSON.stringify(Reflect.get(b, 'data'))
}
