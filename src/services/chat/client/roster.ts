import type { Allowed, ConversationSummary, MembershipEntry, Role } from '../model/wire.ts'

/** A member without watermarks, which come by another way. */
export interface Seat {
  readonly user: string
  readonly role: Role
  readonly since: number
}

/** Who is in a conversation. Changes are numbered, so one that comes early waits for those before it. */
export interface Roster {
  /** Undefined while only changes are known. */
  readonly version: number | undefined
  readonly title: string
  /** Who may send, and who may change the title. */
  readonly send: Allowed
  readonly edit: Allowed
  readonly active: boolean
  /** By `since`, then by name. */
  readonly seats: readonly Seat[]
  /** Beyond `version` by more than one, ascending. */
  readonly early: readonly MembershipEntry[]
}

export const unknownRoster: Roster = { version: undefined, title: '', send: 'all', edit: 'all', active: true, seats: [], early: [] }

export function rosterOf({ version, title, send, edit, active, members }: ConversationSummary): Roster {
  const seats = sorted(members.map(({ user, role, since }) => ({ user, role, since })))
  return { version, title, send, edit, active, seats, early: [] }
}

export function rosterWith(entry: MembershipEntry): Roster {
  return { ...unknownRoster, early: [entry] }
}

/** Minds neither order nor repetition. @returns the same object as `left` where `right` says nothing new */
export function joinRosters(left: Roster, right: Roster, user: string): Roster {
  const newest = (right.version ?? -1) > (left.version ?? -1) ? right : left
  const early = new Map([...left.early, ...right.early].map(entry => [entry.version, entry]))
  let roster: Roster = { ...newest, early: [] }
  for (;;) {
    const next = nextChange(roster, early)
    if (next === undefined) break
    roster = changed(roster, next, user)
  }
  const { version = -1 } = roster
  const waiting = [...early.values()].filter(entry => entry.version > version).toSorted((one, other) => one.version - other.version)
  if (version === (left.version ?? -1) && waiting.length === left.early.length) return left
  return { ...roster, early: waiting }
}

/** A group begins with `created`, whatever else is known. */
function nextChange({ version }: Roster, early: ReadonlyMap<number, MembershipEntry>): MembershipEntry | undefined {
  if (version !== undefined) return early.get(version + 1)
  const first = early.get(1)
  return first?.change === 'created' ? first : undefined
}

function changed(roster: Roster, entry: MembershipEntry, user: string): Roster {
  const { seats } = roster
  const next = { ...roster, version: entry.version }
  switch (entry.change) {
    case 'created':
      return {
        ...next,
        title: entry.title,
        seats: sorted(entry.users.map(name => seat(name, name === entry.author ? 'owner' : 'member', entry.seq))),
      }
    case 'added':
    case 'joined': {
      const fresh = entry.users.map(name => seat(name, seats.length === 0 ? 'owner' : 'member', entry.seq))
      const others = seats.filter(known => !entry.users.includes(known.user))
      return { ...next, active: next.active || entry.users.includes(user), seats: sorted([...others, ...fresh]) }
    }
    case 'removed':
    case 'left':
      return {
        ...next,
        active: next.active && !entry.users.includes(user),
        seats: seats.filter(known => !entry.users.includes(known.user)),
      }
    case 'role':
      return { ...next, seats: seats.map(known => (entry.users.includes(known.user) ? { ...known, role: entry.role } : known)) }
    case 'renamed':
      return { ...next, title: entry.title }
    case 'modes':
      return { ...next, send: entry.send, edit: entry.edit }
  }
}

function seat(user: string, role: Role, since: number): Seat {
  return { user, role, since }
}

function sorted(seats: readonly Seat[]): readonly Seat[] {
  return seats.toSorted((left, right) => left.since - right.since || (left.user < right.user ? -1 : 1))
}

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
