import type { Session } from '../hub/index.ts'
import { type Clock, TimingWheel } from '../kit/index.ts'
import type { Position } from '../protocol/index.ts'

/** An event stream that can be addressed: its session, and its channels as they were last changed. */
export interface Watch {
  /** 128 random bits behind the node's id: whoever has it may change the stream, if it is the same user. */
  readonly id: string
  readonly user: string
  readonly channels: readonly string[]
  /** How often the channels were changed. */
  readonly rev: number
  /** The answer to the last change, for its repetition. */
  readonly last?: WatchReply
}

export interface WatchReply {
  readonly rev: number
  readonly accepted: readonly string[]
  readonly rejected: readonly { readonly channel: string; readonly code: number; readonly message: string }[]
}

/** The live event streams of this node by id, and for a while those that broke off, so that their return finds its watchlist (E26). */
export class Watches {
  readonly #live = new Map<string, Session>()
  readonly #lingering = new Map<string, Watch>()
  readonly #expiry: TimingWheel<string>

  constructor(
    clock: Clock,
    readonly lingerMs: number,
  ) {
    this.#expiry = new TimingWheel(clock, 1000, 128, id => this.#lingering.delete(id))
  }

  live(id: string): Session | undefined {
    return this.#live.get(id)
  }

  began(id: string, session: Session): void {
    this.#live.set(id, session)
    this.#lingering.delete(id)
    this.#expiry.delete(id)
  }

  /** Only a watchlist that was changed needs to be remembered: otherwise the URL says it again. */
  ended(watch: Watch, session: Session): void {
    if (this.#live.get(watch.id) !== session) return
    this.#live.delete(watch.id)
    if (watch.rev === 0) return
    this.#lingering.set(watch.id, watch)
    this.#expiry.set(watch.id, this.lingerMs)
  }

  lingering(id: string): Watch | undefined {
    return this.#lingering.get(id)
  }

  close(): void {
    this.#expiry.close()
  }
}

/** The place from which a resumed stream continues in a channel. */
export type Resume = (channel: string) => Position | undefined
