import { createParser } from 'eventsource-parser'
import type { Book } from '../book.ts'
import type { ChaosClient, Entrance } from './client.ts'

const retryMs = 1_000

interface Subscribed {
  readonly error?: { readonly code: number; readonly message: string }
  readonly recovered?: boolean
  readonly was_recovering?: boolean
  readonly publications?: readonly { readonly data: unknown }[]
  readonly data?: unknown
}

interface Push {
  readonly channel?: string
  readonly pub?: { readonly data: unknown }
}

interface StreamEvent extends Push {
  readonly connect?: { readonly subs: Readonly<Record<string, Subscribed>> }
  readonly batch?: readonly Push[]
}

/**
 * A viewer that does what the EventSource of a browser does: it reconnects after `retry` with the last id, and gives up on any answer but 200. It
 * would stay away then; here it notes that as a fault and comes back, so that the run goes on.
 */
export class StreamViewer implements ChaosClient {
  readonly kind = 'EventSource'
  readonly faults: string[] = []
  connections = 0
  isConnected = false
  #abort = new AbortController()
  #isClosed = false
  #lastId = ''
  #retryMs = retryMs

  constructor(
    readonly entrance: Pick<Entrance, 'url' | 'tokenOf'>,
    readonly name: string,
    readonly books: ReadonlyMap<string, Book>,
  ) {}

  async connect(): Promise<void> {
    const token = await this.entrance.tokenOf(this.name)
    void this.#stay(token)
  }

  close(): void {
    this.#isClosed = true
    this.#abort.abort()
  }

  async #stay(token: string): Promise<void> {
    const query = new URLSearchParams([...[...this.books.keys()].map(channel => ['channel', channel]), ['token', token]])
    while (!this.#isClosed) {
      this.#abort = new AbortController()
      try {
        await this.#read(`${this.entrance.url}/sse?${query}`)
      } catch (error) {
        // A connection that broke: it is tried again.
        if (!(error instanceof Error)) throw error
      }
      this.isConnected = false
      await Bun.sleep(this.#retryMs)
    }
  }

  async #read(url: string): Promise<void> {
    const headers = { Accept: 'text/event-stream', ...(this.#lastId === '' ? {} : { 'Last-Event-ID': this.#lastId }) }
    const { status, body } = await fetch(url, { headers, signal: this.#abort.signal, keepalive: false })
    if (status !== 200 || body === null) {
      this.faults.push(`was answered ${status}, after which a browser stays away`)
      return
    }
    const parser = createParser({
      onEvent: ({ id, data }) => {
        if (id !== undefined) this.#lastId = id
        this.#take(JSON.parse(data))
      },
      onRetry: ms => {
        this.#retryMs = ms
      },
    })
    const decoder = new TextDecoder()
    for await (const chunk of body) parser.feed(decoder.decode(chunk, { stream: true }))
  }

  #take({ connect, batch, ...push }: StreamEvent): void {
    if (connect !== undefined) {
      this.connections++
      this.isConnected = true
      for (const [channel, sub] of Object.entries(connect.subs)) this.#subscribed(channel, sub)
    }
    for (const { channel = '', pub } of batch ?? [push]) if (pub !== undefined) this.books.get(channel)?.published(pub.data)
  }

  #subscribed(channel: string, sub: Subscribed): void {
    const { error, recovered = false, was_recovering: wasRecovering = false, publications = [], data } = sub
    if (error !== undefined) {
      this.faults.push(`was refused ${channel}: ${error.code} ${error.message}`)
      return
    }
    const book = this.books.get(channel)
    book?.began(wasRecovering ? (recovered ? 'recovered' : 'not recovered') : 'first', data)
    for (const publication of publications) book?.published(publication.data)
  }
}
