import { type Clock, defined, type Timer } from '../../kit/index.ts'
import { type Position, type Publication, push, sseEvent } from '../../protocol/index.ts'
import type { FeedTarget, Following, HistoryPage } from '../../service.ts'
import { chunkLimits } from './chunk-limits.ts'
import { ChunkStream } from './chunk-stream.ts'
import { type Chunk, type ChunkNumbering, Chunks } from './chunks.ts'
import type { Snapshot } from './model/index.ts'

/** What a feed needs of the server. */
export interface ChunkHost {
  readonly clock: Clock
  follow(channel: string, target: FeedTarget): Following
}

/** The game that a feed is of. */
export interface ChunkedGame {
  readonly id: string
  readonly channel: string
  /** By places where several nodes cut its chunks, which have not all heard the same; counted where absent. */
  readonly numbering?: ChunkNumbering
  /** All that was known of it when this is called, or more; undefined when there is no such game any more. */
  snapshot(): Snapshot | undefined | Promise<Snapshot | undefined>
}

/** A snapshot with the place to go on from, as it is sent. */
interface Edition {
  readonly version: number
  readonly body: string
  readonly madeAtMs: number
}

/** One game as caches serve it: its updates in chunks, its snapshots, and streams that many may share. */
export class ChunkFeed implements FeedTarget {
  readonly opened: Promise<void>
  #following: Following
  #chunks: Chunks | undefined
  #position: Position = { epoch: '', offset: 0 }
  #latest: Edition | undefined
  #making: Promise<Edition | undefined> | undefined
  readonly #editions = new Map<number, Edition>()
  readonly #waiting = new Set<(chunk: Chunk | undefined) => void>()
  readonly #streams = new Set<ChunkStream>()

  /** @param broken told when the channel's history has broken off: chunks of two histories never stand under one feed */
  constructor(
    readonly host: ChunkHost,
    readonly game: ChunkedGame,
    readonly broken: () => void,
  ) {
    this.#following = host.follow(game.channel, this)
    this.opened = this.#following.opened
  }

  get epoch(): string {
    return this.#position.epoch
  }

  get streams(): number {
    return this.#streams.size
  }

  /** @throws before it is opened, which whoever asks has waited for */
  get chunks(): Chunks {
    if (this.#chunks === undefined) throw new Error('the feed is not open')
    return this.#chunks
  }

  /**
   * From the first update on, where the history still has it, as they were cut before. Where it has not, with a number that no chunk can
   * have had: the number of a chunk is never above the offset of its first update, since each chunk has one at least.
   */
  begin({ position, publications }: HistoryPage): void {
    const [oldest] = publications
    const isWhole = position.offset === 0 || oldest?.after === 0
    const from = isWhole ? 0 : this.#firstCutIn(publications)
    const before = isWhole ? 0 : (publications[from - 1]?.offset ?? position.offset)
    this.#position = { epoch: position.epoch, offset: before }
    this.#chunks = new Chunks({
      clock: this.host.clock,
      first: before + 1,
      ...defined({ numbering: this.game.numbering }),
      encode: (n, updates, next) => this.#encode(n, updates, next),
      closed: chunk => this.#answer(chunk),
    })
    for (const update of publications.slice(from)) this.apply(update)
  }

  /** After a pause of a chunk's length a new chunk begins, whoever cuts and from wherever. Beyond the end where there was none. */
  #firstCutIn(publications: readonly Publication[]): number {
    if (this.game.numbering !== 'places') return publications.length
    const index = publications.findIndex(({ time }, at) => time >= (publications[at - 1]?.time ?? time) + chunkLimits.chunkMs)
    return index === -1 ? publications.length : index
  }

  apply(update: Publication): void {
    // Figures and commentary have no place in the history.
    if (update.offset === 0) return
    this.#position = { epoch: this.#position.epoch, offset: update.offset }
    const event = this.#streams.size === 0 ? '' : this.#eventOf(update)
    for (const stream of this.#streams) stream.send(event)
    this.#chunks?.add(update)
  }

  replaceState(): void {}

  onGap(): void {
    this.broken()
  }

  /** The chunk that is next now, once it has closed; undefined when it has not in time. */
  nextChunk(): Promise<Chunk | undefined> {
    return new Promise(resolve => {
      const settle = (chunk: Chunk | undefined) => {
        late.cancel()
        this.#waiting.delete(settle)
        resolve(chunk)
      }
      const late: Timer = this.host.clock.after(chunkLimits.holdMs, () => settle(undefined))
      this.#waiting.add(settle)
    })
  }

  /** Everything from a chunk on, and what comes while it lasts. */
  stream(n: number): ChunkStream {
    const stream = new ChunkStream({
      clock: this.host.clock,
      last: () => sseEvent(JSON.stringify({ next: { chunk: this.chunks.next, url: this.streamUrl(this.chunks.next) } })),
      ended: ended => this.#streams.delete(ended),
    })
    this.#streams.add(stream)
    stream.send(sseEvent(JSON.stringify({ from: { game: this.game.id, epoch: this.epoch, chunk: n } })))
    for (const update of this.chunks.since(n)) stream.send(this.#eventOf(update))
    return stream
  }

  /** The newest snapshot, at most half a second old. Undefined when the game is gone. */
  async latest(): Promise<string | undefined> {
    const { clock } = this.host
    const age = this.#latest === undefined ? Number.POSITIVE_INFINITY : clock.now() - this.#latest.madeAtMs
    if (age < 0 || age >= chunkLimits.latestMs) this.#latest = await this.#make()
    return this.#latest?.body
  }

  /** The first snapshot that was made of a version, for as long as it is kept; `ahead` when there is no such version yet. */
  async edition(version: number): Promise<string | 'gone' | 'ahead'> {
    if (!this.#editions.has(version)) this.#latest = await this.#make()
    const edition = this.#editions.get(version)
    if (edition !== undefined) return edition.body
    return version > (this.#latest?.version ?? 0) ? 'ahead' : 'gone'
  }

  chunkUrl(n: number): string {
    return `${this.#path}/chunks/${n}?epoch=${this.epoch}`
  }

  streamUrl(n: number): string {
    return `${this.#path}/sse/${n}?epoch=${this.epoch}`
  }

  close(): void {
    this.#following.end()
    this.#chunks?.stop()
    for (const settle of [...this.#waiting]) settle(undefined)
    for (const stream of [...this.#streams]) stream.cut()
  }

  get #path(): string {
    return `/sports/games/${encodeURIComponent(this.game.id)}`
  }

  #encode(n: number, updates: readonly Publication[], next: number): string {
    const { epoch, game } = this
    const head = JSON.stringify({ game: game.id, epoch, chunk: n, next: this.chunkUrl(next) })
    return `${head.slice(0, -1)},"publications":[${updates.map(({ json }) => json).join(',')}]}`
  }

  #answer(chunk: Chunk): void {
    for (const settle of [...this.#waiting]) settle(chunk)
  }

  #eventOf(update: Publication): string {
    return sseEvent(push.publication(this.game.channel, update))
  }

  /** Made once for all who ask at the same time. */
  #make(): Promise<Edition | undefined> {
    this.#making ??= this.#makeOne().finally(() => {
      this.#making = undefined
    })
    return this.#making
  }

  /** What is read of the game is never behind the place that was noted before: updates are published after they are kept. */
  async #makeOne(): Promise<Edition | undefined> {
    const { clock } = this.host
    const { next } = this.chunks
    const position = this.#position
    const snapshot = await this.game.snapshot()
    if (snapshot === undefined) return undefined
    const { version } = snapshot.board
    const body = JSON.stringify({
      game: this.game.id,
      ...position,
      version,
      chunk: next,
      next: this.chunkUrl(next),
      stream: this.streamUrl(next),
      permanent: `${this.#path}/snapshot@${version}`,
      snapshot,
    })
    const edition = { version, body, madeAtMs: clock.now() }
    if (!this.#editions.has(version)) this.#editions.set(version, edition)
    for (const oldest of this.#editions.keys()) {
      if (this.#editions.size <= chunkLimits.snapshotsMax) break
      this.#editions.delete(oldest)
    }
    return edition
  }
}
