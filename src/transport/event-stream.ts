import type { Bytes, Session, Socket } from '../hub/index.ts'
import type { LateChannels } from './late-channels.ts'
import type { Placed } from './lineup.ts'
import type { Watch } from './watchlist.ts'

/** Is told that a stream has ended. */
export interface EventStreamOwner {
  ended(stream: EventStream): void
}

/** Bun's own kind of sink, of which the web's types know nothing. */
export interface DirectSink {
  write(bytes: Bytes): number | Promise<number>
  flush(): unknown
  end(): unknown
}

/** Bytes that Bun is given at a time. */
const sliceBytes = 16 * 1024

/**
 * One response body that stays open. It is the source of a stream of Bun's `direct` kind: a write goes to the connection in the caller's turn,
 * without the queue, the promises and the calls back that an ordinary stream makes for each chunk. A write that the connection cannot pass on
 * answers with a promise, which is the session's back-pressure.
 */
export class EventStream implements Socket, Placed {
  session: Session | undefined
  /** Its channels, once it has said its first event. */
  watch: Watch | undefined
  /** Its channels that could not be opened yet; absent where there are none. */
  late: LateChannels | undefined
  /** The delay of all of its channels. */
  delayMs = 0
  place = -1
  #sink: DirectSink | undefined
  /** Writes that Bun has not been given yet: it has not asked for the body, or cannot pass on what came before. */
  #held: Bytes[] | undefined
  #waitingBytes = 0
  #finish: (() => void) | undefined
  #isOver = false

  constructor(readonly owner: EventStreamOwner) {}

  /** The kind of source that Bun takes this for. */
  get type(): 'direct' {
    return 'direct'
  }

  get streamId(): string | undefined {
    return this.watch?.id
  }

  /** The sink for its bytes, once Bun has asked for the body. */
  get sink(): DirectSink | undefined {
    return this.#sink
  }

  get body(): ReadableStream<Uint8Array> {
    return streamFrom(this)
  }

  /** Called by Bun when it sends the body, which lasts until the promise resolves. */
  pull(sink: DirectSink): Promise<void> | undefined {
    const early = this.#held ?? []
    this.#held = undefined
    for (const bytes of early) this.#pass(sink, bytes)
    if (this.#isOver) {
      sink.end()
      return undefined
    }
    this.#sink = sink
    return new Promise(resolve => {
      this.#finish = resolve
    })
  }

  /** Called by Bun when the client has gone. */
  cancel(): void {
    if (this.#isOver) return
    this.#isOver = true
    // A stream that ends before Bun asks for its body still says what it had to say.
    if (this.#sink !== undefined) this.#held = undefined
    this.#sink = undefined
    this.#finish?.()
    this.owner.ended(this)
  }

  write(bytes: Bytes): boolean {
    if (this.#isOver) return false
    if (this.#sink === undefined) this.#hold(bytes)
    else this.#pass(this.#sink, bytes)
    return true
  }

  bufferedBytes(): number {
    return this.#waitingBytes
  }

  /** An event stream has no close code: the reason was said in the last event. */
  close(): void {
    const sink = this.#sink
    const held = this.#held ?? []
    this.cancel()
    if (sink === undefined) return
    for (const bytes of held) sink.write(bytes)
    sink.end()
  }

  /** Not all written bytes have left; they have when the promise resolves. */
  wait(written: Promise<number>, length: number): void {
    this.#waitingBytes += length
    written.then(
      () => {
        this.#waitingBytes -= length
        this.#passLater()
        this.session?.outbox.drained()
      },
      () => this.cancel(),
    )
  }

  #hold(bytes: Bytes): void {
    if (this.#held === undefined) this.#held = [bytes]
    else this.#held.push(bytes)
  }

  /** In slices: each that leaves is a sign that the client reads, however large the whole is. */
  #pass(sink: DirectSink, bytes: Bytes): void {
    if (bytes.length <= sliceBytes) {
      this.#passSlice(sink, bytes)
      return
    }
    for (let from = 0; from < bytes.length; from += sliceBytes) this.#passSlice(sink, slice(bytes, from))
  }

  #passSlice(sink: DirectSink, bytes: Bytes): void {
    if (this.#waitingBytes > 0) {
      this.#hold(bytes)
      this.#waitingBytes += bytes.length
      return
    }
    const written = sink.write(bytes)
    if (typeof written === 'number') sink.flush()
    else this.wait(written, bytes.length)
  }

  #passLater(): void {
    while (this.#sink !== undefined) {
      const bytes = this.#held?.shift()
      if (bytes === undefined) {
        this.#held = undefined
        return
      }
      this.#waitingBytes -= bytes.length
      const written = this.#sink.write(bytes)
      if (typeof written !== 'number') {
        this.wait(written, bytes.length)
        return
      }
      this.#sink.flush()
    }
  }
}

function slice(bytes: Bytes, from: number): Bytes {
  return typeof bytes === 'string' ? bytes.slice(from, from + sliceBytes) : bytes.subarray(from, from + sliceBytes)
}

/** The web's types do not know sources of Bun's kind. */
export function streamFrom(source: unknown): ReadableStream<Uint8Array> {
  return new ReadableStream(source as UnderlyingDefaultSource<Uint8Array>)
}
