import { type Random, seededRandom } from '../../src/kit/index.ts'

export function pick<T>(random: Random, choices: readonly [T, ...T[]] | readonly T[]): T {
  const choice = choices[Math.floor(random.next() * choices.length)]
  if (choice === undefined) throw new Error('nothing to choose from')
  return choice
}

/** A source of chance of its own, so that one who draws more often does not change what others draw. */
export function forkOf(random: Random): Random {
  return seededRandom(Math.floor(random.next() * 2 ** 32))
}
