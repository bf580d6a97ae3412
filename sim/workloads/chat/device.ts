import { between, type Random } from '../../../src/kit/index.ts'
import type { ChatCommands, InboxEntry, InboxState } from '../../../src/services/chat/model/wire.ts'
import { tokenOf } from '../../clients/user.ts'
import { type Host, type Pace, type WebSocketClient, WebSocketPipe } from '../../cluster/websocket-pipe.ts'
import type { SimClock } from '../../core/clock.ts'
import type { Judge } from '../../core/judge.ts'
import type { Tally } from '../../core/tally.ts'
import type { Handheld } from './handheld.ts'
import { Replica } from './replica.ts'
import type { Transcript } from './transcript.ts'
import { type ChatMessage, readMessages } from './wire.ts'

export interface DeviceContext {
  readonly time: SimClock
  readonly judge: Judge
  readonly tally: Tally
  readonly transcript: Transcript
  /** Some node, where there are several. */
  machine(random: Random): Host
  trace(line: () => string): void
}

/** Something that the user wants done, kept until the server has said yes or no for good. */
export interface Wish<M extends keyof ChatCommands = keyof ChatCommands> {
  readonly method: M
  readonly input: ChatCommands[M]['in']
  /** Times that it is on its way now. */
  flying: number
  attempts: number
}

type Answered = (message: ChatMessage) => void

const ackMs = 1000
const ackEntries = 32
/** A device that waits this long in vain takes the connection for dead. */
const patienceMs = 6000
const lookMs = 700

/** One device of a user: it does what it is told until that is answered, keeps what comes, acknowledges what it keeps, and comes back. */
export class Device implements Handheld, WebSocketClient {
  readonly pace: Pace
  readonly wishes = new Set<Wish>()
  replica: Replica
  /** Away on purpose. */
  isAsleep = false
  #pipe: WebSocketPipe | undefined
  #state: 'waiting' | 'connecting' | 'connected' = 'waiting'
  #heardAt = 0
  #commands = 0
  #attempts = 0
  #acked = 0
  #isAcking = false
  #isListing = false
  #ackAt = 0
  readonly #pending = new Map<number, Answered>()

  constructor(
    readonly context: DeviceContext,
    readonly user: string,
    readonly name: string,
    readonly random: Random,
  ) {
    this.pace = { latencyMs: between(random, 1, 25), bytesPerMs: 500 }
    this.replica = new Replica(user)
    this.#look()
    this.#connect()
  }

  get isConnected(): boolean {
    return this.#state === 'connected'
  }

  /** Who sends, as the service knows it. */
  get sender(): string {
    return `${this.user}/${this.name}`
  }

  get waiting(): readonly string[] {
    return [...this.wishes].map(({ method }) => method)
  }

  /** It keeps everything as it is. */
  review(): void {}

  wish<M extends keyof ChatCommands>(method: M, input: ChatCommands[M]['in']): void {
    const wish: Wish<M> = { method, input, flying: 0, attempts: 0 }
    this.wishes.add(wish)
    this.#fly(wish)
    // Impatience: the same once more before the first was answered.
    if (this.random.next() < 0.05) this.#fly(wish)
  }

  cut(how: 'clean' | 'silent'): void {
    if (this.#pipe === undefined || this.#state === 'waiting') return
    this.#pipe.cut(how)
    if (how === 'clean') this.closed(0)
  }

  /** Away for a while, whatever comes meanwhile. */
  sleep(ms: number): void {
    this.isAsleep = true
    this.cut('clean')
    this.context.time.after(ms, () => this.wake())
  }

  wake(): void {
    if (!this.isAsleep) return
    this.isAsleep = false
    this.#connect()
  }

  /** Loses all it keeps, except what its user wants done. */
  wipe(): void {
    this.cut('clean')
    this.replica = new Replica(this.user)
  }

  opened(): void {
    const { user, name } = this
    this.#send({ connect: { token: tokenOf(user), data: { device: name } } }, message => this.#connected(message))
  }

  received(text: string): void {
    this.#heardAt = this.context.time.now()
    for (const message of readMessages(text)) {
      const pending = message.id === undefined ? undefined : this.#pending.get(message.id)
      if (message.id !== undefined) {
        this.#pending.delete(message.id)
        this.#judge.hold(pending !== undefined, `${this.sender} got an answer to nothing: ${text}`)
        pending?.(message)
      } else if (message.push?.pub !== undefined) {
        const { channel = '', pub } = message.push
        this.#judge.hold(channel === `inbox:#${this.user}`, `${this.sender} got something in ${channel}`)
        this.#take(pub.offset ?? 0, pub.data)
      } else if (message.push === undefined) this.#pipe?.send('{}')
    }
    this.#ackIfDue()
  }

  closed(code: number): void {
    const { tally, time } = this.context
    tally.count(code === 0 ? 'connections cut' : `closed ${code}`)
    this.#judge.hold(code < 3500, `${this.sender} was told to stay away: ${code}`)
    this.#pipe = undefined
    this.#state = 'waiting'
    this.#pending.clear()
    this.#isAcking = false
    this.#isListing = false
    for (const wish of this.wishes) wish.flying = 0
    if (this.isAsleep) return
    time.after(between(this.random, 30, Math.min(1500, 200 * 2 ** this.#attempts++)), () => this.#connect())
  }

  get #judge(): Judge {
    return this.context.judge
  }

  #connect(): void {
    if (this.#state !== 'waiting' || this.isAsleep) return
    this.#state = 'connecting'
    this.#heardAt = this.context.time.now()
    this.#pipe = new WebSocketPipe(this.context.machine(this.random), this.pace, this.context.tally, this)
  }

  #connected({ connect, error }: ChatMessage): void {
    const inbox = connect?.subs?.[`inbox:#${this.user}`]
    const inboxState = inbox?.data
    if (inbox === undefined || inboxState === undefined) {
      this.#judge.hold(error?.temporary === true, `${this.sender} was not let in: ${error?.message ?? 'no inbox'}`)
      this.cut('clean')
      return
    }
    const { tally, trace } = this.context
    this.#state = 'connected'
    this.#attempts = 0
    tally.count('connected')
    trace(
      () =>
        `${this.sender} connects: ${JSON.stringify(inboxState)} and ${inbox.publications?.length ?? 0} entries, holds ${this.replica.held}`,
    )
    this.#judge.hold(inbox.recovered === true, `${this.sender} was not given its inbox from ${inboxState.acked} on`)
    this.#onInboxState(inboxState)
    for (const { offset, data } of inbox.publications ?? []) this.#take(offset ?? 0, data)
    for (const wish of this.wishes) this.#fly(wish)
  }

  #onInboxState({ acked, top, backlog, truncated }: InboxState): void {
    const { replica } = this
    this.#acked = acked
    this.#judge.hold(truncated === undefined, `${this.sender} lost ${JSON.stringify(truncated)}`)
    this.#judge.hold(acked <= top, `${this.sender} has acknowledged ${acked} of ${top}`)
    this.#judge.hold(top >= replica.held, `${this.sender} holds ${replica.held} of an inbox that ends at ${top}`)
    if (backlog > 0) this.context.tally.count('backlogs in windows')
    if (acked > replica.held) this.replica = new Replica(this.user)
    if (!this.replica.isListed) this.#list()
  }

  #take(offset: number, entry: InboxEntry): void {
    this.context.trace(() => `${this.sender} gets ${offset}: ${JSON.stringify(entry)}`)
    this.context.transcript.seeEntry(this.user, this.name, offset, entry)
    this.#judge.hold(offset > 0, `${this.sender} got an entry without a place`)
    const isNew = this.replica.take(offset, entry)
    this.context.tally.count(isNew ? 'entries' : 'entries again')
  }

  /** As the client layer does: the list first, then each conversation back to its beginning. */
  #list(): void {
    if (this.#isListing || !this.isConnected) return
    this.#isListing = true
    this.#call('chat.conversations', {}, answer => {
      const { conversations, top } = answer
      this.context.tally.count('lists')
      for (const conversation of conversations) {
        this.replica.describe(conversation)
        this.context.transcript.seeConversation(this.user, conversation)
      }
      this.#page(
        conversations.map(({ id }) => id),
        undefined,
        top,
      )
    })
  }

  #page([conversation, ...rest]: readonly string[], before: number | undefined, top: number): void {
    if (conversation === undefined) {
      this.#isListing = false
      this.replica.listed(Math.max(top, this.#acked))
      this.#ackIfDue()
      return
    }
    const limit = between(this.random, 5, 60)
    this.#call('chat.history', { conversation, limit, ...(before === undefined ? {} : { before }) }, ({ entries, has_more }) => {
      for (const entry of entries) this.context.transcript.see(this.user, this.name, entry)
      this.replica.page(entries)
      const first = entries[0]?.seq
      this.#judge.hold(!has_more || first !== undefined, `${this.sender}: there is more of ${conversation} and none of it came`)
      if (has_more) this.#page([conversation, ...rest], first, top)
      else this.#page(rest, undefined, top)
    })
  }

  #fly(wish: Wish): void {
    if (this.#state !== 'connected' || !this.wishes.has(wish)) return
    const { transcript, tally, time, trace } = this.context
    wish.flying++
    if (++wish.attempts > 1) tally.count('tried again')
    this.#send({ rpc: { method: wish.method, data: wish.input } }, ({ rpc, error }) => {
      wish.flying--
      trace(() => `${this.sender} ${wish.method} ${JSON.stringify(wish.input)}: ${JSON.stringify(rpc?.data ?? error)}`)
      if (error !== undefined && (error.temporary === true || error.code === 100)) {
        tally.count(`put off ${error.code}`)
        time.after((error.retry_after_ms ?? 0) + between(this.random, 50, 600), () => this.#fly(wish))
        return
      }
      this.wishes.delete(wish)
      tally.count(error === undefined ? wish.method : `${wish.method} refused: ${error.message}`)
      if (isSend(wish)) {
        if (error === undefined) {
          transcript.answer(this.sender, wish.input.cid, rpc?.data as ChatCommands['chat.send']['out'])
          if (this.random.next() < 0.05) this.wish('chat.send', wish.input)
        } else transcript.refuse(this.sender, wish.input.cid, error.message)
      } else if (wish.method === 'chat.invite' && rpc !== undefined) {
        const { code } = rpc.data as ChatCommands['chat.invite']['out']
        if (code !== undefined) transcript.codes.push(code)
      }
    })
  }

  #call<M extends keyof ChatCommands>(method: M, input: ChatCommands[M]['in'], done: (answer: ChatCommands[M]['out']) => void): void {
    this.#send({ rpc: { method, data: input } }, ({ rpc, error }) => {
      if (error === undefined) return done(rpc?.data as ChatCommands[M]['out'])
      this.#judge.hold(error.temporary === true || error.code === 100, `${this.sender} was refused ${method}: ${error.message}`)
      this.cut('clean')
    })
  }

  #ackIfDue(): void {
    const { replica } = this
    const now = this.context.time.now()
    if (!this.isConnected || this.#isAcking || !replica.isListed || replica.held <= this.#acked) return
    if (replica.held < this.#acked + ackEntries && now < this.#ackAt + ackMs) return
    this.#isAcking = true
    this.#ackAt = now
    const offset = replica.held
    this.#call('chat.ack', { offset }, answer => {
      this.#isAcking = false
      this.#judge.hold(
        answer.offset <= offset || answer.offset <= this.#acked,
        `${this.sender} acknowledged ${offset}, the server says ${answer.offset}`,
      )
      this.#judge.hold(answer.offset >= this.#acked, `${this.sender}: what is acknowledged falls from ${this.#acked} to ${answer.offset}`)
      this.#acked = answer.offset
      this.context.tally.count('acknowledgements')
      if (answer.backlog > 0) this.context.tally.count('windows')
    })
  }

  #send(command: object, answered: Answered): void {
    const id = ++this.#commands
    this.#pending.set(id, answered)
    const pipe = this.#pipe
    pipe?.send(JSON.stringify({ id, ...command }))
    // A command without an answer is a connection that does not work.
    this.context.time.after(patienceMs, () => {
      if (this.#pipe === pipe && this.#pending.has(id)) this.cut('clean')
    })
  }

  #look(): void {
    const { time } = this.context
    if (this.#state !== 'waiting' && time.now() - this.#heardAt > patienceMs) this.cut('clean')
    this.#ackIfDue()
    time.after(lookMs, () => this.#look())
  }
}

function isSend(wish: Wish): wish is Wish<'chat.send'> {
  return wish.method === 'chat.send'
}
