import type { Json } from '../../../kit/index.ts'
import type { Publication } from '../../../protocol/index.ts'
import { Frame } from '../../fanout/frame.ts'
import { PublicationPush } from '../../fanout/message.ts'
import type { Pacer } from './pacer.ts'
import type { StateRow, StateStore } from './state-store.ts'

/** Keeps the newest publication of a `latest` channel: a subscriber that was slow gets that one and none before. */
export class LatestValue implements StateStore {
  version = 0
  #newest: Publication | undefined
  #frame: Frame | undefined

  constructor(
    readonly channel: string,
    readonly pacer: Pacer | undefined,
  ) {}

  take(publication: Publication): void {
    this.#newest = publication
    this.#frame = undefined
    this.version++
  }

  replaceState(state: readonly Publication[]): void {
    const newest = state.at(-1)
    // The offset alone would not tell: another history may have come as far.
    if (newest !== undefined && !(newest.offset === this.#newest?.offset && newest.json === this.#newest.json)) this.take(newest)
  }

  newsSince(seen: number): Frame | undefined {
    if (seen >= this.version || this.#newest === undefined) return undefined
    this.#frame ??= new Frame([new PublicationPush(this.channel, this.#newest)], 'push', 1, this.#newest.offset !== 0)
    return this.#frame
  }

  snapshot(): readonly Publication[] {
    return this.#newest === undefined ? [] : [this.#newest]
  }

  rows(): readonly StateRow[] {
    const publications = this.snapshot()
    return publications.length === 0 ? [] : [{ publications, version: this.version }]
  }

  whole(): Json {
    return this.#newest?.data ?? null
  }

  /** It keeps one value, whatever its key. */
  hasRoomFor(): boolean {
    return true
  }
}
