import type { ChatCommands, InboxEntry, InboxState } from '../../src/services/chat/model/wire.ts'
import { cutSocket, type Message, type PublicationMessage, userToken, within } from '../kit/index.ts'

/** Entries after which a device says what it has, and the longest that it waits with that (chat M5). */
const acknowledgedEvery = 32
const acknowledgedWithinMs = 1000
/** What a server answers that could not do it now: an internal error, and a store that does not answer. */
const passingCodes = [100, 503]

/** What a call was answered with that was refused. */
export class Refusal extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(`${code} ${message}`)
  }

  /** Whether the same may work later. */
  get isPassing(): boolean {
    return passingCodes.includes(this.code)
  }
}

/** What becomes of calls that are on their way when the connection breaks. */
export class Broken extends Error {}

interface Waiting {
  readonly resolve: (message: Message) => void
  readonly reject: (error: Error) => void
}

/**
 * A user's device on a bare WebSocket, of which hundreds run in one process. It hands on what comes, acknowledges by itself, and notes what may
 * not happen: an inbox with a gap, one that is not taken up where it was left, live entries that go back.
 */
export class LeanDevice {
  readonly faults: string[] = []
  inboxState: InboxState | undefined
  /** Everything of the inbox up to here has come. */
  place = 0
  connections = 0
  /** Entries that came more than once. */
  repeated = 0
  #token: string | undefined
  #ahead = new Set<number>()
  #live = 0
  #acked = 0
  #socket: WebSocket | undefined
  #opening: Promise<void> | undefined
  #waiting = new Map<number, Waiting>()
  #id = 1
  #timer: Timer | undefined

  /** @param wsUrl where it connects next */
  constructor(
    public wsUrl: string,
    readonly user: string,
    readonly device: string,
    readonly onEntry: (entry: InboxEntry, isLive: boolean) => void,
  ) {}

  get isConnected(): boolean {
    return this.#socket !== undefined && this.#opening === undefined
  }

  /** Connects unless it is, or is about to. */
  async connect(): Promise<void> {
    if (this.isConnected) return
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    await this.#opening
  }

  /** The network goes away. */
  cut(): void {
    const socket = this.#socket
    this.#leave('cut')
    if (socket !== undefined) cutSocket(socket)
  }

  /** @throws Broken where the connection breaks before the answer; @throws Refusal */
  async call<K extends keyof ChatCommands>(method: K, data: ChatCommands[K]['in']): Promise<ChatCommands[K]['out']> {
    const reply = await this.#ask({ rpc: { method, data } })
    return Reflect.get(Object(reply.rpc), 'data')
  }

  async acknowledge(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { place } = this
    const before = this.#acked
    if (place <= before) return
    this.#acked = place
    const { offset } = await this.call('chat.ack', { offset: place }).catch((error: unknown) => {
      // Said again with the next one.
      this.#acked = Math.min(before, this.#acked)
      throw error
    })
    if (offset < place && this.inboxState?.backlog === 0) this.faults.push(`${place} was acknowledged, ${offset} taken`)
  }

  close(): void {
    const socket = this.#socket
    this.#leave('closed')
    socket?.close()
  }

  async #open(): Promise<void> {
    this.#token ??= await userToken(this.user)
    const token = this.#token
    const socket = new WebSocket(this.wsUrl, ['centrifuge-json'])
    this.#socket = socket
    const opened = Promise.withResolvers<void>()
    socket.addEventListener('open', () => opened.resolve())
    socket.addEventListener('message', ({ data }) => this.#receive(socket, String(data)))
    socket.addEventListener('close', ({ code }) => {
      opened.reject(new Broken(`closed with ${code}`))
      if (socket === this.#socket) this.#leave(`closed with ${code}`)
    })
    await within(`${this.user} to connect`, opened.promise)
    await this.#ask({ connect: { token, data: { device: this.device } } })
  }

  #leave(why: string): void {
    this.#socket = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(new Broken(why))
  }

  #ask(command: object): Promise<Message> {
    const socket = this.#socket
    if (socket === undefined) return Promise.reject(new Broken('not connected'))
    const id = this.#id++
    const answer = Promise.withResolvers<Message>()
    this.#waiting.set(id, answer)
    socket.send(JSON.stringify({ id, ...command }))
    return within(`an answer to ${JSON.stringify(command).slice(0, 120)}`, answer.promise)
  }

  #receive(socket: WebSocket, frame: string): void {
    if (socket !== this.#socket) return
    for (const line of frame.split('\n')) {
      if (line === '{}') socket.send('{}')
      else this.#take(JSON.parse(line))
    }
  }

  #take(message: Message): void {
    const { id = 0, error, push, connect } = message
    if (push?.pub !== undefined && push.channel?.startsWith('inbox:') === true) this.#follow(push.pub)
    if (push?.disconnect !== undefined) this.faults.push(`told to leave: ${push.disconnect.code}`)
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.#waiting.delete(id)
    if (connect !== undefined) this.#onInboxState(connect.subs?.[`inbox:#${this.user}`])
    if (error === undefined) waiting.resolve(message)
    else waiting.reject(new Refusal(error.code, error.message))
  }

  #onInboxState(inbox: NonNullable<NonNullable<Message['connect']>['subs']>[string] | undefined): void {
    const inboxState = inbox?.data as InboxState | undefined
    if (inbox === undefined || inboxState === undefined) {
      this.faults.push('there was no inbox in the reply')
      return
    }
    this.inboxState = inboxState
    if (this.connections++ === 0) this.place = inboxState.acked
    if (inboxState.acked > this.place) this.faults.push(`has ${this.place} and was taken to have ${inboxState.acked}`)
    if (inboxState.truncated !== undefined) this.faults.push(`lost ${JSON.stringify(inboxState.truncated)}`)
    this.#acked = inboxState.acked
    // Live entries follow what the reply holds, or the place up to which the backlog comes apart from them.
    this.#live = inboxState.backlog === 0 ? inboxState.acked : inboxState.top
    for (const publication of inbox.publications ?? []) this.#follow(publication)
  }

  #follow({ data, offset = 0 }: PublicationMessage): void {
    const isBacklog = offset <= (this.inboxState?.top ?? 0) && this.inboxState?.backlog !== 0
    if (!isBacklog) {
      if (offset !== this.#live + 1) this.faults.push(`${offset} came after ${this.#live}`)
      this.#live = offset
    }
    if (offset <= this.place || this.#ahead.has(offset)) this.repeated++
    else this.#ahead.add(offset)
    while (this.#ahead.delete(this.place + 1)) this.place++
    const entry = data as InboxEntry
    this.onEntry(entry, entry.re !== true)
    if (this.place - this.#acked >= acknowledgedEvery) this.#say()
    else if (this.place > this.#acked) this.#timer ??= setTimeout(() => this.#say(), acknowledgedWithinMs)
  }

  #say(): void {
    this.acknowledge().catch((error: unknown) => {
      const isPassing = error instanceof Broken || (error instanceof Refusal && error.isPassing)
      if (!isPassing) this.faults.push(`an acknowledgement failed: ${error}`)
    })
  }
}
