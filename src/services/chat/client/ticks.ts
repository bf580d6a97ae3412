import type { Seat } from './roster.ts'

/** How far one user is: everything up to and with these. */
export interface Mark {
  readonly delivered: number
  readonly read: number
}

/** Reading is having it delivered. */
export function joinMarks(left: Mark, { delivered = 0, read = 0 }: Partial<Mark>): Mark {
  const joined = { delivered: Math.max(left.delivered, delivered, read), read: Math.max(left.read, read) }
  return joined.delivered === left.delivered && joined.read === left.read ? left : joined
}

export const unmarked: Mark = { delivered: 0, read: 0 }

/**
 * How far a message has come with all its recipients: those who were there when it was sent and still are, and those who left since and had got it;
 * who was removed before it was delivered does not count (chat M11).
 */
export function tickOf(
  seq: number,
  author: string,
  seats: readonly Seat[],
  marks: ReadonlyMap<string, Mark>,
): 'sent' | 'delivered' | 'read' {
  const seated = seats.filter(({ user, since }) => user !== author && since <= seq).map(({ user }) => marks.get(user) ?? unmarked)
  const present = new Set(seats.map(({ user }) => user))
  const gone = [...marks]
    .filter(([user, { delivered }]) => user !== author && !present.has(user) && delivered >= seq)
    .map(([, mark]) => mark)
  const recipients = [...seated, ...gone]
  if (recipients.length === 0 || recipients.some(({ delivered }) => delivered < seq)) return 'sent'
  return recipients.some(({ read }) => read < seq) ? 'delivered' : 'read'
}
