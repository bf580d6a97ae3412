/** The end of what has none. The step that brought ends to older rows writes it too. */
const never = 9_000_000_000_000_000

/** What one says of a mute: for a while, for ever, or no longer. */
export interface Muting {
  readonly muted?: boolean | undefined
  /** For so long from now on. */
  readonly muteMs?: number | undefined
}

/** Until when it is muted from now on, in Unix ms; 0 where it is not. */
export function mutedUntil(before: number, { muted, muteMs }: Muting, now: number): number {
  if (muted === false) return 0
  if (muteMs !== undefined) return now + muteMs
  return muted === undefined ? before : never
}

/** As it is told: with its end, where it has one. It ends by itself. */
export function muteOf(until: number, now: number): { readonly muted: boolean; readonly muted_until?: number } {
  if (until <= now) return { muted: false }
  return until >= never ? { muted: true } : { muted: true, muted_until: until }
}
