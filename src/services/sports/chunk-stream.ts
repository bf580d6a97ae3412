import { type Clock, every, type Timer } from '../../kit/index.ts'
import { sseHeartbeat } from '../../protocol/index.ts'
import { chunkLimits } from './chunk-limits.ts'

export interface ChunkStreamOptions {
  readonly clock: Clock
  /** The last event of a stream that has had its time. */
  last(): string
  /** It has ended, whyever. Told once. */
  ended(stream: ChunkStream): void
}

const encoder = new TextEncoder()

/** One event stream that a cache may hand to many: it is about nobody, and ends by itself (sports S16). */
export class ChunkStream {
  readonly body: ReadableStream<Uint8Array>
  readonly #timers: readonly Timer[]
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined

  constructor(readonly options: ChunkStreamOptions) {
    const { clock } = options
    const begin = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      this.#controller = controller
    }
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: chunkLimits.streamBytesMax })
    this.body = new ReadableStream({ start: begin, cancel: () => void this.#end() }, strategy)
    this.#timers = [
      clock.after(chunkLimits.streamMs, () => this.#finish()),
      every(clock, chunkLimits.heartbeatMs, () => this.send(sseHeartbeat)),
    ]
  }

  send(event: string): void {
    this.#controller?.enqueue(encoder.encode(event))
    if ((this.#controller?.desiredSize ?? 1) <= 0) this.cut()
  }

  /** Breaks it off, so that no cache takes what there was for the whole. Idempotent. */
  cut(): void {
    this.#end()?.error(new Error('the stream was cut'))
  }

  #finish(): void {
    this.send(this.options.last())
    this.#end()?.close()
  }

  #end(): ReadableStreamDefaultController<Uint8Array> | undefined {
    const controller = this.#controller
    if (controller === undefined) return undefined
    this.#controller = undefined
    for (const timer of this.#timers) timer.cancel()
    this.options.ended(this)
    return controller
  }
}
