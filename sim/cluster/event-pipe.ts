import { createParser, type EventSourceMessage } from 'eventsource-parser'
import type { MachineClock } from '../core/clock.ts'
import type { MachineWith } from '../core/machine.ts'
import type { Listener } from './listener.ts'
import { abnormal, type Pace } from './websocket-pipe.ts'

/** The client's end of an event stream. */
export interface EventClient {
  opened(): void
  /** Bytes came, if only a heartbeat. */
  alive(): void
  received(event: EventSourceMessage): void
  /** 200 when a stream ended, the status when it was refused, 1006 when there was no answer. */
  ended(status: number): void
}

/** One event stream from the real transport, read at the pace of the client's line. */
export class EventPipe {
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  /** Of the process that answers; a later one on the same machine knows nothing of it. */
  readonly #clock: MachineClock
  readonly #server: Listener | undefined
  #state: 'open' | 'silent' | 'closed' = 'open'
  #toClientAt = 0
  readonly #decoder = new TextDecoder()
  readonly #parser = createParser({ onEvent: event => this.client.received(event), onComment: () => this.client.alive() })

  constructor(
    readonly machine: MachineWith<Listener>,
    readonly pace: Pace,
    request: Request,
    readonly client: EventClient,
  ) {
    const server = machine.process
    this.#server = server
    this.#clock = machine.clock
    machine.time.after(pace.latencyMs, () => {
      if (server === undefined || this.#clock.isDead) this.#end(abnormal)
      else this.#clock.enter(() => this.#open(server, request))
    })
  }

  cut(how: 'clean' | 'silent'): void {
    if (this.#state === 'closed') return
    this.#state = how === 'silent' ? 'silent' : 'closed'
    if (how === 'clean') this.machine.time.after(this.pace.latencyMs, () => this.#clock.enter(() => this.#cancel()))
  }

  /** The server's machine went down. */
  reset(): void {
    if (this.#state !== 'silent') this.#end(abnormal)
  }

  #open(server: Listener, request: Request): void {
    if (!server.isListening) {
      this.#end(abnormal)
      return
    }
    server.pipes.add(this)
    void server.sse.open(request, '10.0.0.2').then(response => {
      if (response.status !== 200 || response.body === null) {
        this.#pass(() => this.#end(response.status))
        return
      }
      this.#reader = response.body.getReader()
      if (this.#state === 'closed') this.#cancel()
      this.#pass(() => this.client.opened())
      this.#read()
    })
  }

  /** The line asks for more when it has passed on what it had. */
  #read(): void {
    if (this.#state !== 'open') return
    this.#reader?.read().then(
      ({ done, value }) => {
        if (this.#state !== 'open') return
        if (done) {
          this.#pass(() => this.#end(200))
          return
        }
        this.machine.time.after(value.byteLength / this.pace.bytesPerMs, () => {
          this.#pass(() => this.#parser.feed(this.#decoder.decode(value, { stream: true })))
          this.#read()
        })
      },
      () => this.#pass(() => this.#end(abnormal)),
    )
  }

  #pass(arrive: () => void): void {
    const { time } = this.machine
    this.#toClientAt = Math.max(this.#toClientAt, time.now() + this.pace.latencyMs)
    time.after(this.#toClientAt - time.now(), () => {
      if (this.#state === 'open') arrive()
    })
  }

  #cancel(): void {
    this.#reader?.cancel().catch(() => undefined)
  }

  #end(status: number): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#server?.pipes.delete(this)
    this.client.ended(status)
  }
}
