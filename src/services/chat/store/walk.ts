import type { Sql } from '../../../service.ts'

/** Entries of a log that one statement looks at: a quarter of a millisecond where they are short, and five where each is as long as may be. */
const stepEntries = 250
/** Postgres looks by itself, on a processor of its own: fewer steps are fewer journeys. */
const stepEntriesElsewhere = 20_000

/** Lets others have their turn. */
export type Pause = () => Promise<void>

/** For whoever has nobody to wait for them. */
export const atOnce: Pause = async () => undefined

/** A stretch of a conversation's log: places after `from`, up to `to`. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/**
 * Looks through a stretch of a log until enough is found, some entries at a time: what is looked for may be rare, and whoever looks must not
 * hold up everybody else.
 */
export async function walk<T>(
  sql: Sql,
  { from, to }: Stretch,
  { forward, limit }: { readonly forward: boolean; readonly limit: number },
  look: (part: Stretch, limit: number) => Promise<readonly T[]>,
  pause: Pause,
): Promise<T[]> {
  const step = sql.dialect === 'sqlite' ? stepEntries : stepEntriesElsewhere
  const found: T[] = []
  for (let walked = 0; walked < to - from && found.length < limit; walked += step) {
    if (walked > 0) await pause()
    const part = forward
      ? { from: from + walked, to: Math.min(to, from + walked + step) }
      : { from: Math.max(from, to - walked - step), to: to - walked }
    found.push(...(await look(part, limit - found.length)))
  }
  return found
}
