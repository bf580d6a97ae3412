import { Dechunker, EventReader } from '../../src/cli/wire-reader.ts'

interface Entry {
  readonly data: { readonly n?: number }
  readonly offset?: number
}

interface StreamMessage {
  readonly connect?: { readonly subs: Readonly<Record<string, { readonly recovered?: boolean; readonly publications?: readonly Entry[] }>> }
  readonly pub?: Entry
  readonly batch?: readonly StreamMessage[]
}

const head = '\r\n\r\n'

/**
 * A viewer on a raw socket who keeps no more than a count and a cursor, so that hundreds fit into a process. Comes back by its cursor, to the
 * next of its servers, when its connection ends; notes what does not follow on the last.
 */
export class LeanStream {
  /** Of the urgent publications. */
  offset = 0
  /** Publications by kind of place: those that must not be missed, and those of the low lanes. */
  urgent = 0
  low = 0
  connections = 0
  readonly faults: string[] = []
  isOpen = false
  #cursor = ''
  #text = ''
  #reader = new EventReader()
  #dechunker: Dechunker | undefined
  #socket: Bun.Socket | undefined
  #isOver = false
  #isPaused = false

  constructor(
    readonly ports: readonly number[],
    readonly channel: string,
  ) {}

  start(): void {
    const port = this.ports[this.connections++ % this.ports.length] ?? 0
    this.#text = ''
    this.#reader = new EventReader()
    this.#dechunker = undefined
    const resume = this.#cursor === '' ? '' : `Last-Event-ID: ${this.#cursor}\r\n`
    Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        open: socket => {
          this.#socket = socket
          socket.write(`GET /sse?channel=${this.channel} HTTP/1.1\r\nHost: 127.0.0.1\r\n${resume}\r\n`)
        },
        data: (_, bytes) => this.#receive(bytes.toString('latin1')),
        close: () => this.#ended(),
      },
    }).catch(() => this.#ended())
  }

  /** Reads nothing for now: the server's buffers fill. */
  pause(): void {
    this.#isPaused = true
    this.#socket?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#socket?.resume()
  }

  stop(): void {
    this.#isOver = true
    this.#socket?.terminate()
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  #ended(): void {
    this.isOpen = false
    // A browser waits before it comes back, and so do we.
    if (!this.#isOver) setTimeout(() => this.#isOver || this.start(), 50 + Math.random() * 100)
  }

  #receive(bytes: string): void {
    let body = bytes
    if (this.#dechunker === undefined) {
      this.#text += bytes
      const end = this.#text.indexOf(head)
      if (end === -1) return
      if (!this.#text.startsWith('HTTP/1.1 200')) this.faults.push(this.#text.slice(0, 40))
      this.#dechunker = new Dechunker()
      body = this.#text.slice(end + head.length)
    }
    for (const { text } of this.#reader.take(this.#dechunker.take(body))) this.#event(text)
  }

  #event(text: string): void {
    const data = text.indexOf('data: ')
    const message = JSON.parse(text.slice(data + 6)) as StreamMessage
    if (message.connect !== undefined) this.#connected(message.connect.subs[this.channel])
    else for (const { pub } of message.batch ?? [message]) if (pub !== undefined) this.#take(pub)
    const [, id] = /^id: (.*)$/m.exec(text) ?? []
    if (id !== undefined) this.#cursor = id
  }

  #connected(subscription: { readonly recovered?: boolean; readonly publications?: readonly Entry[] } | undefined): void {
    if (subscription === undefined) this.faults.push('not subscribed')
    if (this.#cursor !== '' && subscription?.recovered !== true) this.faults.push(`not recovered from ${this.offset}`)
    for (const entry of subscription?.publications ?? []) this.#take(entry)
    this.isOpen = true
  }

  #take({ offset = 0 }: Entry): void {
    if (offset === 0) {
      this.low++
      return
    }
    if (this.offset !== 0 && offset !== this.offset + 1) this.faults.push(`${offset} came after ${this.offset}`)
    this.offset = offset
    this.urgent++
  }
}
