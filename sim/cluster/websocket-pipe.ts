import { type Bytes, Session, type Socket } from '../../src/hub/index.ts'
import { randomUuid } from '../../src/kit/index.ts'
import type { MachineClock, SimClock } from '../core/clock.ts'
import type { Tally } from '../core/tally.ts'
import type { Listener } from './listener.ts'

/** What a WebSocket needs of the process that takes it. */
type Acceptor = Pick<Listener, 'node' | 'wire' | 'pipes' | 'isListening'>

/** A machine that connections lead to, and what runs on it now. */
export interface Host {
  readonly time: SimClock
  readonly clock: MachineClock
  readonly process: Acceptor | undefined
}

/** How fast a client's line is; a slow reader is a line with few bytes a millisecond. */
export interface Pace {
  latencyMs: number
  bytesPerMs: number
  /** A line that is thin for good: no fault changes it, and no calm. */
  isThin?: boolean
}

/** The client's end of a WebSocket. */
export interface WebSocketClient {
  opened(): void
  received(text: string): void
  closed(code: number): void
}

/** What a TCP connection that was reset looks like to a WebSocket client. */
export const abnormal = 1006
/** How long what is queued may hold up a close, before the connection is cut. */
const closingMs = 2000

/** One WebSocket over a line that has latency, a rate, and an end: in order and without loss as long as it holds. */
export class WebSocketPipe implements Socket {
  session: Session | undefined
  /** Of the process that took the connection; a later one on the same machine knows nothing of it. */
  readonly #clock: MachineClock
  readonly #server: Acceptor | undefined
  #queue: { text: string; close: number | undefined }[] = []
  #bufferedBytes = 0
  #sending = false
  #toClientAt = 0
  #toServerAt = 0
  /** `silent`: the line is dead and nobody knows. */
  #state: 'open' | 'closing' | 'silent' | 'closed' = 'open'

  constructor(
    readonly machine: Host,
    readonly pace: Pace,
    readonly tally: Tally,
    readonly client: WebSocketClient,
  ) {
    const server = machine.process
    this.#server = server
    this.#clock = machine.clock
    this.#later(() => {
      if (server === undefined || this.#clock.isDead) this.#end(abnormal)
      else this.#clock.enter(() => this.#accept(server))
    })
  }

  /** From the client. */
  send(text: string): void {
    if (this.#state !== 'open') return
    const { time } = this.machine
    this.#toServerAt = Math.max(this.#toServerAt, time.now() + this.pace.latencyMs)
    time.after(this.#toServerAt - time.now(), () =>
      this.#clock.enter(() => {
        if (this.#state === 'open') this.session?.receive(text)
      }),
    )
  }

  /** The client hangs up, or the line dies without a word. */
  cut(how: 'clean' | 'silent'): void {
    if (this.#state === 'closed') return
    this.#state = how === 'silent' ? 'silent' : 'closed'
    if (how === 'clean') this.#later(() => this.#clock.enter(() => this.session?.closed()))
  }

  /** The server's machine went down. */
  reset(): void {
    if (this.#state !== 'silent') this.#end(abnormal)
  }

  write(bytes: Bytes): boolean {
    const text = String(bytes)
    this.tally.count('writes')
    if (this.session?.isClosed) this.tally.count('writes after the end')
    if (this.#state === 'closing' || this.#state === 'closed') return false
    this.#bufferedBytes += text.length
    this.#queue.push({ text, close: undefined })
    this.#pump()
    return true
  }

  bufferedBytes(): number {
    return this.#bufferedBytes
  }

  close(code: number): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#queue.push({ text: '', close: code })
    this.machine.time.after(closingMs, () => this.#end(abnormal))
    this.#pump()
  }

  #accept(server: Acceptor): void {
    if (this.#state === 'closed') return
    if (!server.isListening) {
      this.#end(abnormal)
      return
    }
    const { node } = server
    this.session = new Session(node, randomUuid(node.random), this, server.wire, '10.0.0.1')
    node.sessions.add(this.session)
    server.pipes.add(this)
    this.#later(() => {
      if (this.#state === 'open') this.client.opened()
    })
  }

  /** The line takes one write after the other, at its rate. */
  #pump(): void {
    const next = this.#queue[0]
    if (this.#sending || next === undefined || this.#state === 'silent') return
    this.#sending = true
    this.machine.time.after(next.text.length / this.pace.bytesPerMs, () => {
      this.#sending = false
      this.#queue.shift()
      if (this.#state === 'silent') return
      this.#bufferedBytes -= next.text.length
      this.#pass(next)
      this.#clock.enter(() => this.session?.outbox.drained())
      this.#pump()
    })
  }

  #pass({ text, close }: { text: string; close: number | undefined }): void {
    const { time } = this.machine
    this.#toClientAt = Math.max(this.#toClientAt, time.now() + this.pace.latencyMs)
    time.after(this.#toClientAt - time.now(), () => {
      if (this.#state === 'silent' || this.#state === 'closed') return
      if (close !== undefined) this.#end(close)
      else this.client.received(text)
    })
  }

  #end(code: number): void {
    if (this.#state === 'closed') return
    const wasSilent = this.#state === 'silent'
    this.#state = 'closed'
    this.#server?.pipes.delete(this)
    if (!wasSilent) this.client.closed(code)
  }

  #later(run: () => void): void {
    this.machine.time.after(this.pace.latencyMs, run)
  }
}
