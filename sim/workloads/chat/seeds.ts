import type { KeptSeed } from '../../core/seeds.ts'

export const keptChatSeeds: readonly KeptSeed[] = [
  { seed: 2, story: 'an author who was removed was still told how far the others are' },
  { seed: 10, story: 'somebody who was removed found in the list who is there now, and how far they have read' },
  {
    seed: 277,
    story: 'a device that connected while much was said got a page of its inbox that went beyond its own end, and so none of it',
  },
  { seed: 305, story: 'whoever left a group was said to have read what never came to them' },
]
