import { completeAll, endedMeanwhile, Frame, type Node, type PendingSubscription, type Session } from '../hub/index.ts'
import type { Timer } from '../kit/index.ts'
import { CloseError, type CommandError, closes, type Position, push, type SubsEntry } from '../protocol/index.ts'

/** Takes the session into a channel, or says why not. */
export type Ask = (channel: string) => Promise<PendingSubscription | CommandError>

interface Late {
  /** Since it could not be opened. */
  attempts: number
  /** Until it is asked for again; absent while it is. */
  timer: Timer | undefined
}

/**
 * The channels of an event stream that could not be opened for the moment, as when a back end does not answer. A browser cannot ask again for one
 * of its channels, and coming back for all of them would stop those that are live and ask everybody anew. So the server asks, later each time,
 * and puts the channel into the stream once it is there.
 */
export class LateChannels {
  readonly #late = new Map<string, Late>()
  readonly #places = new Map<string, Position>()

  constructor(
    readonly node: Node,
    readonly session: Session,
    readonly ask: Ask,
  ) {}

  /** Takes those of the first event that may be had later, each with the place that it is to go on from. */
  begin(subs: ReadonlyMap<string, SubsEntry>, placeOf: (channel: string) => Position | undefined): void {
    for (const [channel, entry] of subs) {
      if (!('error' in entry) || !entry.error.temporary) continue
      const place = placeOf(channel)
      if (place !== undefined) this.#places.set(channel, place)
      const late: Late = { attempts: 0, timer: undefined }
      this.#late.set(channel, late)
      this.#wait(channel, late, entry.error.retry_after_ms)
    }
    if (this.#places.size > 0) this.session.awaited = this.#places
  }

  has(channel: string): boolean {
    return this.#late.has(channel)
  }

  get names(): string[] {
    return [...this.#late.keys()]
  }

  /** It is not wanted any more. */
  drop(channel: string): void {
    const late = this.#late.get(channel)
    if (late === undefined) return
    if (late.timer !== undefined) {
      late.timer.cancel()
      this.session.release(channel)
    }
    this.#forget(channel)
  }

  /** The stream is over. */
  close(): void {
    for (const { timer } of this.#late.values()) timer?.cancel()
    this.#late.clear()
  }

  #wait(channel: string, late: Late, retryAfterMs = 0): void {
    const { clock, random, limits } = this.node
    this.session.hold(channel)
    const { baseMs, capMs } = limits.lateChannelRetry
    const mostMs = Math.min(capMs, baseMs * 2 ** Math.min(late.attempts++, 30))
    const waitMs = (mostMs + random.next() * mostMs) / 2
    late.timer = clock.after(Math.max(waitMs, retryAfterMs), () => {
      this.#try(channel, late).catch((error: unknown) => this.#fail(channel, error))
    })
  }

  async #try(channel: string, late: Late): Promise<void> {
    late.timer = undefined
    const ended = this.session.release(channel)
    if (ended === undefined && !this.#mayAsk()) {
      this.#wait(channel, late)
      return
    }
    const outcome = ended === undefined ? await this.ask(channel) : endedMeanwhile(ended)
    // Taken off the list meanwhile: it has been ended with it.
    if (this.#late.get(channel) !== late || this.session.isClosed) return
    const entry = completeAll(new Map([[channel, outcome]])).get(channel)
    if (entry === undefined) return
    if ('error' in entry && entry.error.temporary) {
      this.#wait(channel, late, entry.error.retry_after_ms)
      return
    }
    this.#forget(channel)
    const said = 'error' in entry ? push.refused(channel, entry.error) : push.subscribe(channel, entry)
    this.session.outbox.enqueue(new Frame([said], 'push', 0, true))
  }

  /** Asking again costs what asking costs: who has many channels that cannot be opened must not ask without an end. */
  #mayAsk(): boolean {
    const { node } = this
    return node.rates.spend(this.session, node.clock.now(), 1)
  }

  /** Asking ended the connection, or went wrong in a way that nobody foresaw. */
  #fail(channel: string, error: unknown): void {
    if (error instanceof CloseError) this.session.close(error.close)
    else {
      this.node.log.error({ err: error, channel }, 'a channel of an event stream could not be opened')
      this.session.close(closes.internal)
    }
  }

  #forget(channel: string): void {
    this.#late.delete(channel)
    if (this.#places.delete(channel)) this.session.awaited = this.#places.size > 0 ? this.#places : undefined
  }
}
