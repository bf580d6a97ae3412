import type { Position } from '../../src/protocol/index.ts'
import type { Entry, Oracle } from '../cluster/oracle.ts'
import type { Judge } from '../core/judge.ts'
import type { Tally } from '../core/tally.ts'
import type { WirePublication, WireSubscription } from './wire.ts'

export interface FollowedContext {
  readonly judge: Judge
  readonly oracle: Oracle
  readonly tally: Tally
  readonly now: () => number
  /** Nothing is lost on the way, nobody is slow and nothing breaks: urgent things must be quick. */
  readonly promptMs: number | undefined
}

/** Whose channel it is, for the words of a violation. */
export interface Follower {
  readonly channel: string
  readonly who: string
  /** Nothing may be seen earlier than this after it happened. */
  readonly delayMs: number
}

/** A client's place in a channel of which it gets every publication: gapless, in order, each once, and the right one. */
export class Followed {
  position: Position | undefined
  #beganAt = 0

  constructor(
    readonly context: FollowedContext,
    readonly follower: Follower,
  ) {}

  /** The subscription began. `since` is where it was asked to go on. */
  begin({ recovered = false, epoch = '', offset = 0 }: WireSubscription, since: Position | undefined): void {
    const { tally, now } = this.context
    this.#beganAt = now()
    tally.count(since === undefined ? 'subscribed' : recovered ? 'recovered' : 'not recovered')
    if (epoch !== '') this.position = { epoch, offset }
  }

  /** Goes on where it was asked to, or begins anew. @returns the publications that lead from there to the present */
  recover(reply: WireSubscription, since: Position | undefined): readonly WirePublication[] {
    const { publications = [], recovered = false, epoch = '', offset = 0 } = reply
    if (since === undefined || !recovered) {
      this.hold(publications.length === 0, `was not recovered, and got ${publications.length} publications all the same`)
      return []
    }
    this.hold(epoch === since.epoch, `was recovered from epoch ${since.epoch} into ${epoch}`)
    this.hold(offset === since.offset, `asked for what came after ${since.offset} and was told ${offset}`)
    return publications
  }

  take({ offset = 0, data }: WirePublication): void {
    const { epoch = '', offset: before = 0 } = this.position ?? {}
    const entry = this.context.oracle.at(this.follower.channel, epoch, offset)
    this.hold(entry !== undefined, `got offset ${offset} of epoch ${epoch}, which nobody published`)
    const isNext = offset > before && (entry?.after ?? 0) <= before
    this.hold(isNext, `got offset ${offset}, which comes after ${entry?.after}, where it stood at ${before}`)
    this.position = { epoch, offset }
    this.hold(JSON.stringify(entry?.data) === JSON.stringify(data), `got other data at ${offset} than was published`)
    if (entry !== undefined) this.#checkPrompt(entry)
  }

  hold(holds: boolean, promise: string): void {
    const { channel, who } = this.follower
    this.context.judge.hold(holds, `${who} in ${channel} ${promise}`)
  }

  #checkPrompt(entry: Entry): void {
    const { promptMs, now } = this.context
    // Where nothing breaks all clocks agree.
    if (promptMs === undefined) return
    const { delayMs } = this.follower
    const ageMs = now() - entry.at
    this.hold(ageMs >= delayMs, `saw after ${ageMs} ms what should come after ${delayMs}`)
    if (entry.at >= this.#beganAt) this.hold(ageMs <= delayMs + promptMs, `waited ${ageMs} ms for what should come at once`)
  }
}
