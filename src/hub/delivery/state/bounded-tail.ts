import { type Json, RingBuffer } from '../../../kit/index.ts'
import type { Publication } from '../../../protocol/index.ts'
import { Frame } from '../../fanout/frame.ts'
import { PublicationPush } from '../../fanout/message.ts'
import type { Pacer } from './pacer.ts'
import type { StateRow, StateStore } from './state-store.ts'

/** Keeps the last `max` publications of a lane in order; a subscriber that was too slow loses the oldest (sports S9, commentary). */
export class BoundedTail implements StateStore {
  version = 0
  readonly #tail = new RingBuffer<Publication>()
  readonly #frames = new Map<number, Frame>()

  constructor(
    readonly channel: string,
    readonly max: number,
    readonly pacer: Pacer | undefined,
  ) {}

  take(publication: Publication): void {
    if (this.#has(publication)) return
    this.#tail.push(publication)
    if (this.#tail.size > this.max) this.#tail.shift()
    this.version++
    this.#frames.clear()
  }

  /** The lane is best effort: what was missed stays missed for those who follow it, newcomers get the present tail. */
  replaceState(state: readonly Publication[]): void {
    this.#tail.clear()
    for (const publication of state.slice(-this.max)) this.#tail.push(publication)
    this.#frames.clear()
  }

  /** A publication that came while the state was fetched may be in the state already, and has no offset to tell. */
  #has({ time, json }: Publication): boolean {
    for (let index = this.#tail.size - 1; index >= 0; index--) {
      const known = this.#tail.at(index)
      if (known === undefined || known.time < time) return false
      if (known.time === time && known.json === json) return true
    }
    return false
  }

  newsSince(seen: number): Frame | undefined {
    const missed = Math.min(this.version - seen, this.#tail.size)
    if (missed <= 0) return undefined
    let frame = this.#frames.get(missed)
    if (frame === undefined) {
      const messages = this.#tail.slice(this.#tail.size - missed).map(publication => new PublicationPush(this.channel, publication))
      frame = new Frame(messages, 'push', messages.length)
      this.#frames.set(missed, frame)
    }
    return frame
  }

  snapshot(): readonly Publication[] {
    return this.#tail.slice(0)
  }

  rows(): readonly StateRow[] {
    return this.#tail.size === 0 ? [] : [{ publications: this.snapshot(), version: this.version }]
  }

  whole(): Json {
    return this.#tail.slice(0).map(publication => publication.data)
  }

  /** It is bounded by itself. */
  hasRoomFor(): boolean {
    return true
  }
}
