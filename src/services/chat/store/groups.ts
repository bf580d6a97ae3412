import { type Random, randomId } from '../../../kit/index.ts'
import { CommandError } from '../../../protocol/index.ts'
import type { ChatBounds } from '../../../server/index.ts'
import type { Queries } from '../../../store/index.ts'
import { type Allowed, type Conversation, chatErrors, type MembershipChange, type Role } from '../model/wire.ts'
import type { Change } from './ledger.ts'
import { conversationOf, describe, membersOf } from './listing.ts'
import {
  activeMembers,
  append,
  type ConversationRow,
  fanOut,
  findMember,
  holdConversation,
  type MemberRow,
  memberOf,
  openInbox,
  postConversation,
} from './log.ts'
import { pairOf } from './pair.ts'
import { passOver } from './watermarks.ts'

export interface Changed {
  readonly version: number
  readonly seq: number
}

/** Who is in which conversation, and in which role. Every change is an entry of the conversation's own log (chat M3, M15, M16). */
export class Groups {
  constructor(
    readonly random: Random,
    readonly bounds: Pick<ChatBounds, 'membersMax'>,
  ) {}

  /** The conversation of two: the same pair always has the same. */
  async direct(change: Change, user: string, other: string): Promise<Conversation> {
    if (user === other) throw new CommandError(chatErrors.unprocessable, 'with: a conversation needs somebody else')
    const { id, key } = pairOf(user, other)
    const { tx, now } = change
    const isNew = await tx.run(
      `insert into chat_conversation (id, kind, title, pair, version, seq, ts, created, send_by, edit_by)
       values (?1, 'direct', '', ?2, 0, 0, ?3, ?3, 'all', 'admins')
       on conflict do nothing`,
      id,
      key,
      now,
    )
    if (isNew > 0) {
      for (const person of [user, other]) await this.#seat(tx, id, person, 'member', 0)
      await this.#announceTo(change, id, [user, other])
    }
    return required(await conversationOf(tx, id, user))
  }

  /** A new group; its maker owns it. The same `cid` of the same user is the same group. */
  async create(change: Change, user: string, title: string, others: readonly string[], cid: string): Promise<Conversation> {
    const { tx, now } = change
    const users = [user, ...others.filter(other => other !== user)]
    const members = [...new Set(users)]
    if (members.length > this.bounds.membersMax) throw full(this.bounds.membersMax)
    const pair = JSON.stringify(['group', user, cid])
    const id = `g_${randomId(this.random, 16)}`
    const isNew = await tx.run(
      `insert into chat_conversation (id, kind, title, pair, version, seq, ts, created, send_by, edit_by)
       values (?1, 'group', ?2, ?3, 1, 0, ?4, ?4, 'all', 'admins')
       on conflict do nothing`,
      id,
      title,
      pair,
      now,
    )
    if (isNew === 0) return required(await this.#made(tx, pair, user))
    for (const person of members) await this.#seat(tx, id, person, person === user ? 'owner' : 'member', 1)
    const { row } = await append(
      tx,
      id,
      { kind: 'membership', author: user, body: { membership: { change: 'created', users: members, title, version: 1 } } },
      now,
    )
    await this.#announceTo(change, id, members)
    change.posted.push(...(await fanOut(tx, row)))
    return required(await conversationOf(tx, id, user))
  }

  async add(change: Change, user: string, conversation: string, users: readonly string[]): Promise<Changed> {
    const { row } = await this.led(change.tx, conversation, user)
    return this.bring(change, row, user, 'added', users)
  }

  async remove(change: Change, user: string, conversation: string, users: readonly string[]): Promise<Changed> {
    const { row, role } = await this.led(change.tx, conversation, user)
    const present: string[] = []
    for (const person of new Set(users)) {
      const member = await findMember(change.tx, conversation, person)
      if (member?.active !== 1) continue
      if (person === user) throw new CommandError(chatErrors.unprocessable, 'users: leave a group with chat.leave')
      if (role !== 'owner' && member.role !== 'member') throw new CommandError(chatErrors.forbidden, 'only owners remove admins and owners')
      present.push(person)
    }
    if (present.length === 0) return { version: row.version, seq: row.seq }
    return this.#release(change, row, user, { change: 'removed', users: present })
  }

  /** The last owner hands the group to whoever served longest: of the admins, else of the members (chat M16). */
  async leave(change: Change, user: string, conversation: string): Promise<Changed> {
    const { tx } = change
    const row = await this.#group(tx, conversation)
    const member = await memberOf(tx, conversation, user)
    await passOver(change, conversation, user, row.seq + 1)
    const left = await this.#release(change, row, user, { change: 'left', users: [user] })
    const heir = member.role === 'owner' ? await this.#heir(tx, conversation) : undefined
    if (heir === undefined) return left
    return this.#changeRole(change, { ...row, version: left.version }, heir, heir, 'owner')
  }

  async role(change: Change, user: string, conversation: string, person: string, role: Role): Promise<Changed> {
    const { row, role: own } = await this.led(change.tx, conversation, user)
    if (own !== 'owner') throw new CommandError(chatErrors.forbidden, 'only owners change roles')
    const member = await findMember(change.tx, conversation, person)
    if (member?.active !== 1) throw new CommandError(chatErrors.notFound, 'user: not a member')
    if (member.role === role) return { version: row.version, seq: row.seq }
    const owners = (await membersOf(change.tx, conversation)).filter(other => other.role === 'owner')
    if (member.role === 'owner' && owners.length === 1) throw new CommandError(chatErrors.unprocessable, 'role: a group keeps an owner')
    return this.#changeRole(change, row, user, person, role)
  }

  async rename(change: Change, user: string, conversation: string, title: string): Promise<Changed> {
    const row = await this.#group(change.tx, conversation)
    const { role } = await memberOf(change.tx, conversation, user)
    if (role === 'member' && row.edit_by === 'admins') throw new CommandError(chatErrors.forbidden, 'only owners and admins do this')
    await change.tx.run('update chat_conversation set title = ?2 where id = ?1', conversation, title)
    return this.#record(change, row, user, { change: 'renamed', title, users: [] })
  }

  /** Who may send and who may change the title (chat M16). */
  async setModes(
    change: Change,
    user: string,
    conversation: string,
    modes: { send?: Allowed | undefined; edit?: Allowed | undefined },
  ): Promise<Changed> {
    const { row } = await this.led(change.tx, conversation, user)
    const { send = row.send_by, edit = row.edit_by } = modes
    if (send === row.send_by && edit === row.edit_by) return { version: row.version, seq: row.seq }
    await change.tx.run('update chat_conversation set send_by = ?2, edit_by = ?3 where id = ?1', conversation, send, edit)
    return this.#record(change, row, user, { change: 'modes', send, edit, users: [] })
  }

  async #made(tx: Queries, pair: string, user: string): Promise<Conversation | undefined> {
    const [known] = await tx.all<{ id: string }>('select id from chat_conversation where pair = ?1', pair)
    return known === undefined ? undefined : conversationOf(tx, known.id, user)
  }

  async #group(tx: Queries, conversation: string): Promise<ConversationRow> {
    const row = await holdConversation(tx, conversation)
    if (row.kind !== 'group') throw new CommandError(chatErrors.unprocessable, 'conversation: not a group')
    return row
  }

  /** The group, held, of somebody who may lead it. */
  async led(tx: Queries, conversation: string, user: string): Promise<{ row: ConversationRow; role: Role }> {
    const row = await this.#group(tx, conversation)
    const { role } = await memberOf(tx, conversation, user)
    if (role === 'member') throw new CommandError(chatErrors.forbidden, 'only owners and admins do this')
    return { row, role }
  }

  /** Those who are not there yet; all of them, or none. */
  async bring(change: Change, row: ConversationRow, author: string, how: 'added' | 'joined', users: readonly string[]): Promise<Changed> {
    const { tx } = change
    const present = new Set(await activeMembers(tx, row.id))
    const fresh = [...new Set(users)].filter(user => !present.has(user))
    if (fresh.length === 0) return { version: row.version, seq: row.seq }
    if (present.size + fresh.length > this.bounds.membersMax) throw full(this.bounds.membersMax)
    for (const person of fresh) await tx.run('delete from chat_request where conversation = ?1 and person = ?2', row.id, person)
    for (const person of fresh) await this.#seat(tx, row.id, person, present.size === 0 ? 'owner' : 'member', row.seq + 1)
    return this.#record(change, row, author, { change: how, users: fresh }, fresh)
  }

  /** They still get the entry that says so, and nothing after it. */
  async #release(
    change: Change,
    row: ConversationRow,
    author: string,
    what: MembershipChange & { readonly change: 'removed' | 'left' },
  ): Promise<Changed> {
    const changed = await this.#record(change, row, author, what)
    for (const person of what.users) {
      await change.tx.run("update chat_member set active = 0, role = 'member' where conversation = ?1 and person = ?2", row.id, person)
      await change.tx.run(
        'update chat_stay set to_seq = ?3 where conversation = ?1 and person = ?2 and to_seq is null',
        row.id,
        person,
        changed.seq,
      )
    }
    return changed
  }

  async #changeRole(change: Change, row: ConversationRow, author: string, person: string, role: Role): Promise<Changed> {
    await change.tx.run('update chat_member set role = ?3 where conversation = ?1 and person = ?2', row.id, person, role)
    return this.#record(change, row, author, { change: 'role', users: [person], role })
  }

  async #record(
    change: Change,
    row: ConversationRow,
    author: string,
    membership: MembershipChange,
    newcomers: readonly string[] = [],
  ): Promise<Changed> {
    const { tx, now, posted } = change
    const version = row.version + 1
    await tx.run('update chat_conversation set version = ?2 where id = ?1', row.id, version)
    const entry = await append(tx, row.id, { kind: 'membership', author, body: { membership: { ...membership, version } } }, now)
    await this.#announceTo(change, row.id, newcomers)
    posted.push(...(await fanOut(tx, entry.row)))
    return { version, seq: entry.seq }
  }

  /** They learn of the conversation as a whole before they get its entries. */
  async #announceTo({ tx, now, posted }: Change, id: string, people: readonly string[]): Promise<void> {
    if (people.length === 0) return
    const row = await holdConversation(tx, id)
    const members = await membersOf(tx, id)
    for (const person of people) {
      const isDirect = row.kind === 'direct'
      const conversation = isDirect ? required(await conversationOf(tx, id, person)) : describe(row, freshMember, members, undefined, 0)
      posted.push(await postConversation(tx, person, { kind: 'conversation', conversation: id, summary: conversation }, now))
    }
  }

  /** From `since` on they see what is said. Whoever comes back sees nothing of the time between (chat M15). */
  async #seat(tx: Queries, conversation: string, person: string, role: Role, since: number): Promise<void> {
    const read = Math.max(0, since)
    await tx.run(
      `insert into chat_member (conversation, person, role, since, active, delivered_to, read_to, told_delivered, told_read, receipt_due,
         unread, muted, pinned, cleared)
       values (?1, ?2, ?3, ?4, 1, ?5, ?5, ?5, ?5, 0, 0, 0, 0, 0)
       on conflict (conversation, person) do update set active = 1, role = excluded.role, since = excluded.since, unread = 0,
         delivered_to = excluded.delivered_to, read_to = excluded.read_to, told_delivered = excluded.told_delivered, told_read = excluded.told_read`,
      conversation,
      person,
      role,
      since,
      read,
    )
    await openInbox(tx, person)
    await tx.run('insert into chat_stay (conversation, person, from_seq, to_seq) values (?1, ?2, ?3, null)', conversation, person, since)
  }

  async #heir(tx: Queries, conversation: string): Promise<string | undefined> {
    const left = await membersOf(tx, conversation)
    if (left.some(({ role }) => role === 'owner')) return undefined
    return (left.find(({ role }) => role === 'admin') ?? left[0])?.user
  }
}

const freshMember: Pick<MemberRow, 'unread' | 'muted' | 'pinned' | 'cleared' | 'active'> = {
  unread: 0,
  muted: 0,
  pinned: 0,
  cleared: 0,
  active: 1,
}

function full(membersMax: number): CommandError {
  return new CommandError(chatErrors.groupFull, `at most ${membersMax} members`)
}

function required(conversation: Conversation | undefined): Conversation {
  if (conversation === undefined) throw new CommandError(chatErrors.notFound, 'no such conversation')
  return conversation
}
