import type { Subprocess } from 'bun'
import { createParser } from 'eventsource-parser'
import { pathOf } from '../tools.ts'
import { until } from '../until.ts'
import type { PublicationMessage, PushMessage, SubscribeMessage } from './raw-client.ts'

/** One event's data. */
export interface StreamEvent extends PushMessage {
  readonly connect?: {
    readonly session: string
    readonly client: string
    readonly node?: string
    readonly rev?: number
    readonly subs: Readonly<Record<string, SubscribeMessage>>
  }
  readonly batch?: readonly PushMessage[]
  readonly subs?: { readonly rev: number }
}

/** What came over an event stream, read with the published parser. */
export class StreamRecord {
  readonly events: { readonly id: string | undefined; readonly data: StreamEvent }[] = []
  /** The `data:` of every event, as it came. */
  readonly texts: string[] = []
  readonly retries: number[] = []
  comments = 0
  ended = false
  readonly #parser = createParser({
    onEvent: ({ id, data }) => {
      this.texts.push(data)
      this.events.push({ id, data: JSON.parse(data) })
    },
    onRetry: ms => this.retries.push(ms),
    onComment: () => this.comments++,
  })

  feed(text: string): void {
    this.#parser.feed(text)
  }

  /** The first event, once it is there. */
  async opened(): Promise<NonNullable<StreamEvent['connect']>> {
    const first = await until('the first event is there', () => this.events[0])
    if (first.data.connect === undefined) throw new Error(`the first event is ${JSON.stringify(first.data)}`)
    return first.data.connect
  }

  /** The id of the last event that had one: where a client would resume. */
  get lastEventId(): string {
    return this.events.findLast(({ id }) => id !== undefined)?.id ?? ''
  }

  /** All pushes in order, batches unfolded. */
  get pushes(): PushMessage[] {
    return this.events.flatMap(({ data }) => data.batch ?? [data])
  }

  /** Everything published to a channel, what the first event recovered included. */
  publications(channel: string): PublicationMessage[] {
    const recovered = this.events[0]?.data.connect?.subs[channel]?.publications ?? []
    return [...recovered, ...this.pushes.flatMap(push => (push.channel === channel && push.pub !== undefined ? [push.pub] : []))]
  }

  data(channel: string): unknown[] {
    return this.publications(channel).map(({ data }) => data)
  }
}

/** `curl -N` as people use it, in a process of its own. */
export class Curl extends StreamRecord implements AsyncDisposable {
  /** The response's status and header lines. */
  head = ''
  readonly #child: Subprocess<'ignore', 'pipe', 'inherit'>

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    super()
    const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    this.#child = Bun.spawn([pathOf('curl'), '-sN', '-i', '--noproxy', '*', ...given, url], {
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    })
    void this.#read()
  }

  get status(): number {
    return Number(this.head.split(' ')[1] ?? 0)
  }

  header(name: string): string | undefined {
    return new RegExp(`^${name}: *(.*?)\\r?$`, 'im').exec(this.head)?.[1]
  }

  /** As when the client's machine goes away. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#child.exited
  }

  /** Waits for the server to end the response. */
  async finished(): Promise<void> {
    await until('the response has ended', () => this.ended)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder()
    let text = ''
    for await (const chunk of this.#child.stdout) {
      text += decoder.decode(chunk, { stream: true })
      if (this.head === '') {
        const end = text.indexOf('\r\n\r\n')
        if (end === -1) continue
        this.head = text.slice(0, end)
        text = text.slice(end + 4)
      }
      this.feed(text)
      text = ''
    }
    this.ended = true
  }
}

/** The same by `fetch`, for many streams at once. */
export class FetchedStream extends StreamRecord implements Disposable {
  readonly response: Promise<Response>
  readonly #abort = new AbortController()

  constructor(url: string, headers: Record<string, string> = {}) {
    super()
    this.response = fetch(url, { headers, signal: this.#abort.signal })
    void this.#read().catch(() => {
      this.ended = true
    })
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
  }

  async #read(): Promise<void> {
    const { body, ok } = await this.response
    if (!ok || body === null) return
    const decoder = new TextDecoder()
    for await (const chunk of body) this.feed(decoder.decode(chunk, { stream: true }))
    this.ended = true
  }
}
