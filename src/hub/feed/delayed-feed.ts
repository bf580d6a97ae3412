import { RingBuffer, SteadyTime, type Timer } from '../../kit/index.ts'
import type { Position, Publication } from '../../protocol/index.ts'
import type { HistoryPage, HistoryQuery } from '../contracts/broker.ts'
import type { Namespace } from '../delivery/namespace.ts'
import type { ChannelFeed, FeedContext, FeedTarget } from './feed.ts'
import type { Following } from './following.ts'
import { partAt } from './parted-page.ts'

export interface DelayedContext extends Pick<FeedContext, 'broker' | 'clock'> {
  readonly delayMs: number
  /** The most publications that are held back. */
  readonly heldMax: number
  /** Hears the channel as it happens. */
  follow(target: FeedTarget): Following
  /** The history broke off, or more came than can be held back: whoever follows must begin again. */
  broken(): void
}

type News = { readonly publication: Publication } | { readonly state: readonly Publication[] }
type Held = News & { readonly dueMs: number; readonly position: Position }

/**
 * A channel as it was some time ago (sports S12): hears it as it happens, holds everything back for the delay, and passes it on in the same
 * order. All subscribers of a node who are equally far behind share one. What may be recovered lies in the broker's history, up to the place
 * that the delay has reached; nothing of what is later shows, not even how much it is.
 *
 * What comes live counts from its arrival here, what was there before by its own time: for that the clocks of nodes must agree.
 */
export class DelayedFeed implements ChannelFeed, FeedTarget {
  position: Position = { epoch: '', offset: 0 }
  readonly #time: SteadyTime
  readonly #held = new RingBuffer<Held>()
  #following: Following | undefined
  #timer: Timer | undefined
  #lastDueMs = 0
  #isClosed = false

  constructor(
    readonly channel: string,
    readonly namespace: Namespace,
    readonly context: DelayedContext,
    readonly target: FeedTarget,
  ) {
    this.#time = new SteadyTime(context.clock)
  }

  async open(): Promise<void> {
    this.#following = this.context.follow(this)
    await this.#following.opened
  }

  /** Comes by what it follows. */
  receive(): void {}

  /** The followed feed verifies for all that follow it. */
  verify(): void {}

  begin(page: HistoryPage): void {
    const now = this.context.clock.now()
    const { position, state, later } = partAt(page, now - this.context.delayMs, this.namespace.delivery)
    this.position = position
    this.target.begin({ position, publications: [], complete: false, state })
    for (const { publication, atMs } of later) this.#hold({ publication }, Math.min(0, atMs - now))
  }

  apply(publication: Publication): void {
    this.#hold({ publication }, 0)
  }

  replaceState(state: readonly Publication[]): void {
    this.#hold({ state }, 0)
  }

  /** If only the newest counts, the values of a new history are enough. */
  onGap(): void {
    if (this.namespace.delivery.onGap === 'restart') this.context.broken()
  }

  /** The history up to the delayed place. A client that is further on waits. */
  async history(query: HistoryQuery): Promise<HistoryPage> {
    const page = await this.context.broker.history(this.channel, this.#cut(query))
    const { epoch, offset } = this.position
    if (page.position.epoch !== epoch) return { position: this.position, publications: [], complete: false, state: [] }
    const { since, reverse } = query
    const isAhead = page.complete && reverse !== true && since !== undefined && since.offset > offset
    return {
      position: isAhead ? { epoch, offset: since.offset } : this.position,
      publications: page.publications.filter(publication => publication.offset <= offset),
      complete: page.complete,
      state: [],
    }
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#held.clear()
    this.#following?.end()
  }

  /** Backwards from the place reached at most. */
  #cut(query: HistoryQuery): HistoryQuery {
    const next = { epoch: this.position.epoch, offset: this.position.offset + 1 }
    if (query.reverse !== true || (query.since !== undefined && query.since.offset <= next.offset)) return query
    return { ...query, since: next }
  }

  /** @param agoMs how long ago it happened, negative */
  #hold(news: News, agoMs: number): void {
    if (this.#isClosed) return
    if (this.#held.size >= this.context.heldMax) {
      this.context.broken()
      return
    }
    // In the order in which it was heard, whatever the clocks say.
    this.#lastDueMs = Math.max(this.#lastDueMs, this.#time.now() + agoMs + this.context.delayMs)
    this.#held.push({ ...news, dueMs: this.#lastDueMs, position: this.#positionAfter(news) })
    this.#timer ??= this.#wait()
  }

  #positionAfter(news: News): Position {
    const heard = this.#following?.feed.position ?? this.position
    return 'publication' in news ? { epoch: heard.epoch, offset: news.publication.offset } : heard
  }

  #wait(): Timer | undefined {
    const next = this.#held.at(0)
    if (next === undefined) return undefined
    return this.context.clock.after(Math.max(0, next.dueMs - this.#time.now()), () => this.#release())
  }

  #release(): void {
    this.#timer = undefined
    const now = this.#time.now()
    for (let next = this.#held.at(0); next !== undefined && next.dueMs <= now; next = this.#held.at(0)) {
      this.#held.shift()
      this.#pass(next)
    }
    if (!this.#isClosed) this.#timer ??= this.#wait()
  }

  #pass(held: Held): void {
    if ('state' in held) {
      this.position = held.position
      this.target.replaceState(held.state)
      return
    }
    if (held.position.offset !== 0) this.position = held.position
    this.target.apply(held.publication)
  }
}
