import type { Clock } from '../../../kit/index.ts'
import type { InboxState } from '../model/wire.ts'

/** How long messages can be changed, as the server says it, by the server's clock. Until it has said so nobody knows: then it decides. */
export class Windows {
  #editMs = Number.POSITIVE_INFINITY
  #deleteMs = Number.POSITIVE_INFINITY
  /** How far the server's clock is before this device's. */
  #ahead = 0

  constructor(readonly clock: Clock) {}

  learn({ limits, now }: Pick<InboxState, 'limits' | 'now'>): void {
    this.#editMs = limits?.edit_ms ?? this.#editMs
    this.#deleteMs = limits?.delete_ms ?? this.#deleteMs
    this.#ahead = now === undefined ? this.#ahead : now - this.clock.now()
  }

  /** How long a message of that time may still be edited by its author; 0 where it may not. */
  editLeft(ts: number): number {
    return this.#left(ts, this.#editMs)
  }

  /** How long its author may still delete it for everyone. */
  deleteLeft(ts: number): number {
    return this.#left(ts, this.#deleteMs)
  }

  #left(ts: number, windowMs: number): number {
    return Math.max(0, ts + windowMs - this.clock.now() - this.#ahead)
  }
}
