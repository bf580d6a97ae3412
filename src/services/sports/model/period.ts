/** A stretch of play. The shoot-out counts as one, though no clock runs in it. */
export type Period = 'first_half' | 'second_half' | 'extra_first' | 'extra_second' | 'shootout'

/** Where a match stands: before, in a period, in the break after one, or over. */
export type Phase = 'scheduled' | Period | 'half_time' | 'full_time' | 'extra_half_time' | 'extra_full_time' | 'finished'

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

/** The period that a phase is, or undefined before, between and after them. */
export function playing(phase: Phase): Period | undefined {
  return phase in periodMinutes ? (phase as Period) : undefined
}
