import type { Session, Socket } from '../hub/index.ts'

/** Bytes in the stream's queue below which it asks for more: an Outbox adds conflated news only when less is waiting. */
const highWaterBytes = 2048

const strategy: QueuingStrategy<Uint8Array> = { highWaterMark: highWaterBytes, size: chunk => chunk?.byteLength ?? 0 }

/** One response body that stays open. The queue of the stream fills exactly as the connection backs up, which is the session's back-pressure. */
export class EventStream implements Socket, UnderlyingDefaultSource<Uint8Array> {
  readonly body: ReadableStream<Uint8Array>
  session: Session | undefined
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(readonly ended: (stream: EventStream) => void) {
    this.body = new ReadableStream(this, strategy)
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller
  }

  /** The queue has room. */
  pull(): void {
    this.session?.outbox.drained()
  }

  /** The client has gone. */
  cancel(): void {
    this.#controller = undefined
    this.ended(this)
  }

  write(bytes: string | Uint8Array): boolean {
    if (this.#controller === undefined) return false
    this.#controller.enqueue(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes)
    return true
  }

  bufferedBytes(): number {
    const room = this.#controller?.desiredSize
    return room === undefined || room === null ? 0 : highWaterBytes - room
  }

  /** An event stream has no close code: the reason was said in the last event. */
  close(): void {
    const controller = this.#controller
    this.#controller = undefined
    controller?.close()
    this.ended(this)
  }
}
