import { TokenBucket, unreachable } from '../../kit/index.ts'
import {
  type ClientInfo,
  type Close,
  type CursorWatchlist,
  closes,
  encodeCursor,
  type Position,
  push,
  unsubscribes,
} from '../../protocol/index.ts'
import type { ChannelCaller } from '../access/access.ts'
import type { Identity } from '../access/identity.ts'
import { type Principal, principalOf } from '../access/principal.ts'
import { PendingGrants } from '../channel/pending-grants.ts'
import type { Subscriber, Subscription } from '../channel/subscription.ts'
import { SubscriptionMap } from '../channel/subscription-map.ts'
import type { AskingClient, HookClient } from '../contracts/hooks.ts'
import type { Socket } from '../contracts/socket.ts'
import { pushFrame } from '../fanout/frame.ts'
import { Outbox, type OutboxOwner } from '../fanout/outbox.ts'
import type { Wire } from '../fanout/wire.ts'
import type { RoomClass } from './room.ts'
import { clientInfoOf, hookClientOf, writeStreamEnd } from './session-client.ts'
import type { Commands, SessionContext } from './session-context.ts'
import { SessionExtras } from './session-extras.ts'

export type SessionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly isAnnounced: boolean }
  | { readonly kind: 'closed'; readonly close: Close }

const connecting: SessionState = { kind: 'connecting' }
const connected: SessionState = { kind: 'connected', isAnnounced: false }
const announced: SessionState = { kind: 'connected', isAnnounced: true }
const anonymous: Identity = { user: '' }

/**
 * What vouches for who a session is: a token, which its client can renew; a back end or an option; or nothing, so that no back end is asked on
 * its behalf.
 */
export type Voucher = 'token' | 'server' | 'nothing'

/** One client's logical connection, over whichever transport. What few sessions have stands in `SessionExtras`. */
export class Session implements OutboxOwner, Subscriber, ChannelCaller {
  state: SessionState = connecting
  identity: Identity = anonymous
  readonly outbox: Outbox
  readonly subscriptions = new SubscriptionMap()
  readonly connectedAt: number
  /** Unix milliseconds at which the identity ends; 0 for never. */
  expireAt = 0
  voucher: Voucher = 'token'
  /** Its places in the node's lists. */
  index = -1
  beatIndex = -1
  readonly beatPhase: number
  /** Its class among the node's connections. */
  standing: RoomClass = 'free'
  /** A ping went out and its pong has not come. */
  awaitingPong = false
  #commands: Commands | undefined
  #bucket: TokenBucket | undefined
  #extras: SessionExtras | undefined

  constructor(
    readonly context: SessionContext<Session>,
    /** The client id: public, shown to other clients in presence. */
    readonly id: string,
    socket: Socket,
    wire: Wire,
    readonly address: string,
  ) {
    this.outbox = new Outbox(socket, wire, context, this)
    this.connectedAt = context.now()
    this.beatPhase = context.owner.nextPhase()
  }

  get socket(): Socket {
    return this.outbox.socket
  }

  get streamId(): string | undefined {
    return this.socket.streamId
  }

  get wire(): Wire {
    return this.outbox.wire
  }

  get user(): string {
    return this.identity.user
  }

  get caps(): Identity['caps'] {
    return this.identity.caps
  }

  get isVouchedFor(): boolean {
    return this.voucher !== 'nothing'
  }

  /** Whether the client is to prolong its identity with a new token. Otherwise the back end is asked, which said who it is. */
  get isRefreshable(): boolean {
    return this.voucher === 'token'
  }

  get isConnected(): boolean {
    return this.state.kind === 'connected'
  }

  get isClosed(): boolean {
    return this.state.kind === 'closed'
  }

  get hookClient(): HookClient {
    return hookClientOf(this, this.identity)
  }

  /** As it asks a back end for something. */
  get asking(): AskingClient {
    return { ...this.hookClient, principal: this.principal }
  }

  /** The principal that is charged for its requests. */
  get principal(): Principal {
    return principalOf(this.user, this.address)
  }

  /** Headers of the request that it came with, for the connect hook to know it by; forgotten once it is known. */
  get headers(): Readonly<Record<string, string>> | undefined {
    return this.#extras?.headers
  }

  set headers(headers: Readonly<Record<string, string>> | undefined) {
    if (headers === undefined && this.#extras === undefined) return
    this.#more.headers = headers
    this.#trim()
  }

  /**
   * Asks somebody about a channel: meanwhile the subscription counts as one that there is, and can be ended like one. Nothing is kept of it
   * afterwards, since most sessions never ask again. @throws CommandError
   */
  whilePending<T>(channel: string, ask: () => Promise<T>): Promise<T> {
    return this.#pending.during(channel, ask, () => this.#trim())
  }

  /** It will be asked about again: until then too. */
  hold(channel: string): void {
    this.#pending.hold(channel)
  }

  /** It is asked about now, or not wanted any more. Gives why it must not be, where it was ended meanwhile. */
  release(channel: string): Close | undefined {
    const ended = this.#extras?.pending?.release(channel)
    this.#trim()
    return ended
  }

  /** Subscriptions that there are or may be in a moment. */
  get channelCount(): number {
    return this.subscriptions.size + (this.#extras?.pending?.size ?? 0)
  }

  hasOrAwaits(channel: string): boolean {
    return this.subscriptions.has(channel) || this.#extras?.pending?.has(channel) === true
  }

  /** How others see it in a channel. */
  infoIn(chanInfo: ClientInfo['chan_info']): ClientInfo {
    return clientInfoOf(this, chanInfo)
  }

  /** One frame from the client, text or Protobuf: any number of commands. Answers arrive in the outbox. */
  receive(frame: string | Uint8Array): void {
    if (this.isClosed) return
    this.#commands ??= this.context.owner.openCommands(this)
    this.#commands.receive(frame)
    this.dropIdleCommands()
  }

  /** Most sessions send next to nothing once they are subscribed: they keep no queue for it. */
  dropIdleCommands(): void {
    if (this.#commands?.isIdle) this.#commands = undefined
  }

  connect(identity: Identity, voucher: Voucher): void {
    this.identity = identity
    this.voucher = voucher
    this.headers = undefined
    this.state = connected
    this.expireAt = (identity.expireAt ?? 0) * 1000
    this.context.owner.identified(this)
  }

  /** The server took the channel away before it was opened. */
  withhold(channel: string): void {
    this.#more.withhold(channel)
  }

  isWithheld(channel: string): boolean {
    return this.#extras?.isWithheld(channel) === true
  }

  /** Everything is there for it to go live: from here on listeners hear of it, to its end. */
  announce(): void {
    if (this.isConnected) this.state = announced
    this.context.owner.announced(this)
  }

  /** `seconds` is Unix time; 0 for never. */
  setExpiry(seconds: number): void {
    this.expireAt = seconds * 1000
    this.context.owner.expiryMoved(this)
  }

  isSubscribed(channel: string): boolean {
    return this.subscriptions.get(channel)?.isLive ?? false
  }

  /** On an event stream whose channels were changed after it began: what the cursor must say of them. */
  set watchlist(watchlist: CursorWatchlist) {
    this.#more.watchlist = watchlist
    this.outbox.groupMember = undefined
    this.outbox.soleCursor = undefined
  }

  /** The places of channels that could not be opened yet: until they are, the cursor keeps these places. */
  set awaited(awaited: ReadonlyMap<string, Position> | undefined) {
    this.#more.awaited = awaited
    this.#trim()
    this.outbox.groupMember = undefined
    this.outbox.soleCursor = undefined
  }

  track(subscription: Subscription): void {
    this.outbox.groupMember = undefined
    this.outbox.soleCursor = undefined
    this.subscriptions.set(subscription)
  }

  /** A subscription is live, and level with its channel: if it is the only one, a fan-out group may serve it. */
  settle(subscription: Subscription): void {
    if (this.subscriptions.only === subscription && !this.#hasOwnCursor && subscription.canJoinGroup) this.outbox.groupMember = subscription
  }

  /**
   * Ends a subscription by the server's will and tells the client. What a client cannot subscribe to again by itself, as on an event stream
   * or where the server had subscribed it, ends the connection instead, to be made again with it.
   */
  unsubscribe(channel: string, close: Close): void {
    const isOurs = this.subscriptions.get(channel)?.terms.serverSide === true
    if (!this.untrack(channel, close)) return
    if (close.code === unsubscribes.insufficientState.code && (isOurs || this.wire.name === 'sse')) this.close(closes.insufficientState)
    else this.outbox.enqueue(pushFrame(push.unsubscribe(channel, close)))
  }

  /** Ends a subscription without a word to the client. */
  untrack(channel: string, close: Close): boolean {
    this.#extras?.pending?.end(channel, close)
    const subscription = this.subscriptions.get(channel)
    if (subscription === undefined) return false
    this.outbox.groupMember = undefined
    this.outbox.soleCursor = undefined
    this.subscriptions.delete(channel)
    const wasLive = subscription.isLive
    subscription.end(close)
    this.context.owner.unsubscribed(subscription, wasLive, close)
    return true
  }

  /** Ends the connection. The client is told by push on a stream and by close frame on a WebSocket. */
  close(close: Close): void {
    if (this.isClosed) return
    this.#closing(close)
    this.context.counters.countClose(close.code)
    if (this.wire.name === 'sse') writeStreamEnd(this.socket, this.wire, close, this.context.limits.sseEndedRetryMs)
    this.socket.close(close.code, close.reason)
  }

  /** The connection is gone, by the client or the network. */
  closed(close: Close = closes.normal): void {
    if (!this.isClosed) this.#closing(close)
  }

  /** Called by the node at the session's heartbeat. */
  beat(now: number): void {
    // A full one says nothing that a new one would not.
    if (this.#bucket?.isFull(now)) this.#bucket = undefined
    if (this.outbox.isStalled(now)) this.close(closes.slow)
    else this.outbox.resume()
  }

  overflow(): void {
    this.close(closes.slow)
  }

  holds(bytes: number): void {
    this.context.owner.holds(this, bytes)
  }

  /** How far every recoverable subscription has been sent. */
  cursor(): string | undefined {
    if (this.wire.name !== 'sse') return undefined
    const { only } = this.subscriptions
    if (only?.hasCaughtUp && only.isSettled && !this.#hasOwnCursor) {
      // Remembered until the session's channels change; a newest value that waits for room has a cursor of its own.
      if (only.channel.isRecoverable) this.outbox.soleCursor = only.channel
      return only.channel.cursor
    }
    const followed = this.subscriptions.values().filter(subscription => subscription.isSettled)
    const places = followed.map((subscription): [string, Position] => [subscription.channel.name, subscription.position])
    return encodeCursor([...places, ...(this.#extras?.awaited ?? [])], this.#extras?.watchlist)
  }

  /** Whether its cursor says more than that of its only channel. */
  get #hasOwnCursor(): boolean {
    return this.#extras?.watchlist !== undefined || this.#extras?.awaited !== undefined
  }

  /** Takes `count` commands from the session's rate; false at the limit. */
  spend(count = 1): boolean {
    const { limits, owner } = this.context
    const now = this.context.now()
    const { commandRate } = limits
    this.#bucket ??= new TokenBucket(commandRate.perSecond, commandRate.burst, now)
    return this.#bucket.take(now, count) && owner.pays(this, now, count)
  }

  /** Counts bad input; closes the connection when it goes on. */
  misbehaved(): void {
    const { malformedRate } = this.context.limits
    if (!this.#more.takeMalformed(malformedRate, this.context.now())) this.close(closes.badRequest)
  }

  get #more(): SessionExtras {
    this.#extras ??= new SessionExtras()
    return this.#extras
  }

  get #pending(): PendingGrants {
    this.#more.pending ??= new PendingGrants()
    return this.#more.pending
  }

  #trim(): void {
    if (this.#extras?.isEmpty) this.#extras = undefined
  }

  #closing(close: Close): void {
    const before = this.state
    this.state = { kind: 'closed', close }
    this.outbox.close()
    for (const channel of [...this.subscriptions.keys()]) this.untrack(channel, close)
    switch (before.kind) {
      case 'connecting':
        this.context.owner.ended(this, close, false)
        return
      case 'connected':
        this.context.owner.ended(this, close, before.isAnnounced)
        return
      case 'closed':
        return
      default:
        unreachable(before)
    }
  }
}
