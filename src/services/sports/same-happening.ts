import { type MatchEvent, namesMeet } from './model/index.ts'

/** How far apart two feeds may put one happening on the match clock. */
const apartSec = 120
/** What counts against a candidate that names somebody else, so that it is taken only where nothing better is there. */
const otherPlayerSec = 60

/**
 * The event of another feed that tells of the same happening, or undefined. Feeds number and spell things their own way, so it is the kind,
 * the side, the time and, where several players could be meant, the name that decide.
 * @param candidates what is shown and was not yet told of by this feed
 */
export function findSame(candidates: readonly MatchEvent[], event: MatchEvent): MatchEvent | undefined {
  const ranked = candidates
    .map(candidate => ({ candidate, distance: distance(candidate, event) }))
    .filter(({ distance }) => distance <= apartSec)
    .toSorted((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate
}

function distance(a: MatchEvent, b: MatchEvent): number {
  if (a.kind !== b.kind || a.kind === 'unknown' || b.kind === 'unknown') return Number.POSITIVE_INFINITY
  if (a.period !== b.period || teamOf(a) !== teamOf(b)) return Number.POSITIVE_INFINITY
  switch (b.kind) {
    case 'period_start':
    case 'period_end':
    case 'added_time':
    case 'lineup':
    case 'coach':
      return 0
    case 'status':
      return sameData(a, b) ? apart(a, b) : Number.POSITIVE_INFINITY
    case 'stat':
      return a.kind === 'stat' && a.data.name === b.data.name ? 0 : Number.POSITIVE_INFINITY
    case 'commentary':
      return sameData(a, b) ? apart(a, b) : Number.POSITIVE_INFINITY
    case 'goal':
    case 'goal_disallowed':
      return apart(a, b) + (namesMeet(a.players, b.players) ? 0 : otherPlayerSec)
    default:
      return namesMeet(a.players, b.players) ? apart(a, b) : Number.POSITIVE_INFINITY
  }
}

function teamOf(event: MatchEvent): string | undefined {
  return 'team' in event ? event.team : undefined
}

function sameData(a: MatchEvent, b: MatchEvent): boolean {
  return JSON.stringify(Reflect.get(a, 'data')) === JSON.stringify(Reflect.get(b, 'data'))
}

/** Seconds between two events: by the match clock, or by the time of day where one has no clock. */
function apart(a: MatchEvent, b: MatchEvent): number {
  const [left, right] = [clockSec(a), clockSec(b)]
  return left === undefined || right === undefined ? Math.abs(a.tEvent - b.tEvent) / 1000 : Math.abs(left - right)
}

function clockSec(event: MatchEvent): number | undefined {
  if (!('clock' in event) || event.clock === undefined) return undefined
  const { min, sec, added = 0 } = event.clock
  return (min + added) * 60 + sec
}
