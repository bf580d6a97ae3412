import type { Json } from '../../../kit/index.ts'
import type { Publication } from '../../../protocol/index.ts'
import type { Frame } from '../../fanout/frame.ts'
import type { Paced, Pacer } from './pacer.ts'

/** A part of a store that changes as a whole: a key with its value, or all that there is. */
export interface StateRow {
  /** Absent where the store has no keys. */
  readonly key?: string | undefined
  readonly publications: readonly Publication[]
  /** The version of the store with which it last changed. */
  readonly version: number
}

/**
 * What a channel keeps so that a subscriber can be given its news whenever there is room for them, however much came in between.
 * One store serves all subscribers of a channel; each remembers only the version that it saw last.
 */
export interface StateStore {
  /** Grows with every publication taken in. */
  readonly version: number
  /** Sends at once where absent. */
  readonly pacer: Pacer | undefined
  take(publication: Publication): void
  /** Becomes what the broker says the state is, after publications may have been missed. */
  replaceState(state: readonly Publication[]): void
  /** The changes after version `seen`, encoded once for all cursors there; undefined if there are none. */
  newsSince(seen: number): Frame | undefined
  /** Everything that a newcomer needs, oldest first. */
  snapshot(): readonly Publication[]
  /** The same by row. */
  rows(): readonly StateRow[]
  /** The same as one JSON value. */
  whole(): Json
  /** Whether the store may keep the key too, where it may have so many. */
  hasRoomFor(key: string | undefined, keysMax: number): boolean
}

/** The outbox that asks read cursors for their news. */
export interface ReadCursorOwner {
  /** Asks it with the next write. */
  markDirty(cursor: ReadCursor): void
}

/** One subscription's place at a store. */
export class ReadCursor implements Paced {
  #seen: number
  #isDirty = false

  constructor(
    readonly store: StateStore,
    readonly owner: ReadCursorOwner,
    /** Spreads subscribers over the interval, so that the work of a beat does not come all at once. */
    readonly phase: number,
  ) {
    this.#seen = store.version
  }

  /** News that was asked for has not been taken. */
  get isPending(): boolean {
    return this.#isDirty
  }

  /** There is news: sends at once, or asks the store's pacer for the next beat. */
  markDirty(): void {
    if (this.#isDirty) return
    this.#isDirty = true
    const { pacer } = this.store
    if (pacer === undefined) this.owner.markDirty(this)
    else pacer.add(this)
  }

  beat(): void {
    this.owner.markDirty(this)
  }

  /** The news since the last time, for the write that is being made. */
  drain(): Frame | undefined {
    this.#isDirty = false
    const seen = this.#seen
    this.#seen = this.store.version
    return this.store.newsSince(seen)
  }

  /** Starts from the store's present state: the subscriber got it in its reply. */
  skipToNow(): void {
    this.#seen = this.store.version
  }

  /** The subscriber was given a state from some time ago: all that the store holds comes as news, part of it perhaps again. */
  rewind(): void {
    this.#seen = 0
    this.markDirty()
  }

  /** The subscription ended: what was asked for is not sent. */
  close(): void {
    this.#seen = Number.POSITIVE_INFINITY
  }
}
