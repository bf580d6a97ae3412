import { until } from '../until.ts'
import type { Message, PublicationMessage } from './raw-client.ts'

/** How far one channel was followed. */
export interface Followed {
  epoch: string
  offset: number
  /** Publications seen. */
  count: number
}

/**
 * A WebSocket client that does the least a client must: connect, subscribe, recover, answer pings. It keeps positions and not messages, so
 * that thousands fit into one process, and notes every publication that is not the one after the last.
 */
export class LeanClient {
  readonly channels = new Map<string, Followed>()
  /** What went wrong, in words. */
  readonly faults: string[] = []
  /** Called with every publication. */
  onPublication: ((channel: string, publication: PublicationMessage) => void) | undefined
  /** Called when the other side ended the connection. */
  onClosed: ((code: number) => void) | undefined
  /** Connected, and subscribed to everything. */
  isReady = false
  cuts = 0
  recoveries = 0
  closedWith: number | undefined
  #socket: WebSocket | undefined
  #pending = 0
  #firstTime = true

  constructor(
    readonly url: string,
    channels: readonly string[],
    readonly connectParams: object = {},
  ) {
    for (const channel of channels) this.channels.set(channel, { epoch: '', offset: 0, count: 0 })
  }

  /** Takes up a channel at a position that another connection had. */
  resumeFrom(channel: string, { epoch, offset }: Pick<Followed, 'epoch' | 'offset'>): void {
    this.channels.set(channel, { epoch, offset, count: 0 })
    this.#firstTime = false
  }

  connect(): void {
    const socket = new WebSocket(this.url, ['centrifuge-json'])
    this.#socket = socket
    this.isReady = false
    this.closedWith = undefined
    socket.addEventListener('open', () => this.#greet(socket))
    socket.addEventListener('message', ({ data }) => this.#receive(socket, String(data)))
    socket.addEventListener('close', ({ code }) => this.#closed(socket, code))
  }

  /** The network goes away: no close frame. */
  cut(): void {
    this.cuts++
    this.isReady = false
    const socket = this.#socket
    this.#socket = undefined
    if (socket !== undefined) cutSocket(socket)
  }

  close(): void {
    this.#socket?.close()
    this.#socket = undefined
  }

  get isOpen(): boolean {
    return this.#socket !== undefined
  }

  #greet(socket: WebSocket): void {
    let id = 1
    const frames = [JSON.stringify({ id, connect: this.connectParams })]
    this.#pending = this.channels.size
    for (const [channel, { epoch, offset }] of this.channels) {
      const since = this.#firstTime ? {} : { recover: true, epoch, offset }
      frames.push(JSON.stringify({ id: ++id, subscribe: { channel, recoverable: true, ...since } }))
    }
    socket.send(frames.join('\n'))
  }

  #receive(socket: WebSocket, frame: string): void {
    if (socket !== this.#socket) return
    for (const line of frame.split('\n')) {
      if (line === '{}') socket.send('{}')
      else this.#take(JSON.parse(line))
    }
  }

  #take({ id = 0, error, push, subscribe }: Message): void {
    if (push?.pub !== undefined && push.channel !== undefined) this.#follow(push.channel, push.pub)
    else if (error !== undefined) this.faults.push(`command ${id} failed with ${error.code} ${error.message}`)
    else if (subscribe !== undefined) {
      const channel = [...this.channels.keys()][id - 2] ?? ''
      const followed = this.channels.get(channel)
      if (followed === undefined) return
      if (this.#firstTime) followed.offset = subscribe.offset ?? 0
      else if (subscribe.recovered !== true) this.faults.push(`${channel} was not recovered from ${followed.offset}`)
      else this.recoveries++
      followed.epoch = subscribe.epoch ?? ''
      for (const publication of subscribe.publications ?? []) this.#follow(channel, publication)
      if (--this.#pending === 0) {
        this.isReady = true
        this.#firstTime = false
      }
    }
  }

  #follow(channel: string, publication: PublicationMessage): void {
    const followed = this.channels.get(channel)
    if (followed === undefined) return
    const { offset = 0 } = publication
    if (offset !== 0 && offset !== followed.offset + 1) this.faults.push(`${channel}: ${offset} came after ${followed.offset}`)
    followed.offset = offset
    followed.count++
    this.onPublication?.(channel, publication)
  }

  #closed(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return
    this.#socket = undefined
    this.isReady = false
    this.closedWith = code
    this.onClosed?.(code)
  }
}

/** Ends a socket as a network does, without a close frame. Bun's sockets can; the types are those of browsers, whose cannot. */
export function cutSocket(socket: WebSocket): void {
  Reflect.apply(Reflect.get(socket, 'terminate'), socket, [])
}

/** Connects many clients, so many at a time that the accept queue never overflows. */
export async function connectAll(clients: readonly LeanClient[], atOnce = 200): Promise<void> {
  const waiting = [...clients]
  const opening = new Set<LeanClient>()
  await until(`all of ${clients.length} clients are ready`, () => {
    for (const client of opening) if (client.isReady) opening.delete(client)
    for (const client of waiting.splice(0, atOnce - opening.size)) {
      client.connect()
      opening.add(client)
    }
    return opening.size === 0
  })
}
