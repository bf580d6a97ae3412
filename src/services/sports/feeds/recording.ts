import type { FedEvent, FedGame } from '../model/index.ts'

/** A match that was played before, as a feed would have told it. */
export interface Recording {
  /** Id of the game that a replay of it is. */
  readonly id: string
  readonly game: FedGame
  /** In order of `tEvent`, which is in milliseconds since the recording began. */
  readonly events: readonly FedEvent[]
  /** From the beginning of the recording to the end of its last break, in milliseconds of play. */
  readonly lengthMs: number
}

/** What happened at one time, and goes in together. */
export interface Moment {
  readonly atMs: number
  readonly events: readonly FedEvent[]
}

export function momentsOf({ events }: Recording): Moment[] {
  return [...Map.groupBy(events, ({ tEvent = 0 }) => tEvent)].map(([atMs, events]) => ({ atMs, events }))
}

/** When the first whistle is, in milliseconds since the recording began. */
export function kickOffMs({ events }: Recording): number {
  return events.find(({ kind }) => kind === 'period_start')?.tEvent ?? 0
}
