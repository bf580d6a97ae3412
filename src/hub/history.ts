import { type Json, RingBuffer } from '../kit/index.ts'
import { Publication } from '../protocol/index.ts'
import type { HistoryPage, HistoryQuery, PublishOptions } from './broker.ts'
import { hasHistory, type Namespace } from './namespace.ts'
import { unpaced } from './state/unpaced.ts'
import type { StateStore } from './state/state-store.ts'
import { statesOf } from './states.ts'

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
    this.states = statesOf(channel, namespace, unpaced)
  }

  /** Whether publications get a place, so that a node notices when it missed one. */
  static keeps(namespace: Namespace): boolean {
    return hasHistory(namespace) || namespace.delivery === 'latest' || namespace.delivery === 'conflated'
  }

  /** What the publication will be once appended. Low lanes have no place in the history. */
  next(data: Json, options: PublishOptions, now: number): Publication {
    const placed = options.skipHistory !== true && this.#laneOf(options.lane) === undefined
    return new Publication({
      data,
      time: now,
      ...(placed ? { offset: this.offset + 1 } : {}),
      ...(options.key === undefined ? {} : { key: options.key }),
      ...(options.lane === undefined ? {} : { lane: options.lane }),
      ...(options.delta ? { delta: true } : {}),
      ...(options.tags === undefined ? {} : { tags: options.tags }),
      ...(options.info === undefined ? {} : { info: options.info }),
    })
  }

  append(publication: Publication, now: number): void {
    this.touchedAt = now
    if (publication.offset > 0) this.offset = publication.offset
    const { delivery } = this.namespace
    if (delivery === 'latest' || delivery === 'conflated') this.states[0]?.take(publication)
    else if (publication.offset === 0) this.states[this.#laneOf(publication.lane) ?? -1]?.take(publication)
    else this.#ring.push(publication)
    this.expire(now)
  }

  /** Puts back what was kept on disk. */
  restore(offset: number, touchedAt: number, publications: readonly Publication[]): void {
    this.offset = offset
    this.touchedAt = touchedAt
    for (const publication of publications) {
      if (this.namespace.delivery === 'latest') this.states[0]?.take(publication)
      else this.#ring.push(publication)
    }
  }

  page({ since, limit, reverse = false }: HistoryQuery, now: number): HistoryPage {
    this.expire(now)
    const position = { epoch: this.epoch, offset: this.offset }
    const state = this.state()
    const size = this.#ring.size
    const first = this.#ring.at(0)?.offset ?? this.offset + 1
    if (reverse) {
      const end = since === undefined ? size : Math.max(0, Math.min(size, since.offset - first))
      const count = limit < 0 ? end : Math.min(limit, end)
      return { position, publications: this.#ring.slice(end - count, count).reverse(), complete: false, state }
    }
    const after = since === undefined ? 0 : Math.max(0, since.offset + 1 - first)
    const available = Math.max(0, size - after)
    const count = limit < 0 ? available : Math.min(limit, available)
    const sameHistory = since !== undefined && (since.epoch === '' || since.epoch === this.epoch) && since.offset <= this.offset
    const complete = sameHistory && hasHistory(this.namespace) && count === available && since.offset + 1 >= first
    return { position, publications: this.#ring.slice(after, count), complete, state }
  }

  /** Everything kept with a place, oldest first. */
  tail(): Publication[] {
    return this.#ring.slice(0)
  }

  /** What the state stores hold. */
  state(): Publication[] {
    return this.states.flatMap(store => store.snapshot())
  }

  /** The state stores become what another history says they are. */
  restate(state: readonly Publication[]): void {
    for (const [index, store] of this.states.entries())
      store.restate(state.filter(publication => (this.#laneOf(publication.lane) ?? 0) === index))
  }

  clear(): void {
    this.#ring.clear()
  }

  /** Drops what is over the size or older than the namespace keeps. */
  expire(now: number): void {
    const { historySize, historyTtlMs } = this.namespace
    while (this.#ring.size > historySize) this.#ring.shift()
    for (let oldest = this.#ring.at(0); oldest !== undefined && oldest.time + historyTtlMs <= now; oldest = this.#ring.at(0))
      this.#ring.shift()
  }

  /** Whether epoch and offset need not be remembered any longer. */
  isForgettable(now: number): boolean {
    const { historyMetaTtlMs, historyTtlMs, delivery } = this.namespace
    const keptMs = delivery === 'latest' || delivery === 'conflated' ? historyTtlMs : Math.max(historyMetaTtlMs, historyTtlMs)
    return keptMs > 0 && this.touchedAt + keptMs <= now
  }

  #laneOf(lane: string | undefined): number | undefined {
    if (this.namespace.delivery !== 'lanes' || lane === undefined) return undefined
    const index = this.namespace.lanes.findIndex(({ name }) => name === lane)
    return index <= 0 ? undefined : index - 1
  }
}
