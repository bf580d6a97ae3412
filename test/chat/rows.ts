import { type Clock, type Random, seededRandom, systemClock } from '../../src/kit/index.ts'
import { type ChatBounds, chatDefaults } from '../../src/services/chat/index.ts'
import type { ConversationSummary, InboxEntry } from '../../src/services/chat/model/wire.ts'
import {
  changeProfile,
  conversationOf,
  deliver,
  epochOf,
  Groups,
  headOf,
  type InboxAppend,
  Inboxes,
  Invitations,
  inboxChannel,
  linkDevice,
  type MembersChanged,
  Messages,
  type OwnChange,
  type Profile,
  placeOf,
  read,
  recountUnread,
  type Sent,
  schema,
  setOwn,
  tellReceipts,
  UnitsOfWork,
} from '../../src/services/chat/store/index.ts'
import { migrateSql, type Sql } from '../../src/store/index.ts'

/** The rows of chat without a server around them: each call is one transaction, and its inbox appends are noted. */
export class ChatRows {
  readonly posted: (InboxAppend & { readonly pts: number })[] = []
  readonly #tops = new Map<string, number>()
  readonly unitsOfWork: UnitsOfWork
  readonly groups: Groups
  readonly invitations: Invitations
  readonly messages: Messages
  #cids = 0

  private constructor(
    readonly sql: Sql,
    readonly inboxes: Inboxes,
    clock: Clock,
    random: Random,
    bounds: ChatBounds,
  ) {
    this.unitsOfWork = new UnitsOfWork(sql, clock, { deliver: posted => this.#note(posted), receiptsDue() {} })
    this.groups = new Groups(random, bounds)
    this.invitations = new Invitations(this.groups, random)
    this.messages = new Messages({ bounds, spend() {} })
  }

  static async open(
    sql: Sql,
    { clock = systemClock, bounds = chatDefaults }: { clock?: Clock; bounds?: ChatBounds } = {},
  ): Promise<ChatRows> {
    const random = seededRandom(7400)
    await migrateSql(sql, 'chat', schema)
    return new ChatRows(sql, new Inboxes(sql, await epochOf(sql, random)), clock, random, bounds)
  }

  direct(user: string, other: string): Promise<ConversationSummary> {
    return this.unitsOfWork.commit(change => this.groups.direct(change, user, other))
  }

  group(user: string, others: readonly string[], cid = `group-${++this.#cids}`): Promise<ConversationSummary> {
    return this.unitsOfWork.commit(change => this.groups.create(change, user, 'a group', others, cid))
  }

  add(user: string, conversation: string, users: readonly string[]): Promise<MembersChanged> {
    return this.unitsOfWork.commit(change => this.groups.add(change, user, conversation, users))
  }

  remove(user: string, conversation: string, users: readonly string[]): Promise<MembersChanged> {
    return this.unitsOfWork.commit(change => this.groups.remove(change, user, conversation, users))
  }

  leave(user: string, conversation: string): Promise<MembersChanged> {
    return this.unitsOfWork.commit(change => this.groups.leave(change, user, conversation))
  }

  async invite(user: string, conversation: string, uses = 0): Promise<string> {
    return (
      await this.unitsOfWork.commit(change => this.invitations.invite(change, user, conversation, { uses, ttlMs: 60_000, approval: false }))
    ).code
  }

  join(user: string, code: string): Promise<ConversationSummary | undefined> {
    return this.unitsOfWork.commit(change => this.invitations.join(change, user, code))
  }

  send(
    user: string,
    conversation: string,
    text: string,
    { cid = `m-${++this.#cids}`, device = 'phone', version }: { cid?: string; device?: string; version?: number } = {},
  ): Promise<Sent> {
    return this.unitsOfWork.commit(change => this.messages.send(change, { user, device }, { conversation, cid, text, device, version }))
  }

  edit(user: string, conversation: string, seq: number, text: string): Promise<{ seq: number; rev: number }> {
    return this.unitsOfWork.commit(change => this.messages.edit(change, { user, device: 'phone' }, { conversation, seq, text }))
  }

  delete(user: string, conversation: string, seq: number, scope: 'everyone' | 'me' = 'everyone'): Promise<{ seq: number }> {
    return this.unitsOfWork.commit(change =>
      scope === 'me'
        ? this.messages.deleteForMe(change, { user, device: 'phone' }, conversation, seq)
        : this.messages.deleteForEveryone(change, { user, device: 'phone' }, conversation, seq),
    )
  }

  react(user: string, conversation: string, seq: number, emoji: string): Promise<{ seq: number }> {
    return this.unitsOfWork.commit(change => this.messages.react(change, { user, device: 'phone' }, conversation, seq, emoji))
  }

  read(user: string, conversation: string, seq: number): Promise<{ read: number; unread: number }> {
    return this.unitsOfWork.commit(change => read(change, user, conversation, seq))
  }

  /** What a conversation is to one user alone. */
  mute(user: string, conversation: string, own: OwnChange): Promise<unknown> {
    return this.unitsOfWork.commit(change => setOwn(change, user, conversation, own))
  }

  settings(user: string, settings: Partial<Profile>): Promise<Profile> {
    return this.unitsOfWork.commit(({ tx }) => changeProfile(tx, user, settings))
  }

  link(user: string, device = 'phone'): Promise<unknown> {
    return this.unitsOfWork.commit(({ tx, now }) => linkDevice(tx, user, device, now))
  }

  deliver(user: string, after: number, upTo: number): Promise<void> {
    return this.unitsOfWork.commit(async ({ tx, now }) => {
      const [from, to] = [await placeOf(tx, user, after), await placeOf(tx, user, upTo)]
      await deliver(tx, [{ person: user, after: from.place, upTo: to.place }], now)
    })
  }

  tell(conversation: string): Promise<void> {
    return this.unitsOfWork.commit(change => tellReceipts(change, conversation))
  }

  recount(user: string, conversation: string): Promise<number> {
    return recountUnread(this.sql, conversation, user)
  }

  async unread(user: string, conversation: string): Promise<number> {
    return (await conversationOf(this.sql, conversation, user))?.unread ?? 0
  }

  /** All that stands in the inbox, from its beginning. */
  async inbox(user: string): Promise<InboxEntry[]> {
    return (await this.inboxes.items(user, 0, 100_000)).map(({ entry }) => entry)
  }

  /** Entries of the log that came to a user, by `seq`. */
  async logged(user: string, conversation: string): Promise<number[]> {
    return (await this.inbox(user)).flatMap(entry =>
      'seq' in entry && entry.seq > 0 && entry.conversation === conversation ? [entry.seq] : [],
    )
  }

  /** What was handed on, in order, to one inbox. */
  offsets(user: string): number[] {
    return this.posted.filter(({ person }) => person === user).map(({ pts }) => pts)
  }

  channel(user: string): string {
    return inboxChannel(user)
  }

  async top(user: string): Promise<number> {
    return (await headOf(this.sql, user)).pts
  }

  /** Each inbox has dense places of its own. */
  #note(posted: readonly InboxAppend[]): void {
    for (const append of posted) {
      const pts = (this.#tops.get(append.person) ?? 0) + 1
      this.#tops.set(append.person, pts)
      this.posted.push({ ...append, pts })
    }
  }
}
