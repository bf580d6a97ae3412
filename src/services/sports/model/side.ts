import * as z from 'zod/mini'

export const sideSchema = z.enum(['home', 'away'])
export type Side = z.infer<typeof sideSchema>

/** Both sides of something. */
export interface Pair<T> {
  readonly home: T
  readonly away: T
}

/** The schema of something for both sides. */
export const pairOf = <T extends z.ZodMiniType>(schema: T) => z.object({ home: schema, away: schema })

export function otherSide(team: Side): Side {
  return team === 'home' ? 'away' : 'home'
}
