import type { KeptSeed } from '../../core/seeds.ts'

export const keptSportsSeeds: readonly KeptSeed[] = [
  { seed: 4, story: 'a full disk kept the service from starting, since it had a change to tell' },
  { seed: 88, story: 'a crash between telling a change and noting that it was told had it told twice' },
  { seed: 226, story: 'a feed whose answers went on being lost had not said everything when all was to be at rest' },
]
