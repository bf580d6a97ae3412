import type { KeptSeed } from '../../core/seeds.ts'

export const keptSportsSeeds: readonly KeptSeed[] = [
  { seed: 4, story: 'a full disk kept the service from starting, since it had a change to tell' },
]
