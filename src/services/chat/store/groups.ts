import { type Random, randomId } from '../../../kit/index.ts'
import { CommandError, errors } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { limits } from '../limits.ts'
import { type Allowed, type ChangedMembers, type ConversationSummary, chatErrors, type MembershipChange, type Role } from '../model/wire.ts'
import type { ChatBounds } from '../options/index.ts'
import { consentsIn, giveConsent, receptionOf, sortOut } from './consent.ts'
import { ask, takeBack } from './invited.ts'
import { conversationOf, describe, type Listed, membersOf } from './listing.ts'
import {
  activeMembers,
  append,
  type Consent,
  type ConversationRow,
  fanOut,
  findMember,
  type Held,
  holdAs,
  holdConversation,
  memberCount,
  noConversation,
  openInbox,
  postConversation,
} from './log.ts'
import { pairKey } from './pair.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import { unreadOf } from './unread.ts'
import { passOver } from './watermarks.ts'

export type MembersChanged = ChangedMembers

/** A user's share of what others are sent. */
export interface GroupRules {
  /** @throws CommandError 429 where so many entries are too many */
  spendEntries?(user: string, entries: number): void
}

/** Who is in which conversation, and in which role. Every change is an entry of the conversation's own log (chat M3, M15, M16). */
export class Groups {
  constructor(
    readonly random: Random,
    readonly bounds: Pick<ChatBounds, 'membersMax'>,
    readonly rules: GroupRules = {},
  ) {}

  /** The conversation of two: the same pair always has the same. Whoever has blocked the one who opens it does not learn of it. */
  async direct(change: UnitOfWork, user: string, other: string): Promise<ConversationSummary> {
    if (user === other) throw new CommandError(chatErrors.unprocessable, 'with: a conversation needs somebody else')
    const { tx, now } = change
    const id = `d_${randomId(this.random, 16)}`
    const key = pairKey(user, other)
    const isNew = await tx.run(
      `insert into chat_conversation (id, kind, title, pair, version, seq, ts, created, send_by, edit_by)
       values (?1, 'direct', '', ?2, 0, 0, ?3, ?3, 'all', 'admins')
       on conflict do nothing`,
      id,
      key,
      now,
    )
    if (isNew === 0) return this.#known(change, key, user)
    const reception = await receptionOf(tx, user, other)
    await this.#seat(tx, id, user, 'member', 0, 'begun')
    await this.#seat(tx, id, other, 'member', 0, reception)
    await this.#announceTo(change, id, reception === 'silent' ? [user] : [user, other])
    return required(await conversationOf(tx, id, user, now))
  }

  /** What others began while they were blocked appears to whoever opens it. */
  async #known(change: UnitOfWork, key: string, user: string): Promise<ConversationSummary> {
    const { id, consent } = required(await this.#made(change.tx, key, user))
    if (consent === 'silent') {
      await change.tx.run("update chat_member set consent = 'begun' where conversation = ?1 and person = ?2", id, user)
      await this.#announceTo(change, id, [user])
    }
    return required(await conversationOf(change.tx, id, user, change.now))
  }

  /** Takes part in what others began, without saying anything. */
  async accept(change: UnitOfWork, user: string, conversation: string): Promise<ConversationSummary> {
    const { tx, now, inboxAppends } = change
    const { member } = await holdAs(tx, conversation, user)
    await giveConsent(change, member)
    const summary = required(await conversationOf(tx, conversation, user, now))
    if (member.consent === 'none' || member.consent === 'held')
      inboxAppends.push(await postConversation(change, user, { kind: 'conversation', conversation, summary }))
    return summary
  }

  /** A new group; its maker owns it. The same `cid` of the same user is the same group. Who does not want to be put there is asked. */
  async create(change: UnitOfWork, user: string, title: string, others: readonly string[], cid: string): Promise<ConversationSummary> {
    return (await this.make(change, user, title, others, cid)).summary
  }

  async make(
    change: UnitOfWork,
    user: string,
    title: string,
    others: readonly string[],
    cid: string,
  ): Promise<{ readonly summary: ConversationSummary; readonly asked: readonly string[] }> {
    const { tx, now } = change
    const wanted = [...new Set(others)].filter(other => other !== user)
    if (wanted.length >= this.bounds.membersMax) throw full(this.bounds.membersMax)
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
    if (isNew === 0) return this.#madeBefore(change, pair, user, wanted)
    const { welcome, asked, told } = await sortOut(tx, user, wanted, id)
    const members = [user, ...welcome]
    this.rules.spendEntries?.(user, members.length)
    await this.#seat(tx, id, user, 'owner', 1, 'given')
    for (const person of welcome) await this.#seat(tx, id, person, 'member', 1, 'none')
    const { row } = await append(change, id, {
      kind: 'membership',
      author: user,
      body: { membership: { change: 'created', users: members, title, version: 1 } },
    })
    await this.#announceTo(change, id, members)
    change.inboxAppends.push(...(await fanOut(change, row)))
    await ask(change, id, user, told)
    return { summary: required(await conversationOf(tx, id, user, now)), asked }
  }

  async add(change: UnitOfWork, user: string, conversation: string, users: readonly string[]): Promise<MembersChanged> {
    const { row } = await this.led(change.tx, conversation, user)
    const present = new Set(await activeMembers(change.tx, conversation))
    const absent = users.filter(person => !present.has(person))
    const { welcome, asked, told } = await sortOut(change.tx, user, absent, conversation)
    const changed = await this.bring(change, row, user, 'added', welcome)
    await ask(change, conversation, user, told)
    return asked.length === 0 ? changed : { ...changed, asked }
  }

  async remove(change: UnitOfWork, user: string, conversation: string, users: readonly string[]): Promise<MembersChanged> {
    const { row, role } = await this.led(change.tx, conversation, user)
    const present: string[] = []
    for (const person of new Set(users)) {
      const member = await findMember(change.tx, conversation, person)
      if (member?.active !== 1) {
        await takeBack(change, { conversation, person })
        continue
      }
      if (person === user) throw new CommandError(chatErrors.unprocessable, 'users: leave a group with chat.leave')
      if (role !== 'owner' && member.role !== 'member') throw new CommandError(chatErrors.forbidden, 'only owners remove admins and owners')
      present.push(person)
    }
    if (present.length === 0) return { version: row.version, seq: row.seq }
    return this.#release(change, row, user, { change: 'removed', users: present })
  }

  /** The last owner hands the group to whoever served longest: of the admins, else of the members (chat M16). */
  async leave(change: UnitOfWork, user: string, conversation: string): Promise<MembersChanged> {
    const { tx } = change
    const { row, member } = await this.#group(tx, conversation, user)
    await passOver(change, conversation, user, row.seq + 1)
    const left = await this.#release(change, row, user, { change: 'left', users: [user] })
    const heir = member.role === 'owner' ? await this.#heir(tx, conversation) : undefined
    if (heir === undefined) return left
    return this.#changeRole(change, { ...row, version: left.version }, heir, heir, 'owner')
  }

  async role(change: UnitOfWork, user: string, conversation: string, person: string, role: Role): Promise<MembersChanged> {
    const { row, role: own } = await this.led(change.tx, conversation, user)
    if (own !== 'owner') throw new CommandError(chatErrors.forbidden, 'only owners change roles')
    const member = await findMember(change.tx, conversation, person)
    if (member?.active !== 1) throw new CommandError(chatErrors.notFound, 'user: not a member')
    if (member.role === role) return { version: row.version, seq: row.seq }
    const owners = (await membersOf(change.tx, conversation)).filter(other => other.role === 'owner')
    if (member.role === 'owner' && owners.length === 1) throw new CommandError(chatErrors.unprocessable, 'role: a group keeps an owner')
    return this.#changeRole(change, row, user, person, role)
  }

  async rename(change: UnitOfWork, user: string, conversation: string, title: string): Promise<MembersChanged> {
    const {
      row,
      member: { role },
    } = await this.#group(change.tx, conversation, user)
    if (role === 'member' && row.edit_by === 'admins') throw new CommandError(chatErrors.forbidden, 'only owners and admins do this')
    await change.tx.run('update chat_conversation set title = ?2 where id = ?1', conversation, title)
    return this.#record(change, row, user, { change: 'renamed', title, users: [] })
  }

  /** Who may send and who may change the title (chat M16). */
  async setModes(
    change: UnitOfWork,
    user: string,
    conversation: string,
    modes: { send?: Allowed | undefined; edit?: Allowed | undefined },
  ): Promise<MembersChanged> {
    const { row } = await this.led(change.tx, conversation, user)
    const { send = row.send_by, edit = row.edit_by } = modes
    if (send === row.send_by && edit === row.edit_by) return { version: row.version, seq: row.seq }
    await change.tx.run('update chat_conversation set send_by = ?2, edit_by = ?3 where id = ?1', conversation, send, edit)
    return this.#record(change, row, user, { change: 'modes', send, edit, users: [] })
  }

  async #made(tx: Queries, pair: string, user: string): Promise<{ readonly id: string; readonly consent: Consent } | undefined> {
    const [known] = await tx.all<{ id: string; consent: Consent }>(
      'select c.id, m.consent from chat_conversation c join chat_member m on m.conversation = c.id and m.person = ?2 where c.pair = ?1',
      pair,
      user,
    )
    return known
  }

  async #madeBefore({ tx, now }: UnitOfWork, pair: string, user: string, wanted: readonly string[]) {
    const { id } = required(await this.#made(tx, pair, user))
    const present = new Set(await activeMembers(tx, id))
    return { summary: required(await conversationOf(tx, id, user, now)), asked: wanted.filter(other => !present.has(other)) }
  }

  /** The group, held, of one of its members: whoever is none does not learn what kind it is. */
  async #group(tx: Queries, conversation: string, user: string): Promise<Held> {
    const held = await holdAs(tx, conversation, user)
    if (held.row.kind !== 'group') throw new CommandError(chatErrors.unprocessable, 'conversation: not a group')
    return held
  }

  /** The group, held, of somebody who may lead it. */
  async led(tx: Queries, conversation: string, user: string): Promise<{ row: ConversationRow; role: Role }> {
    const {
      row,
      member: { role },
    } = await this.#group(tx, conversation, user)
    if (role === 'member') throw new CommandError(chatErrors.forbidden, 'only owners and admins do this')
    return { row, role }
  }

  /** Those who are not there yet; all of them, or none. Who comes by own choice takes part, who is put there may first look. */
  async bring(
    change: UnitOfWork,
    row: ConversationRow,
    author: string,
    how: 'added' | 'joined',
    users: readonly string[],
    consent: Consent = how === 'joined' ? 'given' : 'none',
  ): Promise<MembersChanged> {
    const { tx } = change
    const present = new Set(await activeMembers(tx, row.id))
    const fresh = [...new Set(users)].filter(user => !present.has(user))
    if (fresh.length === 0) return { version: row.version, seq: row.seq }
    if (present.size + fresh.length > this.bounds.membersMax) throw full(this.bounds.membersMax)
    await this.#checkRows(tx, row.id)
    for (const person of fresh) {
      await tx.run('delete from chat_request where conversation = ?1 and person = ?2', row.id, person)
      await takeBack(change, { conversation: row.id, person })
      await this.#seat(tx, row.id, person, present.size === 0 ? 'owner' : 'member', row.seq + 1, consent)
    }
    return this.#record(change, row, author, { change: how, users: fresh }, fresh)
  }

  /** They still get the entry that says so, and nothing after it. */
  async #release(
    change: UnitOfWork,
    row: ConversationRow,
    author: string,
    what: MembershipChange & { readonly change: 'removed' | 'left' },
  ): Promise<MembersChanged> {
    const changed = await this.#record(change, row, author, what)
    for (const person of what.users) {
      await change.tx.run(
        `update chat_member set active = 0, role = 'member', consent = ?3, unread = ${unreadOf('chat_member')} where conversation = ?1 and person = ?2`,
        row.id,
        person,
        what.change,
      )
      await this.#closeWays(change, row.id, person)
      await change.tx.run(
        'update chat_stay set to_seq = ?3 where conversation = ?1 and person = ?2 and to_seq is null',
        row.id,
        person,
        changed.seq,
      )
    }
    return changed
  }

  async #changeRole(change: UnitOfWork, row: ConversationRow, author: string, person: string, role: Role): Promise<MembersChanged> {
    await change.tx.run('update chat_member set role = ?3 where conversation = ?1 and person = ?2', row.id, person, role)
    if (role === 'member') await this.#closeWays(change, row.id, person)
    return this.#record(change, row, author, { change: 'role', users: [person], role })
  }

  /** Who does not lead a group any longer lets nobody in. */
  async #closeWays(change: UnitOfWork, conversation: string, author: string): Promise<void> {
    await change.tx.run(
      'delete from chat_invite_use where code in (select code from chat_invite where conversation = ?1 and author = ?2)',
      conversation,
      author,
    )
    await change.tx.run('delete from chat_invite where conversation = ?1 and author = ?2', conversation, author)
    await takeBack(change, { conversation, author })
  }

  /** Rows of members stay when they go, so that as many as one likes are no way to fill the store. */
  async #checkRows(tx: Queries, conversation: string): Promise<void> {
    const [ever] = await tx.all<{ count: number }>(
      'select cast(count(*) as integer) as count from chat_member where conversation = ?1',
      conversation,
    )
    const most = this.bounds.membersMax * limits.formerFactor
    if ((ever?.count ?? 0) >= most) throw new CommandError(errors.limitExceeded, `at most ${most} users in all the time of a group`)
  }

  async #record(
    change: UnitOfWork,
    row: ConversationRow,
    author: string,
    membership: MembershipChange,
    newcomers: readonly string[] = [],
  ): Promise<MembersChanged> {
    const { tx, inboxAppends } = change
    const version = row.version + 1
    this.rules.spendEntries?.(author, await memberCount(tx, row.id))
    await tx.run('update chat_conversation set version = ?2 where id = ?1', row.id, version)
    const entry = await append(change, row.id, { kind: 'membership', author, body: { membership: { ...membership, version } } })
    await this.#announceTo(change, row.id, newcomers)
    inboxAppends.push(...(await fanOut(change, entry.row)))
    return { version, seq: entry.seq }
  }

  /** They learn of the conversation as a whole before they get its entries. */
  async #announceTo(change: UnitOfWork, id: string, people: readonly string[]): Promise<void> {
    if (people.length === 0) return
    const { tx, now, inboxAppends } = change
    const row = await holdConversation(tx, id)
    const members = await membersOf(tx, id)
    const isDirect = row.kind === 'direct'
    const consents = isDirect ? undefined : await consentsIn(tx, id)
    for (const person of people) {
      const fresh = { ...freshMember, consent: consents?.get(person) ?? 'none' }
      const conversation = isDirect
        ? required(await conversationOf(tx, id, person, now))
        : describe(row, fresh, members, { requests: 0, now })
      inboxAppends.push(await postConversation(change, person, { kind: 'conversation', conversation: id, summary: conversation }))
    }
  }

  /** From `since` on they see what is said. Whoever comes back sees nothing of the time between (chat M15). */
  async #seat(tx: Queries, conversation: string, person: string, role: Role, since: number, consent: Consent): Promise<void> {
    const read = Math.max(0, since)
    await tx.run(
      `insert into chat_member (conversation, person, role, since, active, delivered_to, read_to, told_delivered, told_read, receipt_due,
         unread, muted, pinned, cleared, consent)
       values (?1, ?2, ?3, ?4, 1, ?5, ?5, ?5, ?5, 0, -(select c.counted from chat_conversation c where c.id = ?1), 0, 0, 0, ?6)
       on conflict (conversation, person) do update set active = 1, consent = excluded.consent, role = excluded.role, since = excluded.since,
         unread = excluded.unread,
         archived_below = 0, deleted_below = 0, marked = 0, delivered_to = excluded.delivered_to, read_to = excluded.read_to, told_delivered = excluded.told_delivered, told_read = excluded.told_read`,
      conversation,
      person,
      role,
      since,
      read,
      consent,
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

const freshMember: Omit<Listed, 'consent'> = {
  unread: 0,
  muted_until: 0,
  pinned: 0,
  cleared: 0,
  active: 1,
  archived_below: 0,
  deleted_below: 0,
  marked: 0,
}

function full(membersMax: number): CommandError {
  return new CommandError(chatErrors.groupFull, `at most ${membersMax} members`)
}

function required<T>(found: T | undefined): T {
  if (found === undefined) throw noConversation()
  return found
}
