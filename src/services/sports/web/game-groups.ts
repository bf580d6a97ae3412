import { foldName, isOver, type ListedGame, periodNow } from '../model/index.ts'
import { byTime, sectionOf } from './game-list.ts'

/** A day as a calendar writes it, such as 2026-11-30, in the reader's own time. */
export type Day = string

/** Matches of one competition, those that are on first. */
export interface Group {
  readonly competition: string
  /** The round, where it is the same for all of them. */
  readonly round: string
  readonly games: readonly ListedGame[]
}

export function dayAt(utcMs: number): Day {
  const date = new Date(utcMs)
  const two = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** The day under which a match is looked for. What is on belongs to today, and so does what nobody has dated. */
export function dayOf({ board, kickoffUtcMs, date }: ListedGame, today: Day): Day {
  if (!isOver(board.status) && board.phase !== 'scheduled') return today
  if (kickoffUtcMs !== undefined) return dayAt(kickoffUtcMs)
  return date === '' ? today : date
}

/** The days of the matches in their order; today and its neighbours are always there. */
export function daysOf(games: readonly ListedGame[], today: Day): readonly Day[] {
  return [...new Set([...games.map(game => dayOf(game, today)), ...[-1, 0, 1].map(days => shifted(today, days))])].sort()
}

/** The day to begin with: today if anything is played, else the next one on which something is, else the last. */
export function firstDay(games: readonly ListedGame[], today: Day): Day {
  const days = [...new Set(games.map(game => dayOf(game, today)))].sort()
  return days.find(day => day >= today) ?? days.at(-1) ?? today
}

export function groupsOf(games: readonly ListedGame[]): readonly Group[] {
  const groups = [...Map.groupBy(games, ({ competition }) => competition)].map(([competition, own]) => ({
    competition,
    round: own.every(({ round }) => round === own[0]?.round) ? (own[0]?.round ?? '') : '',
    games: own.toSorted(inGroup),
  }))
  const isOn = ({ games }: Group) => games.some(game => sectionOf(game) === 'live')
  return groups.toSorted((a, b) => Number(isOn(b)) - Number(isOn(a)) || a.competition.localeCompare(b.competition))
}

/** In a group time goes down: what began first stands first, but for what is on, which stands above all. */
function inGroup(a: ListedGame, b: ListedGame): number {
  const order = byTime(a, b)
  return sectionOf(a) === 'over' && sectionOf(b) === 'over' ? (a.kickoffUtcMs ?? 0) - (b.kickoffUtcMs ?? 0) || order : order
}

export function isOn({ board }: ListedGame): boolean {
  return periodNow(board) !== undefined || board.status === 'half_time' || (!isOver(board.status) && board.phase !== 'scheduled')
}

/** Whether every word that was typed begins a word of a team, the competition or the round, however it is written. */
export function isFound(game: ListedGame, query: string): boolean {
  const words = foldName([game.home.name, game.away.name, game.home.code, game.away.code, game.competition, game.round].join(' '))
  return foldName(query).every(typed => words.some(word => word.startsWith(typed)))
}

/** Today, Yesterday, Tomorrow, or the day of the week and the date. */
export function dayName(day: Day, today: Day): string {
  const names = { [today]: 'Today', [shifted(today, -1)]: 'Yesterday', [shifted(today, 1)]: 'Tomorrow' }
  return (
    names[day] ??
    dayText(day, {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      ...(day.slice(0, 4) === today.slice(0, 4) ? {} : { year: 'numeric' }),
    })
  )
}

/** The date in words. */
export function dateOf(day: Day): string {
  return dayText(day, { weekday: 'short', day: 'numeric', month: 'short' })
}

function dayText(day: Day, options: Intl.DateTimeFormatOptions): string {
  return new Date(`${day}T12:00:00Z`).toLocaleDateString('en-GB', { ...options, timeZone: 'UTC' }).replace(',', '')
}

function shifted(day: Day, days: number): Day {
  return new Date(Date.parse(`${day}T12:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)
}
