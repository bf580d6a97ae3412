import { until, within } from '../until.ts'

/** One JSON message of the client protocol, as it came. */
export interface Message {
  readonly id?: number
  readonly error?: { readonly code: number; readonly message: string; readonly temporary?: boolean }
  readonly connect?: ConnectMessage
  readonly subscribe?: SubscribeMessage
  readonly history?: { readonly publications: readonly PublicationMessage[]; readonly epoch: string; readonly offset: number }
  readonly presence?: { readonly presence: Readonly<Record<string, ClientMessage>> }
  readonly presence_stats?: { readonly num_clients: number; readonly num_users: number }
  readonly push?: PushMessage
  readonly [method: string]: unknown
}

export interface ConnectMessage {
  readonly client: string
  readonly version: string
  readonly ping?: number
  readonly pong?: boolean
  readonly expires?: boolean
  readonly ttl?: number
  readonly data?: unknown
  readonly subs?: Readonly<Record<string, SubscribeMessage>>
}

export interface SubscribeMessage {
  readonly epoch?: string
  readonly offset?: number
  readonly recoverable?: boolean
  readonly positioned?: boolean
  readonly recovered?: boolean
  readonly was_recovering?: boolean
  readonly publications?: readonly PublicationMessage[]
  readonly data?: unknown
  readonly expires?: boolean
  readonly ttl?: number
  readonly delta?: boolean
  readonly error?: { readonly code: number; readonly message: string }
}

export interface ClientMessage {
  readonly user: string
  readonly client: string
  readonly conn_info?: unknown
  readonly chan_info?: unknown
}

export interface PublicationMessage {
  readonly data: unknown
  readonly offset?: number
  readonly key?: string
  readonly removed?: boolean
  readonly delta?: boolean
  readonly tags?: Readonly<Record<string, string>>
  readonly info?: ClientMessage
}

export interface PushMessage {
  readonly channel?: string
  readonly pub?: PublicationMessage
  readonly join?: { readonly info: ClientMessage }
  readonly leave?: { readonly info: ClientMessage }
  readonly unsubscribe?: { readonly code: number; readonly reason: string }
  readonly subscribe?: SubscribeMessage
  readonly message?: { readonly data: unknown }
  readonly refresh?: { readonly expires: boolean; readonly ttl?: number }
  readonly disconnect?: { readonly code: number; readonly reason: string; readonly reconnect?: boolean }
}

export interface ClientClose {
  readonly code: number
  readonly reason: string
}

interface RawClientOptions {
  readonly protocols?: string[]
  readonly headers?: Record<string, string>
  /** Answers the server's pings. True unless said otherwise. */
  readonly pongs?: boolean
}

/** A WebSocket that speaks the client protocol by hand: it sends what it is told, right or wrong, and keeps all that comes back. */
export class RawClient implements Disposable {
  /** Whole frames, as they came. */
  readonly frames: string[] = []
  /** All messages of all frames, pings left out. */
  readonly messages: Message[] = []
  pings = 0
  closedWith: ClientClose | undefined
  readonly closed: Promise<ClientClose>
  #id = 0

  constructor(
    readonly socket: WebSocket,
    pongs: boolean,
  ) {
    this.closed = new Promise(resolve => {
      socket.addEventListener('close', ({ code, reason }) => {
        this.closedWith = { code, reason }
        resolve(this.closedWith)
      })
    })
    socket.addEventListener('message', ({ data }) => this.#receive(String(data), pongs))
  }

  /** Opens the socket, without a command. */
  static async open(
    url: string,
    { protocols = ['centrifuge-json'], headers = {}, pongs = true }: RawClientOptions = {},
  ): Promise<RawClient> {
    // Bun's own form of the constructor, with headers, is hidden by that of browsers.
    const socket: WebSocket = Reflect.construct(WebSocket, [url, { protocols, headers }])
    const client = new RawClient(socket, pongs)
    const opened = new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve())
      socket.addEventListener('close', ({ code }) => reject(new Error(`the upgrade was refused (${code})`)))
    })
    await within('the socket to open', opened)
    return client
  }

  /** Opens the socket and connects. */
  static async connect(url: string, connect: object = {}, options: RawClientOptions = {}): Promise<RawClient> {
    const client = await RawClient.open(url, options)
    const reply = await client.call({ connect })
    if (reply.error !== undefined) throw new Error(`connect was refused: ${JSON.stringify(reply.error)}`)
    return client
  }

  send(frame: string | object): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame))
  }

  /** Sends a command under the next id and waits for its answer. */
  async call(command: object): Promise<Message> {
    const id = ++this.#id
    this.send({ id, ...command })
    return this.reply(id)
  }

  reply(id: number): Promise<Message> {
    return until(`command ${id} is answered`, () => {
      const reply = this.messages.find(message => message.id === id)
      if (reply === undefined && this.closedWith !== undefined) throw new Error(`closed with ${JSON.stringify(this.closedWith)}`)
      return reply
    })
  }

  /** An id that no command of this client has used. */
  nextId(): number {
    return ++this.#id
  }

  pushes(channel?: string): PushMessage[] {
    return this.messages.flatMap(({ push }) => (push !== undefined && (channel === undefined || push.channel === channel) ? [push] : []))
  }

  publications(channel: string): PublicationMessage[] {
    return this.pushes(channel).flatMap(({ pub }) => pub ?? [])
  }

  /** The data of everything published to a channel since it was subscribed, as it came. */
  data(channel: string): unknown[] {
    return this.publications(channel).map(({ data }) => data)
  }

  async closes(): Promise<ClientClose> {
    return within('the server to close', this.closed)
  }

  [Symbol.dispose](): void {
    this.socket.close()
  }

  #receive(frame: string, pongs: boolean): void {
    this.frames.push(frame)
    for (const line of frame.split('\n')) {
      const message: Message = JSON.parse(line)
      if (Object.keys(message).length > 0) this.messages.push(message)
      else {
        this.pings++
        if (pongs && this.socket.readyState === WebSocket.OPEN) this.socket.send('{}')
      }
    }
  }
}
