import { type Clock, type Random, randomUuid, systemClock, systemRandom } from '../../../kit/index.ts'
import type { ChatCommands, MessageEntry, UserPresence, ConversationSummary as WireConversation } from '../model/wire.ts'
import { type ChatCache, MemoryCache } from './cache.ts'
import { ChatCalls } from './calls.ts'
import { Changes } from './changes.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import type { Conversation } from './conversation.ts'
import { Conversations, ListOrder, MuteEnds } from './conversations.ts'
import { ChatFiles } from './files.ts'
import { type HistoryPages, ignoreOffline } from './history.ts'
import { InUse } from './in-use.ts'
import { Inbox } from './inbox.ts'
import { OnScreen } from './on-screen.ts'
import { MessageOutbox, newEntry, type OutboxEntry } from './outbox.ts'
import { patchOfConversation } from './patch.ts'
import { Presences } from './presences.ts'
import { Reads } from './reads.ts'
import { Locks, Sender } from './sender.ts'
import { TypingNotifier } from './typing.ts'
import type { ChatChange, ConnectionState, ConversationView, ItemView, MessageChange, MessageView, NewMessage, Refusal } from './view.ts'
import { ViewCache } from './view-cache.ts'
import { Wishes } from './wishes.ts'
import { Amending, Windows, Writes } from './writes.ts'

export interface ChatClientOptions extends ConnectionOptions {
  /** Defaults to a `MemoryCache`; pages give an `IndexedDbCache`. */
  readonly cache?: ChatCache
  readonly clock?: Clock
  readonly random?: Random
}

type In<M extends keyof ChatCommands> = ChatCommands[M]['in']
type Out<M extends keyof ChatCommands> = Promise<ChatCommands[M]['out']>

/**
 * One device of a user: the conversations and messages it knows, folded and in order, and an outbox that sends what was written, once, even if that
 * takes a reload. Getters give the same object until something changed. Calls that need the server reject with `ChatError`; `send`, `read`,
 * `typing`, `open` and `shut` never do.
 */
export class ChatClient extends ChatCalls {
  readonly user: string
  /** Until when messages can be changed. */
  readonly windows: Windows
  /** Whether somebody sits at this device, as the page says. */
  readonly inUse: InUse
  /** Files of messages: where they are, and how far one's own have left. */
  readonly files: ChatFiles
  readonly #clock: Clock
  readonly #random: Random
  readonly #connection: Connection
  readonly #changes = new Changes()
  readonly #outbox = new MessageOutbox()
  readonly #conversations: Conversations
  protected readonly inbox: Inbox
  readonly #sender: Sender
  protected readonly writes: Writes
  readonly #amending: Amending
  readonly #reads: Reads
  readonly #presences: Presences
  readonly #typing: TypingNotifier
  readonly #views: ViewCache
  readonly #muteEnds: MuteEnds
  readonly #onScreen: OnScreen
  protected readonly wishes: Wishes
  protected readonly list: ListOrder
  #link: ConnectionState = 'connecting'
  #ended: Refusal | undefined
  #isReady = false

  constructor(readonly options: ChatClientOptions) {
    const { user, device, cache = new MemoryCache(), clock = systemClock, random = systemRandom } = options
    super(random)
    this.user = user
    this.#clock = clock
    this.#random = random
    this.windows = new Windows(clock)
    this.#presences = new Presences(user, clock, this.#changes, id => this.list.touch(id))
    this.#conversations = new Conversations(user, conversation => this.#changed(conversation))
    const isBlocked = (other: string) => this.#conversations.hasBlocked(other)
    this.#views = new ViewCache(user, device, this.#outbox, id => this.#presences.typingIn(id), clock, isBlocked)
    this.#muteEnds = new MuteEnds(clock, id => this.#note(id))
    this.inUse = new InUse(clock, on => this.#use(on))
    this.list = new ListOrder(this.#conversations, conversation => this.#views.view(conversation))
    this.#connection = new Connection(options, {
      link: link => this.#meet(link),
      ended: refusal => {
        this.#ended = refusal
        this.#changes.note({ kind: 'link' })
      },
      onInboxState: inboxState => {
        this.windows.learn(inboxState)
        this.files.learn(inboxState)
        this.inbox.onInboxState(inboxState)
      },
      arrived: (offset, entry) => this.inbox.arrived(offset, entry),
      signalled: (conversation, signal) => this.#presences.hear(conversation, signal),
    })
    const caller = this.#connection
    this.files = new ChatFiles(options, caller, clock, this.#changes)
    this.inbox = new Inbox({
      ...{ user, caller, cache, clock, random },
      conversations: this.#conversations,
      arrived: (message, isNew) => this.#arrived(message, isNew),
      onInboxState: () => this.#onInboxState(),
      listed: () => this.#listed(),
      missing: () => this.#changes.note({ kind: 'conversations' }),
      unread: () => this.list.unread,
      invited: entry => this.hearInvited(entry),
    })
    this.#sender = new Sender(this.#outbox, cache, caller, new Locks(`fanfare-chat ${user} ${device}`), clock, random, {
      sent: (entry, answer) => {
        this.writes.sent(entry, answer)
        const { conversation, cid, text, mentions } = entry
        this.#amending.settle({ conversation, cid, text, mentions }, answer.seq)
      },
      upload: entry => this.files.send(entry),
      dropped: cid => this.files.abort(cid),
      amend: entry => this.writes.amend(entry, id => this.#outbox.entry(id) !== undefined),
      refused: (entry, refusal) => {
        this.#amending.refused(entry, refusal)
        this.#changes.note(failed(entry, refusal))
      },
      changed: conversation => this.#wroteTo(conversation),
    })
    this.writes = new Writes({ user, device, caller, clock, conversations: this.#conversations })
    this.#amending = new Amending(this.#outbox, this.#sender, clock, random)
    this.#reads = new Reads(
      caller,
      clock,
      id => this.#conversations.find(id),
      (id, patch) => this.#conversations.absorb(id, patch),
    )
    this.wishes = new Wishes(caller, clock, random, this.#conversations, {
      refused: (conversation, refusal) => this.#changes.note({ kind: 'refused', conversation, refusal }),
      isChanging: id => this.#outbox.isChanging(id),
    })
    this.#typing = new TypingNotifier(clock, (conversation, on) => this.#type(conversation, on))
    this.#onScreen = this.#openScreen()
  }

  get link(): ConnectionState {
    return this.#link
  }

  /** Why the server sent this client away for good, e.g. for a token that it does not take; undefined while it may come back. */
  get ended(): Refusal | undefined {
    return this.#ended
  }

  /** Whether the list is known, from the cache or the server: until then an empty list means nothing. */
  get ready(): boolean {
    return this.#isReady
  }

  /** Loads the cache, then connects. Resolves when the cache is loaded, so that a page shows at once what it has. */
  async connect(): Promise<void> {
    this.#isReady = await this.inbox.restore().catch((error: unknown) => {
      reportError(error)
      return false
    })
    await this.#sender.restore().catch(reportError)
    for (const conversation of this.#conversations.all) this.#followMute(conversation)
    this.list.reset()
    this.#changes.note({ kind: 'conversations' })
    this.#connection.open()
  }

  /** Lets go of the connection and all timers; what is unsent stays in the cache. Resolves when everything that came is kept. Idempotent. */
  close(): Promise<void> {
    const streams = [this.#connection, this.#sender, this.files, this.#reads, this.wishes, this.#presences]
    for (const part of [...streams, this.#typing, this.#muteEnds, this.inUse, this.inbox]) part.close()
    return this.inbox.ackFlusher.close()
  }

  /** Calls back after something changed, once per turn and change. @returns what ends it */
  onChange(listener: (change: ChatChange) => void): () => void {
    return this.#changes.listen(listener)
  }

  /** Any command of chat, for what has no method here. @throws ChatError */
  override call<M extends keyof ChatCommands>(method: M, input: In<M>): Out<M> {
    return this.#connection.call(method, input)
  }

  conversation(id: string): ConversationView | undefined {
    const conversation = this.#conversations.find(id)
    return conversation === undefined ? undefined : this.#views.view(conversation)
  }

  /** Messages and membership lines by `seq`, then one's own unsent messages as they were written. Empty of one that is not known. */
  messages(conversation: string): readonly ItemView[] {
    const known = this.#conversations.find(conversation)
    return known === undefined ? [] : this.#views.items(known)
  }

  override get pages(): HistoryPages {
    return this.inbox.loader.pages
  }

  /** The conversation is on screen: its newest messages are loaded, and typing and presence of its members are followed until `shut`. */
  open(conversation: string): void {
    this.#onScreen.open(conversation)
  }

  shut(conversation: string): void {
    this.#onScreen.shut(conversation)
    this.#typing.release(conversation)
  }

  /** Puts a message into the outbox; it is shown at once and sent when there is a connection. @returns its `cid` */
  send(conversation: string, message: NewMessage): string {
    const cid = randomUuid(this.#random)
    this.#typing.release(conversation, true)
    this.inbox.ackFlusher.written(conversation)
    this.#sender.add(newEntry(message, { cid, conversation, at: this.#clock.now() }, this.#outbox, this.#random))
    return cid
  }

  /** Sends a failed message, or change of one, again, with the same `cid`, after all that was written since. */
  retry(cid: string): void {
    this.#sender.retry(cid)
  }

  /** Forgets an unsent or failed message, or change of one. */
  discard(cid: string): void {
    this.#amending.discard(cid)
  }

  /** What waits there is not sent any more; changes of what was sent are made all the same. */
  override deleteConversation(conversation: string): void {
    for (const { cid } of this.#outbox.of(conversation)) this.discard(cid)
    super.deleteConversation(conversation)
  }

  /**
   * Edits, deletes or reacts to a message, also without a connection: it is shown at once, kept, and done when there is one. An edit that is refused
   * stays with its message, as `pending`.
   * @returns what `retry` and `discard` take while it waits; undefined where nothing does, since the message itself was waiting
   */
  change(message: Pick<MessageView, 'conversation' | 'seq' | 'cid'>, change: MessageChange): string | undefined {
    return this.#amending.change(message, change)
  }

  /** Empties it for this account. */
  async clear(conversation: string): Out<'chat.clear'> {
    const answer = await this.call('chat.clear', { conversation })
    this.#conversations.absorb(conversation, answer)
    return answer
  }

  /** Marks everything up to `seq` as read. Only forwards; sent at most once a second, and when there is a connection. */
  read(conversation: string, seq: number): void {
    const known = this.#conversations.find(conversation)
    if (known === undefined || seq <= known.read) return
    this.#conversations.absorb(conversation, { wanted: Math.min(seq, known.seq) })
    this.#reads.consider(conversation)
  }

  /** Call it at each keystroke with true, and with false when the field is empty or left. A message that is sent ends it too. */
  typing(conversation: string, on: boolean): void {
    if (on) this.#typing.press(conversation)
    else this.#typing.release(conversation)
  }

  /** Who is typing there now, besides oneself. */
  typingIn(conversation: string): readonly string[] {
    return this.#presences.typingIn(conversation)
  }

  /** What is known of a user's presence, without asking. */
  presenceOf(user: string): UserPresence | undefined {
    return this.#presences.of(user)
  }

  /** Asks for the presence of users. */
  async presence(users: readonly string[]): Promise<readonly UserPresence[]> {
    const { users: presences } = await this.call('chat.presence', { users })
    this.#presences.learn(...presences)
    return presences
  }

  protected entered(conversation: WireConversation): WireConversation {
    this.#conversations.absorb(conversation.id, patchOfConversation(conversation, this.inbox.ackFlusher.held))
    return conversation
  }

  protected invitedChanged(): void {
    this.#changes.note({ kind: 'invited' })
  }

  #openScreen(): OnScreen {
    return new OnScreen({
      ...{ user: this.user, clock: this.#clock, inbox: this.inbox, wishes: this.wishes },
      connection: this.#connection,
      conversations: this.#conversations,
      presences: this.#presences,
      askPresence: users => this.presence(users),
    })
  }

  #meet(link: ConnectionState): void {
    if (link === this.#link) return
    this.#link = link
    this.#changes.note({ kind: 'link' })
    if (link !== 'live') {
      this.#presences.forget(() => false)
      return
    }
    void this.#sender.restore().catch(reportError)
    this.#sender.hurry()
    this.inUse.repeat()
  }

  #type(conversation: string, on: boolean): void {
    if (this.#connection.isLive) void this.call('chat.typing', { conversation, on }).catch(ignoreOffline)
  }

  #use(on: boolean): void {
    if (this.#link === 'live') void this.call('chat.in_use', { on }).catch(ignoreOffline)
  }

  #onInboxState(): void {
    for (const { id, wish } of this.#conversations.all) if (wish !== undefined) this.wishes.consider(id)
    this.#onScreen.attendAll()
  }

  #listed(): void {
    this.#isReady = true
    this.list.reset()
    this.#changes.note({ kind: 'conversations' })
    for (const { id } of this.#conversations.all) {
      this.inbox.loader.healLater(id)
      this.#reads.consider(id)
    }
    this.#onScreen.attendAll()
    void this.askInvited().catch(ignoreOffline)
  }

  #changed(conversation: Conversation): void {
    const { id } = conversation
    this.#followMute(conversation)
    this.#onScreen.changed(conversation)
    this.inbox.ackFlusher.touch(id)
    this.#note(id)
    this.#reads.consider(id)
  }

  #followMute(conversation: Conversation): void {
    this.#muteEnds.follow(conversation.id, conversation.ownAt(this.#clock.now()).mutedUntil)
  }

  /** What one writes is shown, even where nothing is known yet of where it goes. */
  #wroteTo(conversation: string): void {
    this.#conversations.absorb(conversation, {})
    this.#note(conversation)
    this.wishes.consider(conversation)
  }

  #note(conversation: string): void {
    this.list.touch(conversation)
    this.#changes.note({ kind: 'messages', conversation }, { kind: 'conversations' })
  }

  #arrived({ author, conversation, seq, origin, text, mentions }: MessageEntry, isNew: boolean): void {
    this.#presences.stopped(conversation, author)
    if (origin?.device === this.options.device) {
      this.#amending.settle({ conversation, cid: origin.cid, text, mentions }, seq)
      this.#sender.drop(origin.cid)
    }
    const known = this.#conversations.find(conversation)
    const message = known === undefined || !isNew || author === this.user ? undefined : this.#views.message(known, seq)
    if (message === undefined) return
    this.#changes.note({ kind: 'arrived', message })
    this.#onScreen.heard(conversation, author)
  }
}

function failed({ conversation, cid, amends }: OutboxEntry, refusal: Refusal): ChatChange {
  return { kind: 'failed', conversation, cid, what: amends?.kind ?? 'message', refusal }
}
