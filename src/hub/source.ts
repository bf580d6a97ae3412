import type { Json } from '../kit/index.ts'
import type { Publication } from '../protocol/index.ts'
import type { Frame } from './frame.ts'
import type { Metronome } from './metronome.ts'
import type { Outbox } from './outbox.ts'

/**
 * What a channel keeps so that a subscriber can be given its news whenever there is room for them, however much came in between.
 * One source serves all subscribers of a channel; each remembers only the version that it saw last.
 */
export interface Source {
  /** Grows with every publication taken in. */
  readonly version: number
  /** Sends at once where absent. */
  readonly metronome: Metronome | undefined
  take(publication: Publication): void
  /** Becomes what the broker says the state is, after publications may have been missed. */
  restate(state: readonly Publication[]): void
  /** What changed after `seen`, encoded once for all who saw the same; undefined when nothing did. */
  newsSince(seen: number): Frame | undefined
  /** Everything that a newcomer needs, oldest first. */
  snapshot(): readonly Publication[]
  /** The same as one JSON value. */
  whole(): Json
}

/** One subscription's place at a source. */
export class Tap {
  #seen: number
  #poked = false

  constructor(
    readonly source: Source,
    readonly outbox: Outbox,
    /** Spreads subscribers over the interval, so that the work of a beat does not come all at once. */
    readonly phase: number,
  ) {
    this.#seen = source.version
  }

  /** News that was asked for has not been taken. */
  get isPending(): boolean {
    return this.#poked
  }

  /** There is news: sends at once, or asks the source's metronome for the next beat. */
  poke(): void {
    if (this.#poked) return
    this.#poked = true
    const { metronome } = this.source
    if (metronome === undefined) this.outbox.poke(this)
    else metronome.add(this)
  }

  /** The news since the last time, for the write that is being made. */
  take(): Frame | undefined {
    this.#poked = false
    const seen = this.#seen
    this.#seen = this.source.version
    return this.source.newsSince(seen)
  }

  /** Starts from the source's present state: the subscriber got it in its reply. */
  settle(): void {
    this.#seen = this.source.version
  }

  /** The subscriber was given a state from some time ago: all that the source holds comes as news, part of it perhaps again. */
  begin(): void {
    this.#seen = 0
    this.poke()
  }

  /** The subscription ended: what was asked for is not sent. */
  close(): void {
    this.#seen = Number.POSITIVE_INFINITY
  }
}
