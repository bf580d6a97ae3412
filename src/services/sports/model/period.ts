import * as z from 'zod/mini'

/** The stretches of play, in the order in which they are played. The shoot-out counts as one, though no clock runs in it. */
export const periods = ['first_half', 'second_half', 'extra_first', 'extra_second', 'shootout'] as const

export const periodSchema = z.enum(periods)
export type Period = z.infer<typeof periodSchema>

/** Where a match stands: before, in a period, in the break after one, or over. */
export const phaseSchema = z.enum(['scheduled', ...periods, 'half_time', 'full_time', 'extra_half_time', 'extra_full_time', 'finished'])
export type Phase = z.infer<typeof phaseSchema>

/** Regular minutes at which each period begins and ends; what is played past the end is added time (Laws of the Game, law 7). */
export const periodMinutes: Readonly<Record<Period, { readonly from: number; readonly to: number }>> = {
  first_half: { from: 0, to: 45 },
  second_half: { from: 45, to: 90 },
  extra_first: { from: 90, to: 105 },
  extra_second: { from: 105, to: 120 },
  shootout: { from: 120, to: 120 },
}

const breakAfter: Readonly<Record<Period, Phase>> = {
  first_half: 'half_time',
  second_half: 'full_time',
  extra_first: 'extra_half_time',
  extra_second: 'extra_full_time',
  shootout: 'finished',
}

/** The phase that begins when a period ends and nothing else is said. */
export function phaseAfter(period: Period): Phase {
  return breakAfter[period]
}

/** Place of a period among all; before all of them where there is none. */
export function rankOf(period: Period | undefined): number {
  return period === undefined ? -1 : periods.indexOf(period)
}

const phaseNames: Readonly<Record<Phase, string>> = {
  scheduled: 'Kick-off soon',
  first_half: '1st half',
  half_time: 'Half-time',
  second_half: '2nd half',
  full_time: 'End of normal time',
  extra_first: 'Extra time, 1st half',
  extra_half_time: 'Extra time, half-time',
  extra_second: 'Extra time, 2nd half',
  extra_full_time: 'End of extra time',
  shootout: 'Penalty shoot-out',
  finished: 'Full time',
}

/** The phase in words. */
export function phaseName(phase: Phase): string {
  return phaseNames[phase]
}
