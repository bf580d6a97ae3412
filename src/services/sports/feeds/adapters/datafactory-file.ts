import { z } from 'zod'
import { type Pair, type Period, periodMinutes, periods } from '../../model/index.ts'

const incidenceSchema = z.object({
  type: z.number(),
  t: z.object({ half: z.number(), m: z.number().nullish(), s: z.number().nullish() }),
  team: z.number().optional(),
  plyrId: z.number().optional(),
  recvId: z.number().optional(),
  assBy: z.number().optional(),
  ctchBy: z.number().optional(),
  offId: z.number().optional(),
  inId: z.number().optional(),
  coord: z.record(z.string(), z.object({ x: z.number(), y: z.number() })).optional(),
})
export const quantity = z.object({ homeQty: z.number().nullish(), awayQty: z.number().nullish() })
const color = z.string().nullish()

export const documentSchema = z.object({
  match: z.object({
    revision: z.int().min(1).optional(),
    homeTeamId: z.number(),
    awayTeamId: z.number(),
    date: z.string().nullish(),
    competition: z.string().nullish(),
    league: z.string().nullish(),
    week: z.string().nullish(),
  }),
  status: z.object({ statusId: z.number().nullish() }).optional(),
  venueInformation: z
    .object({ venue: z.object({ stadium: z.object({ stadiumName: z.string().nullish() }).optional() }).optional() })
    .optional(),
  scoreStatus: z.record(z.string(), z.object({ score: z.number().nullish() })).default({}),
  players: z.record(
    z.string(),
    z.object({
      teamId: z.number(),
      squadNo: z.number().nullish(),
      posnId: z.number().nullish(),
      substitute: z.boolean().nullish(),
      order: z.number().nullish(),
      name: z.object({
        first: z.string().nullish(),
        last: z.string().nullish(),
        nick: z.string().nullish(),
        shortName: z.string().nullish(),
      }),
    }),
  ),
  teams: z.record(
    z.string(),
    z.object({
      name: z.string(),
      initials: z.string().nullish(),
      colors: z.object({ color, path1_color: color, base_color: color }).optional(),
    }),
  ),
  incidences: z.record(z.string(), z.record(z.string(), incidenceSchema)),
  deletedIncidences: z.array(z.union([z.string(), z.number()])).default([]),
  commentary: z.record(z.string(), z.unknown()).default({}),
  summary: z.record(z.string(), z.unknown()).default({}),
})

export type Incidence = z.output<typeof incidenceSchema>
export type DataFactoryDocument = z.output<typeof documentSchema>

/** Types of incidences, by their numbers. */
export const goals: Readonly<Record<number, 'play' | 'own' | 'header' | 'free_kick' | 'penalty'>> = {
  9: 'play',
  10: 'own',
  11: 'header',
  12: 'free_kick',
  13: 'penalty',
}
export const shots: Readonly<Record<number, 'missed' | 'post' | 'saved'>> = { 33: 'missed', 34: 'post', 35: 'saved' }
export const missedPenalties: Readonly<Record<number, 'saved' | 'missed'>> = { 43: 'saved', 44: 'missed', 45: 'missed' }
export const kicks: Readonly<Record<number, 'scored' | 'saved' | 'missed'>> = { 55: 'scored', 56: 'saved', 57: 'missed', 183: 'missed' }
export const cards: Readonly<Record<number, 'yellow' | 'second_yellow' | 'red'>> = { 3: 'yellow', 4: 'second_yellow', 5: 'red' }
export const starts: Readonly<Record<number, Period>> = {
  1: 'first_half',
  18: 'second_half',
  50: 'extra_first',
  52: 'extra_second',
  54: 'shootout',
}
export const ends: Readonly<Record<number, Period>> = { 17: 'first_half', 49: 'second_half', 51: 'extra_first', 53: 'extra_second' }
export const matchEnd = 2
/** Positions of those whom the file lists as players. */
export const goalkeeper = 1
export const coach = 5
export const penaltyFouls: ReadonlySet<number> = new Set([31, 32])
export const passes: Readonly<Record<number, boolean>> = { 180: true, 181: false }

/** Whether a document is a DataFactory match file. */
export function isDataFactory(document: unknown): boolean {
  return z.object({ incidences: z.object({}), match: z.object({ homeTeamId: z.number() }) }).safeParse(document).success
}

/** The score that the file gives as official, or undefined where it has none. */
export function officialScoreOf(document: unknown): Pair<number> | undefined {
  const { match, scoreStatus } = documentSchema.parse(document)
  const home = scoreStatus[match.homeTeamId]?.score
  const away = scoreStatus[match.awayTeamId]?.score
  return typeof home === 'number' && typeof away === 'number' ? { home, away } : undefined
}

/** Seconds on the match clock. */
export function clockOf({ t: { m, s } }: Incidence): number {
  return (m ?? 0) * 60 + (s ?? 0)
}

/** Where on the match clock an incidence is. The kick-off is told as before the first half. */
export function placeOf(incidence: Incidence): { period: Period; sec: number } {
  const period = periods[Math.max(1, incidence.t.half) - 1] ?? 'first_half'
  return { period, sec: Math.max(0, clockOf(incidence) - periodMinutes[period].from * 60) }
}

/** Where something was, in percent as the side attacks. DataFactory's field goes from -1 to 1 in both directions, for both sides alike. */
export function percentOf({ x, y }: { readonly x: number; readonly y: number }, attacksRight: boolean): [number, number] {
  const turned = attacksRight ? 1 : -1
  return [Math.round((x * turned + 1) * 500) / 10, Math.round((y * turned + 1) * 500) / 10]
}

/** The halves in which the side at home attacks to the right: there, by and large, its shots are right of the middle and those against it left. */
export function halvesToTheRight(incidences: readonly Incidence[], homeTeam: number): ReadonlySet<number> {
  const sums = new Map<number, number>()
  for (const { type, team, t, coord } of incidences) {
    const isShot = shots[type] !== undefined || (goals[type] !== undefined && goals[type] !== 'own')
    const x = coord?.['1']?.x
    if (!isShot || x === undefined || team === undefined) continue
    sums.set(t.half, (sums.get(t.half) ?? 0) + Math.sign(x) * (team === homeTeam ? 1 : -1))
  }
  return new Set([...sums].filter(([, sum]) => sum > 0).map(([half]) => half))
}

const positions: Readonly<Record<number, string>> = { 1: 'Goalkeeper', 2: 'Defender', 3: 'Midfielder', 4: 'Forward' }

/** What a number of DataFactory's says of where somebody plays. */
export function positionOf(posnId: number | null | undefined): string | undefined {
  return positions[posnId ?? 0]
}
