import { createHash } from 'node:crypto'

/** What names the conversation of two, whoever of them asks for it. */
export interface Pair {
  readonly id: string
  readonly key: string
}

export function pairOf(one: string, other: string): Pair {
  const key = JSON.stringify([one, other].sort())
  return { id: `d_${createHash('sha256').update(key).digest('base64url').slice(0, 22)}`, key }
}
