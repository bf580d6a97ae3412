import type { CommandError } from '../../../protocol/index.ts'
import { type ConversationRow, findConversation, type Held, type MemberRow, memberColumns, newestFor, noConversation } from './log.ts'
import { unmark } from './tell-own.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import { padded, valueRows } from './value-rows.ts'
import { countsFor } from './visible.ts'

/** Somebody has read a conversation up to there. */
export interface ReadRequest {
  readonly person: string
  readonly conversation: string
  readonly seq: number
}

export interface ReadOutcome {
  readonly read: number
  readonly unread: number
}

/** Entries that are looked through for what is left unread. Beyond, the store counts for each. */
const lookedMax = 1000

/** A member who has read more than before. */
interface Moved {
  readonly member: MemberRow
  readonly read: number
  readonly unread: number
}

/**
 * Forwards only; what cannot have been read yet is not read. Reading is having it delivered. Members of a lively group read the same at once, so all
 * who do are moved at once.
 */
export async function readAll(change: UnitOfWork, given: readonly ReadRequest[]): Promise<readonly (ReadOutcome | CommandError)[]> {
  const outcomes: (ReadOutcome | CommandError)[] = []
  // Who reads the same twice has read it the first time.
  for (let rest = [...given.entries()]; rest.length > 0; ) {
    const now = new Map<string, [number, ReadRequest]>()
    const later: [number, ReadRequest][] = []
    for (const one of rest) {
      const key = `${one[1].conversation} ${one[1].person}`
      if (now.has(key)) later.push(one)
      else now.set(key, one)
    }
    for (const together of Map.groupBy(now.values(), ([, { conversation }]) => conversation).values()) {
      const found = await readOne(
        change,
        together.map(([, reading]) => reading),
      )
      for (const [index, [place]] of together.entries()) outcomes[place] = found[index] ?? noConversation()
    }
    rest = later
  }
  return outcomes
}

async function readOne(change: UnitOfWork, given: readonly ReadRequest[]): Promise<readonly (ReadOutcome | CommandError)[]> {
  const { tx } = change
  const conversation = given[0]?.conversation ?? ''
  const members = await membersAmong(change, conversation, given)
  const row = members.size === 0 ? undefined : await findConversation(tx, conversation)
  if (row === undefined) return given.map(noConversation)
  const outcomes: (ReadOutcome | CommandError)[] = []
  const moved: Moved[] = []
  const left = new Left(change, row)
  for (const { person, seq } of given) {
    const member = members.get(person)
    if (member === undefined) {
      outcomes.push(noConversation())
      continue
    }
    const read = Math.min(seq, await newestFor(tx, { row, member }))
    if (member.marked === 1) await unmark(change, member)
    if (read <= member.read_to) {
      outcomes.push({ read: member.read_to, unread: member.unread })
      continue
    }
    const unread = await left.unreadOf({ row, member }, read)
    outcomes.push({ read, unread })
    moved.push({ member, read, unread })
  }
  if (moved.length > 0) await move(change, row, moved)
  return outcomes
}

async function membersAmong(
  { tx }: UnitOfWork,
  conversation: string,
  given: readonly ReadRequest[],
): Promise<ReadonlyMap<string, MemberRow>> {
  const people = padded(given.map(({ person }) => person))
  const rows = await tx.all<MemberRow>(
    `select ${memberColumns} from chat_member where conversation = ?1 and person in (${people.map((_, index) => `?${index + 2}`).join(', ')})`,
    conversation,
    ...people,
  )
  return new Map(rows.map(row => [row.person, row]))
}

async function move(
  { tx, now, clock, inboxAppends, receiptsDue }: UnitOfWork,
  row: ConversationRow,
  moved: readonly Moved[],
): Promise<void> {
  const { id } = row
  const marks = valueRows(
    'v',
    { conversation: 'text', person: 'text', seq: 'integer', own: 'integer', ts: 'double precision' },
    moved.map(({ member, read, unread }) => [id, member.person, read, unread - (member.active === 1 ? row.counted : 0), now]),
  )
  await tx.run(
    `${marks.text} update chat_member set read_to = v.seq, unread = v.own, receipt_due = 1,
       delivered_to = case when chat_member.delivered_to > v.seq then chat_member.delivered_to else v.seq end
     from v where chat_member.conversation = v.conversation and chat_member.person = v.person`,
    ...marks.values,
  )
  await tx.run(
    `${marks.text} insert into chat_step (conversation, person, kind, seq, ts)
     select v.conversation, v.person, 'read', v.seq, v.ts from v where true on conflict do nothing`,
    ...marks.values,
  )
  const own = moved.map(({ member: { person }, read, unread }) => ({
    person,
    place: clock.next(),
    entry: { kind: 'receipt', conversation: id, receipts: [{ user: person, read, ts: now }], unread } as const,
  }))
  const posts = valueRows(
    'v',
    { person: 'text', place: 'double precision', conversation: 'text', ts: 'double precision', body: 'text' },
    own.map(({ person, place, entry }) => [person, place, id, now, JSON.stringify(entry)]),
  )
  await tx.run(
    `${posts.text} insert into chat_own (person, place, kind, conversation, ts, body)
     select v.person, v.place, 'own', v.conversation, v.ts, v.body from v where true on conflict do nothing`,
    ...posts.values,
  )
  inboxAppends.push(...own)
  receiptsDue.add(id)
}

interface Countable {
  readonly seq: number
  readonly author: string
}

/** What is left unread behind a place. Most have read to the end, or nearly: few entries are looked at, once for all who read. */
class Left {
  #from = Number.POSITIVE_INFINITY
  #entries: readonly Countable[] = []
  #hidden = new Set<string>()

  constructor(
    readonly change: UnitOfWork,
    readonly row: ConversationRow,
  ) {}

  async unreadOf({ member }: Held, read: number): Promise<number> {
    const { row } = this
    if (member.active === 0 || row.seq - read > lookedMax) return member.unread - (await this.#countBetween(member, read))
    if (read >= row.seq) return 0
    await this.#look(read)
    const { person, cleared } = member
    return this.#entries.filter(
      ({ seq, author }) => seq > read && seq > cleared && author !== person && !this.#hidden.has(`${seq} ${person}`),
    ).length
  }

  async #look(from: number): Promise<void> {
    if (from >= this.#from) return
    const { tx } = this.change
    this.#from = from
    this.#entries = await tx.all<Countable>(
      "select seq, author from chat_entry where conversation = ?1 and seq > ?2 and kind = 'message' and deleted = 0",
      this.row.id,
      from,
    )
    const hidden = await tx.all<{ seq: number; person: string }>(
      'select seq, person from chat_hidden where conversation = ?1 and seq > ?2',
      this.row.id,
      from,
    )
    this.#hidden = new Set(hidden.map(({ seq, person }) => `${seq} ${person}`))
  }

  async #countBetween({ conversation, person, read_to }: MemberRow, read: number): Promise<number> {
    const [row] = await this.change.tx.all<{ count: number }>(
      `select cast(count(*) as integer) as count from chat_entry e
       where e.conversation = ?1 and e.seq > ?3 and e.seq <= ?4 and ${countsFor('?2')}`,
      conversation,
      person,
      read_to,
      read,
    )
    return row?.count ?? 0
  }
}
