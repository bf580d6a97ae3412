import { Centrifuge, type Subscription } from 'centrifuge'
import type { ChatCommands, InboxEntry, InboxState, OpenSignal } from '../model/wire.ts'
import { answerSchemas, inboxEntrySchema, inboxStateSchema, signalSchema } from './answers.ts'
import { ChatError, readError } from './chat-error.ts'
import { limits } from './limits.ts'
import type { ConnectionState, Refusal } from './view.ts'

export interface ConnectionOptions {
  readonly url: string
  readonly user: string
  readonly device: string
  readonly token?: string
  readonly getToken?: () => Promise<string>
  readonly websocket?: unknown
}

/** What a connection tells. */
export interface ChatConnectionEvents {
  link(link: ConnectionState): void
  /** The server sent this client away, or its token is not taken: it does not come back by itself. */
  ended(refusal: Refusal): void
  /** The inbox is followed from `acked` on. */
  onInboxState(inboxState: InboxState): void
  /** An entry that this version does not know is undefined: it is held all the same. */
  arrived(offset: number, entry: InboxEntry | undefined): void
  signalled(conversation: string, signal: OpenSignal): void
}

/** Makes calls and gives their answers. */
export interface Caller {
  readonly isLive: boolean
  /** @throws ChatError */
  call<M extends keyof ChatCommands>(method: M, input: ChatCommands[M]['in']): Promise<ChatCommands[M]['out']>
}

/** The device's connection: the SDK reconnects by itself, here its events and answers are read. */
export class Connection implements Caller {
  readonly #sdk: Centrifuge
  readonly #rooms = new Map<string, Subscription>()
  readonly #inbox: string
  #link: ConnectionState = 'connecting'

  constructor(
    { url, user, device, token, getToken, websocket }: ConnectionOptions,
    readonly events: ChatConnectionEvents,
  ) {
    this.#inbox = `inbox:#${user}`
    this.#sdk = new Centrifuge(url, {
      data: { device },
      timeout: limits.answerMs,
      minReconnectDelay: limits.reconnect.minMs,
      maxReconnectDelay: limits.reconnect.maxMs,
      ...(token === undefined ? {} : { token }),
      ...(getToken === undefined ? {} : { getToken }),
      ...(websocket === undefined ? {} : { websocket }),
    })
    this.#listen()
  }

  get isLive(): boolean {
    return this.#link === 'live'
  }

  open(): void {
    this.#sdk.connect()
  }

  close(): void {
    this.#sdk.disconnect()
    this.#sdk.removeAllListeners()
  }

  async call<M extends keyof ChatCommands>(method: M, input: ChatCommands[M]['in']): Promise<ChatCommands[M]['out']> {
    // Nobody waits for a network that is not there.
    if (this.#link === 'offline') throw new ChatError({ code: 0, reason: 'offline', text: '' }, true)
    try {
      const { data } = await this.#sdk.rpc(method, input)
      return answerSchemas[method].parse(data)
    } catch (error) {
      throw readError(error)
    }
  }

  /** Follows typing and presence of a conversation, across reconnects. */
  enter(conversation: string): void {
    if (this.#rooms.has(conversation)) return
    const room = this.#sdk.newSubscription(`chat:${conversation}`)
    room.on('publication', ({ data }) => {
      const signal = signalSchema.safeParse(data)
      if (signal.success) this.events.signalled(conversation, signal.data)
    })
    // The server sent this client out: it may come in again when it is a member again.
    room.on('unsubscribed', () => this.#forget(conversation, room))
    this.#rooms.set(conversation, room)
    room.subscribe()
  }

  exit(conversation: string): void {
    this.#rooms.get(conversation)?.unsubscribe()
  }

  #forget(conversation: string, room: Subscription): void {
    this.#rooms.delete(conversation)
    this.#sdk.removeSubscription(room)
  }

  #listen(): void {
    this.#sdk.on('connecting', () => this.#meet('connecting'))
    // An attempt that failed: the SDK tries again, but nobody knows when it will succeed.
    this.#sdk.on('error', () => {
      if (!this.isLive) this.#meet('offline')
    })
    this.#sdk.on('disconnected', ({ code, reason }) => {
      this.#meet('offline')
      if (code !== 0) this.events.ended({ code, reason, text: '' })
    })
    this.#sdk.on('subscribed', ({ channel, data }) => {
      if (channel === this.#inbox) this.#onConnect(data)
    })
    this.#sdk.on('publication', ({ channel, data, offset }) => {
      if (channel !== this.#inbox || offset === undefined) return
      const entry = inboxEntrySchema.safeParse(data)
      this.events.arrived(offset, entry.success ? entry.data : undefined)
    })
  }

  #onConnect(data: unknown): void {
    const inboxState = inboxStateSchema.safeParse(data)
    if (!inboxState.success) throw new Error(`the inbox sent no valid state: ${inboxState.error.message}`)
    this.#meet('live')
    this.events.onInboxState(inboxState.data)
  }

  #meet(link: ConnectionState): void {
    this.#link = link
    this.events.link(link)
  }
}
