import type { Random } from '../../kit/index.ts'
import { CommandError } from '../../protocol/index.ts'
import type { RateLimit, ServiceHost, Sql } from '../../service.ts'
import { Connections } from './connections.ts'
import { Deliveries } from './deliveries.ts'
import type { Files } from './files/index.ts'
import { Indexer } from './indexer.ts'
import { limits } from './limits.ts'
import { chatErrors, type InboxState, type MessageEntry, type OwnDevice } from './model/wire.ts'
import type { OnlineUsers } from './online-users.ts'
import type { ChatBounds } from './options/index.ts'
import { ChatPresence } from './presence.ts'
import type { PushDesk } from './push/index.ts'
import { Receipts } from './receipts.ts'
import { openChannel, Signals } from './signals.ts'
import {
  type Actor,
  beenHere,
  devicesOf,
  findMember,
  Groups,
  type InboxAppend,
  Inboxes,
  Invitations,
  Messages,
  type PlaceRange,
  type PushStore,
  type Sending,
  signOutDevice,
  sweep,
  tellReceipts,
  toJson,
  UnitsOfWork,
  untoldReceipts,
} from './store/index.ts'

/**
 * Asked before a message is taken, and may take its time: moderation, or what keeps the order of MLS commits (chat M26). What it throws is the
 * answer. Of encrypted messages it sees no content (chat M27).
 */
export type Screen = (draft: Sending & { readonly author: string }) => Promise<void>

/** Which of these users there are: asked before rows are made for them. Without it every name is somebody's. */
export type Existing = (users: readonly string[]) => Promise<readonly string[]>

export interface ChatParts {
  readonly server: ServiceHost
  readonly sql: Sql
  readonly epoch: string
  readonly random: Random
  readonly bounds: ChatBounds
  readonly durability: InboxState['durability']
  readonly onlineUsers: OnlineUsers
  readonly pushStore: PushStore
  /** Absent where nobody is to be told by push. */
  readonly pushes?: PushDesk
  /** Absent where messages carry no files. */
  readonly files?: Files | undefined
  readonly screen?: Screen | undefined
  readonly existing?: Existing | undefined
}

const daySeconds = 24 * 3600

/** An application's own code, after which an SDK stays away. */
const signedOut = { code: 4501, reason: chatErrors.signedOut.message }

/** Everything of chat that runs: what is committed goes to inboxes, what is only said now to whoever has the conversation open. */
export class Chat {
  readonly unitsOfWork: UnitsOfWork
  readonly inboxes: Inboxes
  readonly deliveries: Deliveries
  readonly groups: Groups
  readonly invitations: Invitations
  readonly messages: Messages
  readonly connections: Connections
  readonly receipts: Receipts
  readonly indexer: Indexer
  readonly signals: Signals
  readonly presence: ChatPresence
  readonly commandRates: RateLimit
  readonly conversationRates: RateLimit
  readonly peopleRates: RateLimit
  readonly entryRates: RateLimit
  /** Since the start: entries put into inboxes, by kind. */
  readonly inboxAppends: Record<string, number> = {}
  readonly #messageRates: RateLimit
  #isClosed = false

  constructor(readonly parts: ChatParts) {
    const { server, sql, epoch, random, bounds, durability, files } = parts
    const { clock } = server
    this.unitsOfWork = new UnitsOfWork(sql, clock, {
      deliver: (inboxAppends, stretch) => this.#deliver(inboxAppends, stretch),
      receiptsDue: conversation => this.receipts.moved(conversation),
      opened: (conversation, person) => this.presence.entered(conversation, person),
    })
    const spendEntries = (user: string, entries: number) => this.entryRates.spend(user, entries)
    this.inboxes = new Inboxes(sql, epoch, clock)
    this.deliveries = new Deliveries({ server, sql, epoch, random })
    this.inboxes.follow = (person, read) => this.deliveries.followed.follow(person, read)
    this.groups = new Groups(random, bounds, { spendEntries })
    this.invitations = new Invitations(this.groups, random)
    this.#messageRates = server.rate(bounds.messageRate)
    this.commandRates = server.rate(bounds.commandRate)
    this.conversationRates = server.rate(aDay(bounds.conversationsPerDay))
    this.peopleRates = server.rate(aDay(bounds.peoplePerDay))
    this.entryRates = server.rate(bounds.entryRate)
    this.messages = new Messages({ bounds, spend: user => this.#messageRates.spend(user), spendEntries })
    this.connections = new Connections({
      unitsOfWork: this.unitsOfWork,
      inboxes: this.inboxes,
      followed: this.deliveries.followed,
      durability,
      limits: {
        edit_ms: bounds.editMs,
        delete_ms: bounds.deleteMs,
        ...(files === undefined ? {} : { file_bytes: files.settings.bounds.bytesMax }),
      },
      push: (client, channel, items) =>
        server.push(
          client,
          channel,
          items.map(({ pts, entry }) => ({ data: toJson({ ...entry, re: true }), offset: pts })),
        ),
      failed: (user, error) => server.log.error({ user, err: error }, 'a window of an inbox could not be sent'),
    })
    this.receipts = new Receipts({
      clock,
      everyMs: limits.receiptsMs,
      tell: conversation => this.unitsOfWork.commit(change => tellReceipts(change, conversation)),
      failed: (conversation, error) => server.log.error({ conversation, err: error }, 'receipts could not be sent'),
    })
    this.signals = new Signals(parts)
    this.presence = new ChatPresence({ ...parts, connections: this.connections, signals: this.signals })
    this.indexer = new Indexer({
      sql,
      clock,
      failed: error => server.log.error({ err: error }, 'messages could not be put into the search index'),
    })
  }

  get onlineUsers(): OnlineUsers {
    return this.parts.onlineUsers
  }

  /** Takes up what a server that ended too early left untold. */
  async start(): Promise<void> {
    await this.deliveries.start()
    for (const conversation of await untoldReceipts(this.parts.sql)) this.receipts.moved(conversation)
    await this.parts.pushes?.start()
    this.indexer.start()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.deliveries.close()
    this.presence.close()
    this.receipts.close()
    await this.indexer.close()
    this.parts.files?.close()
    await this.parts.pushes?.close()
  }

  /** The devices of a user, the one seen last first. */
  async devicesOf({ user, device: own }: Actor): Promise<OwnDevice[]> {
    const here = this.connections.devicesOf(user)
    return (await devicesOf(this.parts.sql, user)).map(({ device, created, seen, pushes }) => ({
      device,
      ...(device === own ? { current: true } : {}),
      online: here.has(device),
      created,
      seen,
      pushes: pushes > 0,
    }))
  }

  /** Nothing comes to that device any more, and it is told so, at once or when it comes again. @throws CommandError 404 */
  async signOut(user: string, device: string): Promise<void> {
    await this.unitsOfWork.commit(({ tx, now }) => signOutDevice(tx, user, device, now))
    for (const client of this.connections.clientsOf(user, device)) await this.parts.server.disconnect(user, client, signedOut)
  }

  /** Outside of any transaction: whoever is asked may take longer than others can wait. */
  async screen(draft: Sending, author: string): Promise<void> {
    if (this.parts.screen === undefined || (await findMember(this.parts.sql, draft.conversation, author)) === undefined) return
    const { enc } = draft
    const shown = enc === undefined ? draft : { ...draft, enc: { scheme: enc.scheme, epoch: enc.epoch } }
    await this.parts.screen({ ...shown, author })
  }

  /**
   * @param known whether only those are meant who have been here, where nobody says which users there are
   * @throws CommandError 404 where one of those who are to come into a conversation is nobody, 429 where they are too many for a day
   */
  async bring(user: string, others: readonly string[], known = false): Promise<void> {
    const wanted = [...new Set(others)].filter(other => other !== user)
    if (wanted.length === 0) return
    const existing = this.parts.existing === undefined ? undefined : new Set(await this.parts.existing(wanted))
    const nobody = existing === undefined ? undefined : wanted.find(other => !existing.has(other))
    if (nobody !== undefined) throw new CommandError(chatErrors.notFound, `no such user: ${nobody}`)
    // Before it is said who has been here, so that nobody tries one name after the other.
    this.peopleRates.spend(user, wanted.length)
    if (!known || existing !== undefined) return
    const here = await beenHere(this.parts.sql, wanted)
    const strangers = wanted.filter(other => !here.has(other))
    if (strangers.length > 0) throw new CommandError(chatErrors.unknownUser, strangers.join(', '))
  }

  /** They do not hear what those who are left say in passing. */
  async shutOut(conversation: string, users: readonly string[]): Promise<void> {
    for (const user of users) await this.parts.server.unsubscribe(user, openChannel(conversation))
  }

  async sweep(): Promise<void> {
    const { sql, server } = this.parts
    const now = server.clock.now()
    for (const part of [this.receipts, this.signals, this.onlineUsers]) part.sweep()
    this.connections.sweep(now)
    const nextStep = () => new Promise<boolean>(resolve => server.clock.soon(() => resolve(!this.#isClosed)))
    await sweep(sql, now, nextStep)
    if (this.#isClosed) return
    await this.parts.files?.sweepAll()
  }

  #deliver(inboxAppends: readonly InboxAppend[], stretch: PlaceRange): void {
    const { pushes } = this.parts
    this.#noteLogged(inboxAppends)
    for (const { entry } of inboxAppends) this.inboxAppends[entry.kind] = (this.inboxAppends[entry.kind] ?? 0) + 1
    this.deliveries.committed(inboxAppends, stretch)
    if (pushes !== undefined) this.#owe(inboxAppends, pushes)
  }

  /** Entries of the log must be found by searches. */
  #noteLogged(inboxAppends: readonly InboxAppend[]): void {
    let [conversation, seq] = ['', 0]
    for (const { entry } of inboxAppends) {
      // An entry has a copy for each member.
      if (!('seq' in entry) || entry.seq === 0 || (entry.seq === seq && entry.conversation === conversation)) continue
      ;[conversation, seq] = [entry.conversation, entry.seq]
      this.indexer.note(conversation)
    }
  }

  #owe(inboxAppends: readonly InboxAppend[], pushes: PushDesk): void {
    const messages = inboxAppends.filter(
      (item): item is InboxAppend & { entry: MessageEntry } => item.entry.kind === 'message' && item.entry.author !== item.person,
    )
    // Several messages may have been committed at once.
    for (const copies of Map.groupBy(messages, ({ place }) => place).values()) void this.#oweMessage(copies, pushes)
    for (const { person, entry } of inboxAppends) {
      if (entry.kind === 'delete' && entry.for === 'everyone') pushes.retract(person, entry.conversation, entry.target)
    }
  }

  /** @param copies of one message, for each who gets it */
  async #oweMessage(copies: readonly (InboxAppend & { entry: MessageEntry })[], pushes: PushDesk): Promise<void> {
    const { conversation = '', author, seq } = copies[0]?.entry ?? {}
    try {
      const wanting = await this.parts.pushStore.wanting(conversation, author, seq)
      for (const { person, place, entry } of copies) {
        if (!wanting.has(person)) continue
        pushes.owe(person, {
          conversation,
          offset: place,
          seq: entry.seq,
          mid: entry.mid,
          ...(entry.enc === undefined ? {} : { enc: entry.enc }),
        })
      }
    } catch (error) {
      // Pushes that are due are read from the rows at the next start.
      this.parts.server.log.error({ conversation, err: error }, 'pushes could not be prepared')
    }
  }
}

function aDay(count: number) {
  return { perSecond: count / daySeconds, burst: count }
}
