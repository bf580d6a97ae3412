import { type Clock, RingBuffer, type Timer } from '../../kit/index.ts'
import type { Publication } from '../../protocol/index.ts'
import { chunkLimits } from './chunk-limits.ts'

/** Some updates in a row, under a number that never means anything else. */
export interface Chunk {
  readonly n: number
  readonly updates: readonly Publication[]
  readonly body: string
}

/** Where a number stands. */
export type ChunkPlace =
  | { readonly kind: 'closed'; readonly chunk: Chunk }
  /** It is open, or opens with the next update. */
  | { readonly kind: 'next' }
  | { readonly kind: 'ahead' }
  | { readonly kind: 'gone' }

export interface ChunksOptions {
  readonly clock: Clock
  /** The number of the first chunk. */
  readonly first: number
  encode(n: number, updates: readonly Publication[]): string
  closed(chunk: Chunk): void
}

/** How much too early a timer may come. */
const earlyMs = 20

/**
 * The ordered updates of a game, cut into numbered chunks (sports S15). Where the cuts are follows from the times and the count of the
 * updates alone, so that whoever cuts the same updates again, after a restart or on another node, gets the same chunks.
 */
export class Chunks {
  readonly #ring = new RingBuffer<Chunk>()
  #characters = 0
  #next: number
  #open: Publication[] = []
  #due: Timer | undefined

  constructor(readonly options: ChunksOptions) {
    this.#next = options.first
  }

  /** The chunk that closes next. */
  get next(): number {
    return this.#next
  }

  /** Updates of the chunk that closes next. */
  get open(): readonly Publication[] {
    return this.#open
  }

  get #oldest(): number {
    return this.#next - this.#ring.size
  }

  /** Takes an update. They come in the order of their offsets. */
  add(update: Publication): void {
    const [first] = this.#open
    if (first !== undefined && update.time >= first.time + chunkLimits.chunkMs) this.#close()
    if (this.#open.push(update) >= chunkLimits.updatesMax) this.#close()
    else if (this.#open.length === 1) this.#wait(update.time + chunkLimits.chunkMs)
  }

  find(n: number): ChunkPlace {
    if (n > this.#next) return { kind: 'ahead' }
    if (n === this.#next) return { kind: 'next' }
    const chunk = this.#ring.at(n - this.#oldest)
    return chunk === undefined ? { kind: 'gone' } : { kind: 'closed', chunk }
  }

  /** All that is kept from a chunk on, the open one included. */
  since(n: number): Publication[] {
    const closed = this.#ring.slice(Math.max(0, n - this.#oldest))
    return [...closed.flatMap(({ updates }) => updates), ...this.#open]
  }

  /** Nothing closes any more. */
  stop(): void {
    this.#due?.cancel()
  }

  /** What is stamped just before the cut still belongs here, so a timer that comes early waits on; a clock that was set back holds nothing up. */
  #wait(atMs: number): void {
    const { clock } = this.options
    const leftMs = () => atMs - clock.now()
    const delayMs = Math.min(chunkLimits.chunkMs, Math.max(0, leftMs()))
    this.#due = clock.after(delayMs, () => (leftMs() > 0 && leftMs() < earlyMs ? this.#wait(atMs) : this.#close()))
  }

  #close(): void {
    this.#due?.cancel()
    const updates = this.#open
    const n = this.#next
    const chunk = { n, updates, body: this.options.encode(n, updates) }
    this.#open = []
    this.#next++
    this.#ring.push(chunk)
    this.#characters += chunk.body.length
    while (this.#ring.size > chunkLimits.chunksMax || (this.#characters > chunkLimits.charactersMax && this.#ring.size > 1))
      this.#characters -= this.#ring.shift()?.body.length ?? 0
    this.options.closed(chunk)
  }
}
