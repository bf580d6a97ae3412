/** A run that once broke a promise, kept so that it never does again. */
export interface KeptSeed {
  readonly seed: number
  /** What went wrong. A change of the plans changes what a seed does; then the sentence says what to look for. */
  readonly story: string
}
