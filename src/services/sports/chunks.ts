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

/**
 * How chunks are numbered: counted on; or by the place after the last update of the chunk before, so that nodes which began to look at
 * different times mean the same by a number.
 */
export type ChunkNumbering = 'count' | 'places'

export interface ChunksOptions {
  readonly clock: Clock
  /** The number of the first chunk. */
  readonly first: number
  /** Counted where absent. */
  readonly numbering?: ChunkNumbering
  /** @param next the number of the chunk after it */
  encode(n: number, updates: readonly Publication[], next: number): string
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

  /** Nodes of a fleet hear an update some time after it was stamped, and all must put it into the same chunk. */
  get #lagMs(): number {
    return this.#isCounted ? 0 : chunkLimits.lagMs
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
    const chunk = this.#ring.at(this.#indexOf(n))
    return chunk?.n === n ? { kind: 'closed', chunk } : { kind: 'gone' }
  }

  /** All that is kept from a chunk on, the open one included. */
  since(n: number): Publication[] {
    const closed = this.#ring.slice(this.#indexOf(n))
    return [...closed.flatMap(({ updates }) => updates), ...this.#open]
  }

  /** Nothing closes any more. */
  stop(): void {
    this.#due?.cancel()
  }

  get #isCounted(): boolean {
    return this.options.numbering !== 'places'
  }

  /** Where the chunk of a number is, or else the first after it. */
  #indexOf(n: number): number {
    if (this.#isCounted) return Math.max(0, n - (this.#next - this.#ring.size))
    const index = this.#ring.slice(0).findIndex(chunk => chunk.n >= n)
    return index === -1 ? this.#ring.size : index
  }

  /** What is stamped just before the cut still belongs here, so a timer that comes early waits on; a clock that was set back holds nothing up. */
  #wait(atMs: number): void {
    const { clock } = this.options
    const leftMs = () => atMs - clock.now()
    const delayMs = Math.min(chunkLimits.chunkMs, Math.max(0, leftMs())) + this.#lagMs
    this.#due = clock.after(delayMs, () => (leftMs() > 0 && leftMs() < earlyMs ? this.#wait(atMs) : this.#close()))
  }

  #close(): void {
    this.#due?.cancel()
    const updates = this.#open
    const n = this.#next
    const next = (this.#isCounted ? n : (updates.at(-1)?.offset ?? n)) + 1
    const chunk = { n, updates, body: this.options.encode(n, updates, next) }
    this.#open = []
    this.#next = next
    this.#ring.push(chunk)
    this.#characters += chunk.body.length
    while (this.#ring.size > chunkLimits.chunksMax || (this.#characters > chunkLimits.charactersMax && this.#ring.size > 1))
      this.#characters -= this.#ring.shift()?.body.length ?? 0
    this.options.closed(chunk)
  }
}
