/** A message's place in search results: newest first, messages of one time by conversation, then by `seq`. */
export interface SearchPlace {
  readonly ts: number
  readonly conversation: string
  readonly seq: number
}

/** Below zero where one comes before the other on the page. */
export function compareMoments(one: SearchPlace, other: SearchPlace): number {
  if (one.ts !== other.ts) return other.ts - one.ts
  if (one.conversation !== other.conversation) return one.conversation < other.conversation ? -1 : 1
  return other.seq - one.seq
}

/** A moment as a page names it, for the page after it. */
export function writeMoment({ ts, conversation, seq }: SearchPlace): string {
  return `${ts}/${conversation}/${seq}`
}

/** Undefined where it is none. */
export function readMoment(text: string): SearchPlace | undefined {
  const [, ts, conversation, seq] = /^(\d{1,16}(?:\.\d{1,16})?)\/([\w-]{1,64})\/(\d{1,10})$/.exec(text) ?? []
  if (ts === undefined || conversation === undefined || seq === undefined) return undefined
  return { ts: Number(ts), conversation, seq: Number(seq) }
}
