import { type Json, unreachable } from '../../kit/index.ts'
import { type ClientInfo, type Close, type Position, type Publication, unsubscribes } from '../../protocol/index.ts'
import type { TokenMark } from '../access/revocations.ts'
import type { HookClient } from '../contracts/hooks.ts'
import type { Socket } from '../contracts/socket.ts'
import type { ReadCursor } from '../delivery/state/state-store.ts'
import type { FanOutGroup } from '../fanout/fan-out-group.ts'
import type { Frame } from '../fanout/frame.ts'
import type { GroupMember, Outbox } from '../fanout/outbox.ts'
import type { Replay } from '../fanout/replay.ts'
import type { TagFilter } from '../fanout/tag-filter.ts'
import type { Wire } from '../fanout/wire.ts'
import type { Channel } from './channel.ts'

/** A subscription catches up until its reply is queued, is replayed what did not fit into that, then it is live until it ends; nothing else. */
export type SubscriptionState =
  | { readonly kind: 'catching-up'; readonly queued: Publication[]; overflowed: boolean }
  | { readonly kind: 'replaying'; readonly replay: Replay }
  | { readonly kind: 'live' }
  | { readonly kind: 'ended'; readonly close: Close }

/** The terms agreed when the subscription was made. */
export interface SubscriptionTerms {
  /** Information about the subscriber that presence shows to others. */
  readonly chanInfo: Json | undefined
  readonly recoverable: boolean
  readonly positioned: boolean
  readonly joinLeave: boolean
  readonly delta: boolean
  /** Made by the server rather than asked for by the client. */
  readonly serverSide: boolean
  /** Unix milliseconds; 0 for never. */
  readonly expireAt: number
  /** It came by a token, so the client may prolong it with another; otherwise it ends on time, and the client asks again. */
  readonly refreshable: boolean
  /** Of the subscription token that it came by. */
  readonly token?: TokenMark | undefined
}

/** A session as its subscriptions, and the channels behind them, see it. */
export interface Subscriber {
  /** The client id. */
  readonly id: string
  readonly hookClient: HookClient
  readonly wire: Wire
  readonly socket: Socket
  readonly outbox: Outbox
  readonly isClosed: boolean
  /** How others see it in a channel. */
  infoIn(chanInfo: ClientInfo['chan_info']): ClientInfo
  /** The subscription is live, and level with its channel. */
  settle(subscription: Subscription): void
  /** Ends the subscription by the server's will. */
  unsubscribe(channel: string, close: Close): void
}

/** The encoded forms of one publication, shared by all subscribers of the channel. */
export interface Frames {
  readonly whole: Frame
  /** For subscribers that negotiated delta and hold the publication before; made when the first of them is met. */
  readonly delta: Frame
  /** For subscribers that negotiated delta and hold nothing yet. */
  readonly base: Frame
}

const live: SubscriptionState = { kind: 'live' }

/** A session's interest in one channel. */
export class Subscription implements GroupMember {
  state: SubscriptionState = { kind: 'catching-up', queued: [], overflowed: false }
  /** Its place in the channel's list. */
  index = -1
  /** Publications up to this offset came with the reply. */
  seenOffset = 0
  /** Whether the client holds the publication before the next one, which a delta builds on. */
  hasDeltaBase = false
  readCursors: ReadCursor[] | undefined
  /** Its filter by tags; everything if absent. */
  readonly filter: TagFilter | undefined
  /** The session's, kept here so that a fan-out touches one object less. */
  readonly #outbox: Outbox

  constructor(
    readonly session: Subscriber,
    readonly channel: Channel,
    public terms: SubscriptionTerms,
    filter?: TagFilter,
  ) {
    this.#outbox = session.outbox
    this.filter = filter === undefined ? undefined : channel.filters.take(filter)
  }

  /** How others see the subscriber in the channel. */
  get info(): ClientInfo {
    return this.session.infoIn(this.terms.chanInfo)
  }

  /** Passes a publication on in whichever way the subscription's state asks for. */
  deliver(publication: Publication, frames: Frames): void {
    const { state } = this
    switch (state.kind) {
      case 'live':
        if (publication.offset !== 0 && publication.offset <= this.seenOffset) {
          // Others go on from this one, and the client perhaps from one without a place that came to it later.
          this.hasDeltaBase = false
          if (publication.offset === this.seenOffset) this.session.settle(this)
          return
        }
        if (this.filter !== undefined && !this.filter.passes(publication)) return
        this.#outbox.enqueue(this.terms.delta ? this.#deltaOf(frames) : frames.whole)
        return
      case 'replaying':
        if (publication.offset !== 0 && publication.offset <= this.seenOffset) return
        if (this.filter === undefined || this.filter.passes(publication)) this.#putBehind(state.replay, publication)
        return
      case 'catching-up':
        if (state.queued.length < this.#outbox.context.limits.catchingUpMax) state.queued.push(publication)
        else state.overflowed = true
        return
      case 'ended':
        return
      default:
        unreachable(state)
    }
  }

  /**
   * From here on the session gets what the channel gets, behind what is still to be replayed. The reply must be queued before anything else
   * happens.
   */
  goLive(seenOffset: number, isStateFresh: boolean, replay: Replay | undefined): void {
    this.state = replay === undefined ? live : { kind: 'replaying', replay }
    if (replay !== undefined) this.#outbox.replay(replay)
    // If only the newest counts, a new epoch starts at 1 without ending the subscription.
    this.seenOffset = this.channel.isRecoverable ? seenOffset : 0
    if (this.readCursors !== undefined) for (const cursor of this.readCursors) isStateFresh ? cursor.skipToNow() : cursor.rewind()
    this.session.settle(this)
  }

  /** Everything that was recovered has been handed to the connection. */
  caughtUp(): void {
    if (this.state.kind !== 'replaying') return
    this.state = live
    this.session.settle(this)
  }

  /** Whether it gets what every other subscriber gets, and nothing else. */
  get canJoinGroup(): boolean {
    const { channel, terms, session } = this
    if (terms.delta || this.readCursors !== undefined || !this.hasCaughtUp) return false
    return !session.wire.hasCursor || !channel.isRecoverable || this.isSettled
  }

  joinGroup(): FanOutGroup | undefined {
    return this.channel.joinGroup(this)
  }

  leaveGroup(): void {
    this.channel.leaveGroup(this)
  }

  /** Leaves the channel; what was queued for it and not yet sent may still go out. */
  end(close: Close): void {
    if (this.state.kind === 'ended') return
    if (this.state.kind === 'replaying') this.state.replay.drop()
    this.state = { kind: 'ended', close }
    if (this.readCursors !== undefined) for (const cursor of this.readCursors) cursor.close()
    this.channel.remove(this)
  }

  /** A subscription whose replay is slower than the channel starts again, and is then told whether it can recover. */
  #putBehind(replay: Replay, publication: Publication): void {
    const { channel, session } = this
    // It comes whole, so that the next one may build on it.
    this.hasDeltaBase = true
    replay.push(publication)
    if (replay.bytes > this.#outbox.context.limits.recoveryBytesMax) session.unsubscribe(channel.name, unsubscribes.insufficientState)
  }

  #deltaOf(frames: Frames): Frame {
    if (this.hasDeltaBase) return frames.delta
    this.hasDeltaBase = true
    return frames.base
  }

  /** How far the subscriber was sent. Right after its recovery it may be ahead of the channel, which learns of the same publications later. */
  get position(): Position {
    const { position } = this.channel.feed
    if (this.state.kind === 'replaying') return { epoch: position.epoch, offset: this.state.replay.offset }
    return this.hasCaughtUp ? position : { epoch: position.epoch, offset: this.seenOffset }
  }

  get hasCaughtUp(): boolean {
    return this.state.kind !== 'replaying' && this.seenOffset <= this.channel.feed.position.offset
  }

  /** Whether a position says how far the client was sent: not of a newest value that still waits for room. */
  get isSettled(): boolean {
    if (!this.isLive || !this.terms.recoverable) return false
    return this.channel.isRecoverable || (this.readCursors?.every(cursor => !cursor.isPending) ?? true)
  }

  get isLive(): boolean {
    return this.state.kind === 'live' || this.state.kind === 'replaying'
  }
}
