import { type HistoryPage, type HistoryQuery, type Namespace, type StateStore, unpaced } from '../../hub/index.ts'
import { RingBuffer } from '../../kit/index.ts'
import { Publication } from '../../protocol/index.ts'
import type { ByteTail, TailOwner } from './byte-tail.ts'
import { readEnvelope, writeEnvelope } from './record-form.ts'

/** One channel as a node has read it from a log: its places in the tail, and state stores for what has a newest value. */
export class LogChannel implements TailOwner {
  /** Unix milliseconds of the newest append. */
  touchedAt = 0
  /** What lies before was removed. */
  removedAt = 0
  readonly states: readonly StateStore[]
  readonly #places = new RingBuffer<number>()
  readonly #owner: number
  /** The number of the oldest entry. They are counted from 0. */
  #first = 0

  /**
   * @param offset the place of the newest publication, or a later one up to which there is none
   * @param floor everything after it is known: it can be recovered from, and from every later place
   */
  constructor(
    readonly channel: string,
    readonly namespace: Namespace,
    readonly epoch: string,
    readonly tail: ByteTail,
    public offset: number,
    public floor = offset,
  ) {
    this.states = namespace.delivery.states(channel, unpaced)
    this.#owner = tail.enter(this)
  }

  /** @param text the data as JSON */
  append(publication: Publication, text: string): void {
    this.touchedAt = publication.time
    const lane = this.namespace.delivery.laneOf(publication)
    if (lane !== undefined) this.states[lane]?.take(publication)
    else if (publication.offset > 0) this.#keep(publication, text)
    if (publication.offset > 0) this.offset = publication.offset
  }

  page({ since, limit, reverse = false }: HistoryQuery, now: number): HistoryPage {
    this.expire(now)
    const position = { epoch: this.epoch, offset: this.offset }
    const state = this.states.flatMap(store => store.snapshot())
    const { size } = this.#places
    if (reverse) {
      const end = since === undefined ? size : this.#countUpTo(since.offset - 1)
      const count = limit < 0 ? end : Math.min(limit, end)
      return { position, publications: this.#slice(end - count, count).reverse(), complete: false, state }
    }
    const from = since === undefined ? 0 : this.#countUpTo(since.offset)
    const available = size - from
    const count = limit < 0 ? available : Math.min(limit, available)
    const isSame = since !== undefined && (since.epoch === '' || since.epoch === this.epoch) && since.offset <= this.offset
    const complete = isSame && this.namespace.delivery.recovers === 'all' && count === available && since.offset >= this.floor
    const publications = this.#slice(from, count)
    return { position, publications: complete ? startingAfter(since.offset, publications) : publications, complete, state }
  }

  /** The history is empty from now on. */
  clear(offset: number): void {
    this.removedAt = offset
    this.#drop(this.#places.size)
  }

  /** Drops what is over the size or older than the namespace keeps. */
  expire(now: number): void {
    const { size, ttlMs } = this.namespace.delivery.history
    let count = Math.max(0, this.#places.size - size)
    for (let place = this.#places.at(count); place !== undefined && this.tail.timeAt(place) + ttlMs <= now; place = this.#places.at(count))
      count++
    this.#drop(count)
  }

  /** Whether epoch and offset need not be remembered any longer. */
  isForgettable(now: number): boolean {
    const { quietMs } = this.namespace.delivery.history
    return quietMs > 0 && this.touchedAt + quietMs <= now
  }

  forget(): void {
    this.#drop(this.#places.size)
    this.tail.leave(this.#owner)
  }

  placeOf(number: number): number | undefined {
    return this.#places.at(number - this.#first)
  }

  moved(number: number, place: number): void {
    this.#places.put(number - this.#first, place)
  }

  evict(number: number): void {
    this.#drop(number - this.#first + 1)
  }

  #keep(publication: Publication, text: string): void {
    const { offset, after, time } = publication
    const entry = { offset, after, time, text, envelope: writeEnvelope(publication) }
    this.#places.push(this.tail.append(this.#owner, this.#first + this.#places.size, entry))
    const { size } = this.namespace.delivery.history
    if (this.#places.size > size) this.#drop(this.#places.size - size)
  }

  #drop(count: number): void {
    for (let left = count; left > 0; left--) {
      const place = this.#places.shift()
      if (place === undefined) return
      this.#first++
      this.floor = this.tail.offsetAt(place)
      this.tail.free(place)
    }
  }

  #slice(from: number, count: number): Publication[] {
    return this.#places.slice(from, count).map(place => readEnvelope(this.tail.read(place)))
  }

  /** How many of the entries stand at a place or before it. */
  #countUpTo(offset: number): number {
    let low = 0
    let high = this.#places.size
    while (low < high) {
      const middle = (low + high) >> 1
      const place = this.#places.at(middle)
      if (place !== undefined && this.tail.offsetAt(place) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Publications that follow a place: the first may name a later one as its predecessor, at which nothing was. */
export function startingAfter(place: number, publications: readonly Publication[]): readonly Publication[] {
  const [first, ...rest] = publications
  return first === undefined || first.after <= place ? publications : [new Publication({ ...first.fields(), after: place }), ...rest]
}
