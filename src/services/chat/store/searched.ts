import type { SearchPlace } from '../search/search-place.ts'
import { segmentPlaces } from './search-index.ts'
import type { MarkedSegment } from './search-segments.ts'

/** A conversation that is searched, as its searcher has it. */
export interface SearchedRow {
  readonly id: string
  readonly seq: number
  readonly indexed: number
  readonly ts: number
  readonly cleared: number
}

/** Gives the messages of one conversation that may be meant, the newest first. */
export class Searched {
  /** Places between which the searcher was in it. */
  readonly stays: (readonly [from: number, to: number])[] = []
  #segments: MarkedSegment[] = []
  /** Messages that entries which are not indexed yet have changed. */
  readonly #changed: number[] = []
  /** The entries that are looked through. */
  #lookedAfter = Number.POSITIVE_INFINITY
  #lookedTo = 0
  /** What was given last; nothing above is given. */
  #below = Number.POSITIVE_INFINITY
  #newest: number

  constructor(readonly row: SearchedRow) {
    this.#newest = row.ts
  }

  /** How many entries the index does not hold, of those that the searcher may see something of. */
  get behind(): number {
    return Math.max(0, this.#top - Math.max(this.row.indexed, this.row.cleared))
  }

  /** What came after they left is nothing to them. */
  get #top(): number {
    return this.stays.reduce((most, [, to]) => Math.max(most, Math.min(to, this.row.seq)), 0)
  }

  /** Nothing that is still to come is newer. Undefined where nothing is. */
  get newest(): number | undefined {
    return this.#next() === undefined ? undefined : this.#newest
  }

  /** Everything of the last so many entries may be meant. */
  lookThrough(entries: number): void {
    this.#lookedTo = this.#top
    this.#lookedAfter = this.#lookedTo - entries
  }

  add(segment: MarkedSegment): void {
    this.#segments.push(segment)
  }

  /** Once all are there. */
  arrange(): void {
    this.#segments.sort((one, other) => other.number - one.number)
    const [first] = this.#segments
    if (this.#lookedTo === 0 && first !== undefined) this.#newest = first.ts
  }

  /**
   * Leaves out what comes before a moment.
   * @returns places of which only some do: the place that is to be given first must be looked for, by time
   */
  skip({ ts, conversation, seq }: SearchPlace): readonly [after: number, upTo: number] | undefined {
    this.#newest = Math.min(this.#newest, ts)
    if (conversation === this.row.id) {
      this.#below = seq
      return undefined
    }
    if (this.row.ts <= ts) return undefined
    // Times never go back in one conversation: of the segments with something newer, the oldest may have something older as well.
    const boundary = this.#segments.findLast(segment => segment.ts > ts)
    if (boundary !== undefined) {
      const after = boundary.number * segmentPlaces - 1
      this.#below = after + segmentPlaces + 1
      return [after, after + segmentPlaces]
    }
    return this.#lookedTo === 0 ? undefined : [this.#lookedAfter, this.#lookedTo]
  }

  /** Gives nothing above a place any more. */
  skipTo(seq: number): void {
    this.#below = Math.min(this.#below, seq + 1)
  }

  take(count: number): number[] {
    const taken: number[] = []
    for (let seq = this.#next(); seq !== undefined && taken.length < count; seq = this.#next()) {
      taken.push(seq)
      this.#below = seq
    }
    return taken
  }

  /** What was taken has come: the oldest of it is from then. */
  came(ts: number): void {
    this.#newest = Math.min(this.#newest, ts)
  }

  /** A message is not what the index takes it for. */
  changed(seq: number): void {
    if (seq < this.#below) this.#changed.push(seq)
  }

  #next(): number | undefined {
    for (let below = this.#below; ; ) {
      const seq = Math.max(this.#nextUnindexed(below), this.#nextChanged(below), this.#nextMarked(below))
      if (seq < 0) return undefined
      // What is not indexed may have changed a message from a time when the searcher was there.
      if (seq > this.#lookedAfter || this.#isSeen(seq)) return seq
      below = seq
      this.#below = seq
    }
  }

  #nextUnindexed(below: number): number {
    const seq = Math.min(below - 1, this.#lookedTo)
    return seq > this.#lookedAfter ? seq : -1
  }

  #nextChanged(below: number): number {
    return this.#changed.reduce((most, seq) => (seq < below && seq > most ? seq : most), -1)
  }

  #nextMarked(below: number): number {
    for (let segment = this.#segments[0]; segment !== undefined; segment = this.#segments[0]) {
      const base = segment.number * segmentPlaces
      for (let place = Math.min(segmentPlaces - 1, below - 1 - base); place >= 0; place--)
        if (segment.marks[place] === segment.wanted) return base + place
      this.#segments.shift()
    }
    return -1
  }

  #isSeen(seq: number): boolean {
    return seq > this.row.cleared && this.stays.some(([from, to]) => from <= seq && seq <= to)
  }
}
