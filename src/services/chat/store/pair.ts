/** What names the pair of two users in the rows, whoever of them asks. It never leaves the server: the id of their conversation is random. */
export function pairKey(one: string, other: string): string {
  return JSON.stringify([one, other].sort())
}
