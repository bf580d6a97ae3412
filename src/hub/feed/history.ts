import { type Json, RingBuffer } from '../../kit/index.ts'
import { Publication } from '../../protocol/index.ts'
import type { HistoryPage, HistoryQuery, PublishOptions } from '../contracts/broker.ts'
import type { Namespace } from '../delivery/namespace.ts'
import type { StateStore } from '../delivery/state/state-store.ts'
import { unpaced } from '../delivery/state/unpaced.ts'

/** One channel's history and state in memory: a bounded ring for what must not be missed, state stores for what has a newest value. */
export class History {
  offset = 0
  /** Unix milliseconds of the newest append. */
  touchedAt = 0
  readonly states: readonly StateStore[]
  readonly #ring = new RingBuffer<Publication>()

  constructor(
    readonly channel: string,
    readonly namespace: Namespace,
    readonly epoch: string,
  ) {
    this.states = namespace.delivery.states(channel, unpaced)
  }

  /** Whether publications get a place, so that a node notices when it missed one. */
  static keeps({ delivery }: Namespace): boolean {
    return delivery.places !== 'none'
  }

  /** The publication as it will be appended. */
  next(data: Json, options: PublishOptions, now: number): Publication {
    const place = { offset: this.offset + 1, after: this.offset }
    return publicationOf(data, options, now, hasPlace(this.namespace, options) ? place : undefined)
  }

  append(publication: Publication, now: number): void {
    this.touchedAt = now
    if (publication.offset > 0) this.offset = publication.offset
    const lane = this.namespace.delivery.laneOf(publication)
    if (lane !== undefined) this.states[lane]?.take(publication)
    else if (publication.offset > 0) this.#ring.push(publication)
    this.expire(now)
  }

  /** Puts back what was kept on disk. */
  restore(offset: number, touchedAt: number, publications: readonly Publication[]): void {
    this.offset = offset
    this.touchedAt = touchedAt
    for (const publication of publications) this.#ring.push(publication)
  }

  page({ since, limit, reverse = false }: HistoryQuery, now: number): HistoryPage {
    this.expire(now)
    const position = { epoch: this.epoch, offset: this.offset }
    const state = this.state()
    const size = this.#ring.size
    if (reverse) {
      const end = since === undefined ? size : this.#countUpTo(since.offset - 1)
      const count = limit < 0 ? end : Math.min(limit, end)
      return { position, publications: this.#ring.slice(end - count, count).reverse(), complete: false, state }
    }
    const after = since === undefined ? 0 : this.#countUpTo(since.offset)
    const available = size - after
    const count = limit < 0 ? available : Math.min(limit, available)
    const sameHistory = since !== undefined && (since.epoch === '' || since.epoch === this.epoch) && since.offset <= this.offset
    const complete = sameHistory && this.namespace.delivery.recovers === 'all' && count === available && since.offset >= this.#floor
    return { position, publications: this.#ring.slice(after, count), complete, state }
  }

  /** The place up to which nothing is kept: who has come so far can be given everything after it. */
  get #floor(): number {
    return this.#ring.at(0)?.after ?? this.offset
  }

  /** How many of the publications stand at a place or before it. */
  #countUpTo(offset: number): number {
    let low = 0
    let high = this.#ring.size
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ring.at(middle)?.offset ?? Number.POSITIVE_INFINITY) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Everything kept with a place, oldest first. */
  tail(): Publication[] {
    return this.#ring.slice(0)
  }

  /** The contents of the state stores. */
  state(): Publication[] {
    return this.states.flatMap(store => store.snapshot())
  }

  /** The state stores become what another history says they are. */
  replaceState(state: readonly Publication[]): void {
    for (const [index, store] of this.states.entries())
      store.replaceState(state.filter(publication => this.namespace.delivery.laneOf(publication) === index))
  }

  clear(): void {
    this.#ring.clear()
  }

  /** Drops what is over the size or older than the namespace keeps. */
  expire(now: number): void {
    const { size, ttlMs } = this.namespace.delivery.history
    while (this.#ring.size > size) this.#ring.shift()
    for (let oldest = this.#ring.at(0); oldest !== undefined && oldest.time + ttlMs <= now; oldest = this.#ring.at(0)) this.#ring.shift()
  }

  /** Whether epoch and offset need not be remembered any longer. */
  isForgettable(now: number): boolean {
    const { quietMs } = this.namespace.delivery.history
    return quietMs > 0 && this.touchedAt + quietMs <= now
  }
}

/** Whether a publication has a place in the history of its channel: low lanes have none, nor has what skips it. */
export function hasPlace({ delivery }: Namespace, options: PublishOptions): boolean {
  if (delivery.places === 'none' || options.skipHistory === true) return false
  return delivery.places === 'all' || delivery.laneOf(options) === undefined
}

/** A publication as its publisher asked for it, at a place or without one. */
export function publicationOf(
  data: Json,
  options: PublishOptions,
  time: number,
  place: { readonly offset: number; readonly after: number } | undefined,
): Publication {
  return new Publication({
    data,
    time,
    ...place,
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.lane === undefined ? {} : { lane: options.lane }),
    ...(options.delta ? { delta: true } : {}),
    ...(options.tags === undefined ? {} : { tags: options.tags }),
    ...(options.info === undefined ? {} : { info: options.info }),
  })
}
