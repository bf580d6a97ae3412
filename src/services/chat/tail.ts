import { backoffMs, type Clock, type Random } from '../../kit/index.ts'
import type { InboxAppend, PlaceRange } from './store/index.ts'

export interface TailHost {
  readonly clock: Clock
  readonly random: Random
  /** What came into inboxes at these places, as far as it is wanted here. */
  read(stretch: PlaceRange): Promise<readonly InboxAppend[]>
  /** In the order of places, each once. */
  hand(appends: readonly InboxAppend[]): void
  failed(error: unknown): void
}

interface Committed {
  readonly appends: readonly InboxAppend[]
  readonly stretch: PlaceRange
}

/** Places that are read at once: those of some dozen transactions. */
const readMax = 65_536
const retry = { baseMs: 50, capMs: 2000 } as const

/**
 * What all nodes put into inboxes, handed on in the order in which it was committed. Stretches follow each other, so that it is seen when another node was
 * in between: what that one committed is read from the rows. Whoever ends after it has committed need not have told anybody.
 */
export class Tail {
  #place = 0
  #wanted = 0
  #committed: Committed[] = []
  #isReading = false
  #isClosed = false

  constructor(readonly host: TailHost) {}

  /** Everything up to there is of before. */
  begin(place: number): void {
    this.#place = Math.max(this.#place, place)
  }

  /** This node has committed something. */
  committed(appends: readonly InboxAppend[], stretch: PlaceRange): void {
    if (!this.#isReading && stretch.from === this.#place) {
      this.#place = stretch.to
      this.host.hand(appends)
      return
    }
    this.#committed.push({ appends, stretch })
    void this.#catchUp()
  }

  /** There is something up to this place, as somebody says. */
  reaches(place: number): void {
    this.#wanted = Math.max(this.#wanted, place)
    void this.#catchUp()
  }

  close(): void {
    this.#isClosed = true
  }

  async #catchUp(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    for (let failures = 0; !this.#isClosed; ) {
      this.#takeCommitted()
      const until = this.#committed[0]?.stretch.from ?? this.#wanted
      if (until <= this.#place) break
      const stretch = { from: this.#place, to: Math.min(until, this.#place + readMax) }
      try {
        const appends = await this.host.read(stretch)
        failures = 0
        this.#place = stretch.to
        this.host.hand(appends)
      } catch (error) {
        this.host.failed(error)
        const wait = backoffMs(failures++, this.host.random, retry)
        await new Promise<void>(resolve => this.host.clock.after(wait, resolve))
      }
    }
    this.#isReading = false
  }

  /** As far as it follows, or was read already. */
  #takeCommitted(): void {
    for (let [first] = this.#committed; first !== undefined && first.stretch.from <= this.#place; [first] = this.#committed) {
      this.#committed.shift()
      if (first.stretch.from < this.#place) continue
      this.#place = first.stretch.to
      this.host.hand(first.appends)
    }
  }
}
