import { between, type Random } from '../../../src/kit/index.ts'
import type { ConversationView } from '../../../src/services/chat/client/index.ts'
import { ChatClient, ChatError, MemoryCache } from '../../../src/services/chat/client/index.ts'
import type { ChatCommands } from '../../../src/services/chat/model/wire.ts'
import { tokenOf } from '../../clients/user.ts'
import type { Pace } from '../../cluster/websocket-pipe.ts'
import { MachineClock } from '../../core/clock.ts'
import { AppSocket } from './app-socket.ts'
import type { DeviceContext } from './device.ts'
import type { Handheld, Held } from './handheld.ts'
import type { Copy, Slot } from './replica.ts'
import { readMessages } from './wire.ts'

type Method = keyof ChatCommands

interface AppWish {
  readonly method: Method
  readonly input: object
}

/** The real client layer on the published SDK, on a device whose app may be killed at any time and keeps only what its cache has. */
export class AppDevice implements Handheld {
  readonly name = 'app'
  readonly pace: Pace
  /** Messages that it put into its outbox, by their `cid`. */
  readonly sent = new Map<string, string>()
  readonly #wishes = new Set<AppWish>()
  #cache = new MemoryCache()
  #clock: MachineClock
  #client: ChatClient
  #socket: AppSocket | undefined
  #held = 0

  constructor(
    readonly context: DeviceContext,
    readonly user: string,
    readonly random: Random,
  ) {
    this.pace = { latencyMs: between(random, 1, 25), bytesPerMs: 500 }
    this.#clock = new MachineClock(context.time)
    this.#client = this.#start(this.#clock)
  }

  get isConnected(): boolean {
    return this.#client.link === 'live'
  }

  get waiting(): readonly string[] {
    const unsent = this.#client.conversations.flatMap(({ id }) =>
      this.#client.messages(id).flatMap(item => (item.kind === 'message' && item.state === 'waiting' ? [`send ${item.cid}`] : [])),
    )
    return [...[...this.#wishes].map(({ method }) => method), ...unsent]
  }

  /** The refused ones of its messages. */
  get failed(): ReadonlySet<string> {
    const items = this.#client.conversations.flatMap(({ id }) => this.#client.messages(id))
    return new Set(items.flatMap(item => (item.kind === 'message' && item.state === 'failed' && item.cid !== undefined ? [item.cid] : [])))
  }

  get replica(): Held {
    const client = this.#client
    const copies = new Map(client.conversations.map(view => [view.id, this.#copy(view)]))
    return {
      copies,
      ...{ items: new Map(), since: Number.POSITIVE_INFINITY, held: this.#held, isListed: client.ready },
      unread: ({ id }) => client.conversation(id)?.unread ?? 0,
    }
  }

  /** Its messages as their author sees them. */
  get client(): ChatClient {
    return this.#client
  }

  wish<M extends Method>(method: M, input: ChatCommands[M]['in']): void {
    if (this.#clock.isDead) return
    const wish: AppWish = { method, input }
    if (wishIs('chat.send', wish)) {
      const { conversation, text, reply_to: replyTo, version } = wish.input
      this.context.tally.count('app sends')
      const cid = this.#client.send(conversation, {
        ...(text === undefined ? {} : { text }),
        ...(replyTo === undefined ? {} : { replyTo }),
        ...(version === undefined ? {} : { version }),
      })
      this.sent.set(cid, conversation)
      this.context.trace(() => `${this.user}/app writes ${cid}: ${text}`)
    } else if (wishIs('chat.read', wish)) this.#client.read(wish.input.conversation, wish.input.seq)
    else {
      this.#wishes.add(wish)
      this.#try(wish, this.#clock)
    }
  }

  cut(how: 'clean' | 'silent'): void {
    this.#socket?.cut(how)
  }

  /** The app is killed, and started again later. */
  sleep(ms: number): void {
    this.context.tally.count('apps killed')
    this.#kill()
    this.context.time.after(ms, () => this.wake())
  }

  wake(): void {
    if (this.#clock.isDead) this.#restart()
  }

  wipe(): void {
    this.#forgetUnsent()
    this.#kill()
    this.#cache = new MemoryCache()
    this.#restart()
  }

  review(): void {
    for (const { id } of this.#client.conversations) {
      this.#client.open(id)
      this.#loadAll(id)
    }
  }

  #loadAll(id: string): void {
    const { time, judge } = this.context
    this.#client.loadBefore(id).then(
      more => {
        if (more) this.#loadAll(id)
      },
      (error: unknown) => {
        judge.hold(error instanceof ChatError && error.temporary, `${this.user}/app could not page ${id}: ${error}`)
        time.after(300, () => this.#loadAll(id))
      },
    )
  }

  /** What is still in the outbox goes with the memory, refused or not; what waited may have been said. */
  #forgetUnsent(): void {
    for (const { id } of this.#client.conversations)
      for (const item of this.#client.messages(id))
        if (item.kind === 'message' && (item.state === 'waiting' || item.state === 'failed') && item.cid !== undefined)
          this.sent.delete(item.cid)
  }

  #kill(): void {
    this.context.trace(() => `${this.user}/app is killed`)
    this.#clock.kill()
    this.#socket?.cut('clean')
    this.#socket = undefined
  }

  #restart(): void {
    this.#clock = new MachineClock(this.context.time)
    this.#client = this.#start(this.#clock)
    for (const wish of this.#wishes) this.#try(wish, this.#clock)
  }

  #start(clock: MachineClock): ChatClient {
    const { context, user, name, pace, random } = this
    const tell = {
      ...{ time: context.time, tally: context.tally, machine: () => context.machine(random), pace },
      isRunning: () => !clock.isDead,
      opened: (socket: AppSocket) => {
        this.#socket = socket
      },
      received: (text: string) => this.#overhear(text),
    }
    class Socket extends AppSocket {
      constructor() {
        super(tell)
      }
    }
    const client = new ChatClient({
      ...{ url: 'ws://simulated', user, device: name, token: tokenOf(user), websocket: Socket, clock, random, cache: this.#cache },
    })
    void client.connect()
    return client
  }

  /** What comes over the line, before the app sees it. */
  #overhear(text: string): void {
    const { transcript, judge } = this.context
    this.context.trace(() => `${this.user}/app hears ${text}`)
    for (const { connect, push, rpc } of readMessages(text)) {
      const inbox = connect?.subs?.[`inbox:#${this.user}`]
      if (inbox?.data !== undefined) {
        judge.hold(inbox.recovered === true, `${this.user}/app was not given its inbox`)
        this.#held = inbox.data.acked
      }
      for (const { offset = 0, data } of inbox?.publications ?? []) transcript.seeEntry(this.user, this.name, offset, data)
      if (push?.channel === `inbox:#${this.user}` && push.pub !== undefined)
        transcript.seeEntry(this.user, this.name, push.pub.offset ?? 0, push.pub.data)
      const answer = rpc?.data as Partial<
        ChatCommands['chat.history']['out'] & ChatCommands['chat.conversations']['out'] & ChatCommands['chat.ack']['out']
      >
      for (const entry of answer?.entries ?? []) transcript.see(this.user, this.name, entry)
      for (const conversation of answer?.conversations ?? []) {
        transcript.seeConversation(this.user, conversation)
        transcript.seeSummary(this.user, conversation)
      }
      if (answer?.offset !== undefined) this.#held = answer.offset
    }
  }

  #try(wish: AppWish, clock: MachineClock): void {
    const { tally, time } = this.context
    this.#perform(wish).then(
      () => {
        this.#wishes.delete(wish)
        tally.count(`app ${wish.method}`)
      },
      (error: unknown) => {
        if (clock.isDead || !this.#wishes.has(wish)) return
        if (error instanceof ChatError && error.temporary) time.after(400, () => this.#again(wish, clock))
        else {
          this.#wishes.delete(wish)
          tally.count(`app ${wish.method} refused`)
        }
      },
    )
  }

  #again(wish: AppWish, clock: MachineClock): void {
    if (!clock.isDead && this.#wishes.has(wish)) this.#try(wish, clock)
  }

  #perform(wish: AppWish): Promise<unknown> {
    const client = this.#client
    if (wishIs('chat.edit', wish)) return client.edit(wish.input.conversation, wish.input.seq, wish.input.text ?? '')
    if (wishIs('chat.delete', wish)) return client.erase(wish.input.conversation, wish.input.seq, wish.input.for)
    if (wishIs('chat.react', wish)) return client.react(wish.input.conversation, wish.input.seq, wish.input.emoji)
    if (wishIs('chat.clear', wish)) return client.clear(wish.input.conversation)
    if (wishIs('chat.direct', wish)) return client.direct(wish.input.with)
    if (wishIs('chat.join', wish)) return client.join(wish.input.code)
    return client.call(wish.method, wish.input as never)
  }

  #copy({ id, kind, active, members, read }: ConversationView): Copy {
    const slots = new Map<number, Slot>()
    for (const item of this.#client.messages(id)) {
      if (item.kind === 'membership') slots.set(item.seq, { ...nothing, kind: 'membership', author: item.author })
      else if (item.seq !== undefined) {
        const { mid = '', author, text, rev, deleted: isDeleted } = item
        slots.set(item.seq, { kind: 'message', mid, author, text, rev, isDeleted })
      }
    }
    return {
      ...{ id, kind, slots, read, cleared: 0, hidden: new Set<number>(), places: new Set(slots.keys()) },
      members: new Set(members.flatMap(({ user }) => (user === this.user && !active ? [] : [user]))),
      delivered: new Map(members.map(({ user, delivered }) => [user, delivered])),
      reads: new Map(members.map(member => [member.user, member.read])),
    }
  }
}

const nothing: Slot = { kind: 'unknown', mid: '', author: '', text: undefined, rev: 0, isDeleted: false }

function wishIs<M extends Method>(method: M, wish: AppWish): wish is { readonly method: M; readonly input: ChatCommands[M]['in'] } {
  return wish.method === method
}
