import type { Book } from '../book.ts'
import { type ChaosClient, type Entrance, socketUrl } from './client.ts'

const reconnectMs = { min: 100, max: 2_000 }
/** Longer than the server's interval of pings: a connection over which nothing comes is gone. */
const silentMs = 9_000
const subscribeAgainMs = 300

interface Place {
  readonly offset: number
  readonly epoch: string
}

interface Publication {
  readonly offset?: number
  readonly data: unknown
}

interface Message {
  readonly id?: number
  readonly error?: { readonly code: number; readonly message: string; readonly temporary?: boolean }
  readonly connect?: object
  readonly subscribe?: {
    readonly epoch?: string
    readonly offset?: number
    readonly recovered?: boolean
    readonly was_recovering?: boolean
    readonly publications?: readonly Publication[]
    readonly data?: unknown
  }
  readonly push?: { readonly channel?: string; readonly pub?: Publication; readonly unsubscribe?: { readonly code: number } }
}

/** A viewer that speaks the client protocol over a bare WebSocket: it answers pings, reconnects, and recovers from the places that it has. */
export class RawViewer implements ChaosClient {
  readonly kind = 'raw WebSocket'
  readonly faults: string[] = []
  connections = 0
  #socket: WebSocket | undefined
  #isClosed = false
  #tries = 0
  #id = 0
  #watch: Timer | undefined
  readonly #asked = new Map<number, string>()
  readonly #live = new Set<string>()
  readonly #places = new Map<string, Place>()

  constructor(
    readonly entrance: Entrance,
    readonly name: string,
    readonly books: ReadonlyMap<string, Book>,
  ) {}

  get isConnected(): boolean {
    return this.#live.size === this.books.size
  }

  async connect(): Promise<void> {
    const token = await this.entrance.tokenOf(this.name)
    this.#open(token)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#watch)
    this.#socket?.close()
  }

  #open(token: string): void {
    const socket = new WebSocket(socketUrl(this.entrance), ['centrifuge-json'])
    this.#socket = socket
    this.#live.clear()
    this.#asked.clear()
    const end = () => this.#leave(socket, token)
    const hear = () => {
      clearTimeout(this.#watch)
      this.#watch = setTimeout(() => {
        socket.close()
        end()
      }, silentMs)
    }
    hear()
    socket.addEventListener('open', () => socket.send(JSON.stringify({ id: ++this.#id, connect: { token } })))
    socket.addEventListener('message', ({ data }) => {
      if (socket !== this.#socket) return
      hear()
      for (const line of String(data).split('\n')) {
        if (line === '{}') socket.send('{}')
        else this.#take(JSON.parse(line))
      }
    })
    socket.addEventListener('close', ({ code, reason }) => {
      if (code >= 3500 && code < 4000) this.faults.push(`was sent away: ${code} ${reason}`)
      end()
    })
  }

  #leave(socket: WebSocket, token: string): void {
    if (socket !== this.#socket || this.#isClosed) return
    this.#socket = undefined
    this.#live.clear()
    clearTimeout(this.#watch)
    const pauseMs = Math.min(reconnectMs.max, reconnectMs.min * 2 ** this.#tries++)
    setTimeout(
      () => {
        if (!this.#isClosed) this.#open(token)
      },
      pauseMs * (0.5 + Math.random()),
    )
  }

  #take({ id = 0, error, connect, subscribe, push }: Message): void {
    if (connect !== undefined) {
      this.connections++
      this.#tries = 0
      for (const channel of this.books.keys()) this.#subscribe(channel)
    }
    const channel = this.#asked.get(id)
    if (channel !== undefined && subscribe !== undefined) this.#subscribed(channel, subscribe)
    if (channel !== undefined && error !== undefined) this.#refused(channel, error)
    if (push?.channel === undefined) return
    if (push.pub !== undefined) this.#published(push.channel, push.pub)
    if (push.unsubscribe !== undefined && this.#live.delete(push.channel)) this.#subscribeLater(push.channel)
  }

  #subscribe(channel: string): void {
    const place = this.#places.get(channel)
    const id = ++this.#id
    this.#asked.set(id, channel)
    this.#socket?.send(JSON.stringify({ id, subscribe: { channel, ...(place === undefined ? {} : { recover: true, ...place }) } }))
  }

  #subscribeLater(channel: string): void {
    const socket = this.#socket
    setTimeout(() => {
      if (socket !== undefined && socket === this.#socket) this.#subscribe(channel)
    }, subscribeAgainMs)
  }

  #subscribed(channel: string, reply: NonNullable<Message['subscribe']>): void {
    const { epoch = '', offset = 0, publications = [], recovered = false, was_recovering: wasRecovering = false, data } = reply
    const book = this.books.get(channel)
    this.#live.add(channel)
    this.#places.set(channel, { epoch, offset })
    book?.began(wasRecovering ? (recovered ? 'recovered' : 'not recovered') : 'first', data)
    for (const publication of publications) this.#published(channel, publication)
  }

  #refused(channel: string, { code, message, temporary = false }: NonNullable<Message['error']>): void {
    if (temporary || code === 100) this.#subscribeLater(channel)
    else this.faults.push(`was refused ${channel}: ${code} ${message}`)
  }

  #published(channel: string, { data, offset }: Publication): void {
    const place = this.#places.get(channel)
    if (place !== undefined && offset !== undefined) this.#places.set(channel, { ...place, offset })
    this.books.get(channel)?.published(data)
  }
}
