import type { Json } from '../../kit/index.ts'
import { type ClientInfo, encodeCursor, type Publication, push, unsubscribes } from '../../protocol/index.ts'
import type { BrokerMessage, HistoryPage } from '../contracts/broker.ts'
import type { Namespace } from '../delivery/namespace.ts'
import type { Pacers } from '../delivery/state/pacer.ts'
import { ReadCursor, type StateStore } from '../delivery/state/state-store.ts'
import { FanOutGroup, type FanOutGroupOwner } from '../fanout/fan-out-group.ts'
import { Frame, type FrameKind } from '../fanout/frame.ts'
import { DeltaPush, PublicationPush } from '../fanout/message.ts'
import { TagFilters } from '../fanout/tag-filter.ts'
import type { Wire } from '../fanout/wire.ts'
import type { ChannelFeed, FeedTarget } from '../feed/feed.ts'
import { Subscribers } from './subscribers.ts'
import type { Frames, Subscription } from './subscription.ts'

/** A channel as this node sees it: who subscribed here, and what is kept so that news can be given later. */
export class Channel implements FeedTarget, FanOutGroupOwner {
  readonly feed: ChannelFeed
  readonly states: readonly StateStore[]
  /** Resolves when the channel's place in history is known. Rejects when the broker cannot be asked. */
  readonly opened: Promise<void>
  /** Publications passed to subscribers here since the channel was opened. */
  published = 0
  /** Subscriptions here that have gone live. */
  live = 0
  /** Whether the broker has answered where it stands. */
  isOpen = false
  readonly #subscribers = new Subscribers<Subscription>()
  readonly #groups: FanOutGroup[] = []
  #wantingJoins = 0
  #previous: Publication | undefined
  #filters: TagFilters | undefined
  #alone: readonly string[] | undefined
  #cursor = { epoch: '', offset: -1, text: '' }

  constructor(
    readonly name: string,
    readonly namespace: Namespace,
    pacers: Pacers,
    createFeed: (target: FeedTarget) => ChannelFeed,
    /** How long ago it is what is shown here: 0 for now. */
    readonly delayMs = 0,
  ) {
    this.states = namespace.delivery.states(name, pacers)
    this.feed = createFeed(this)
    this.opened = this.feed.open()
  }

  /** The list of channels that has this one alone: the same for all who follow nothing else. */
  get alone(): readonly string[] {
    this.#alone ??= [this.name]
    return this.#alone
  }

  get subscriptions(): readonly Subscription[] {
    return this.#subscribers.all
  }

  /** Most channels have none. */
  get filters(): TagFilters {
    this.#filters ??= new TagFilters()
    return this.#filters
  }

  add(subscription: Subscription, phase: number): void {
    this.#subscribers.add(subscription)
    if (subscription.terms.joinLeave) this.#wantingJoins++
    if (this.states.length > 0)
      subscription.readCursors = this.states.map(store => new ReadCursor(store, subscription.session.outbox, phase))
  }

  remove(subscription: Subscription): void {
    if (!this.#subscribers.remove(subscription)) return
    if (subscription.terms.joinLeave) this.#wantingJoins--
    const { filter } = subscription
    if (filter === undefined || !this.filters.release(filter)) return
    for (let index = this.#groups.length - 1; index >= 0; index--) if (this.#groups[index]?.filter === filter) this.#groups.splice(index, 1)
  }

  receive(delivery: BrokerMessage): void {
    if (delivery.kind === 'publication') this.feed.receive(delivery.publication, delivery.epoch)
    else this.#announce(delivery.kind, delivery.infos)
  }

  begin({ state }: HistoryPage): void {
    this.isOpen = true
    this.replaceState(state)
  }

  /** From the feed: in order, once. */
  apply(publication: Publication): void {
    this.published++
    const lane = this.namespace.delivery.laneOf(publication)
    if (lane === undefined) this.fanOut(publication)
    else this.#conflate(lane, publication)
  }

  replaceState(state: readonly Publication[]): void {
    for (const [index, store] of this.states.entries()) {
      const before = store.version
      store.replaceState(state.filter(publication => this.namespace.delivery.laneOf(publication) === index))
      if (store.version !== before) this.#markDirty(index)
    }
  }

  /** Subscriptions that need every publication start again; state stores already have the present state and go on. */
  onGap(): void {
    if (this.namespace.delivery.onGap === 'carry on') return
    for (const subscription of [...this.subscriptions]) subscription.session.unsubscribe(this.name, unsubscribes.insufficientState)
  }

  /** Hands a publication to every local subscriber. Encodes at most once per wire format; never waits. */
  fanOut(publication: Publication): void {
    const { delta, frame } = this.namespace.delivery
    const base = delta === 'always' || publication.delta ? this.#previous : undefined
    const frames = new PublicationFrames(this.name, publication, base, frame)
    this.#previous = delta === 'never' ? undefined : publication
    for (const group of this.#groups) group.enqueue(frames.whole, publication)
    // From the end, since a subscriber that overflows leaves here and now, and the last one takes its place.
    for (let index = this.#subscribers.singles - 1; index >= 0; index--) this.#subscribers.all[index]?.deliver(publication, frames)
  }

  /** Puts a subscriber that follows nothing else into the channel's fan-out group, once there are enough of them; undefined if it cannot join now. */
  joinGroup(subscription: Subscription): FanOutGroup | undefined {
    const { session, filter } = subscription
    const { wire, socket, outbox } = session
    const audience = filter === undefined ? this.subscriptions.length : filter.users
    if (wire.openGroup === undefined || audience < outbox.context.limits.broadcastMin) return undefined
    let group = this.#groups.find(other => other.wire === wire && other.filter === filter)
    if (group === undefined) {
      group = new FanOutGroup(this, wire, outbox.context, wire.openGroup(), filter)
      this.#groups.push(group)
    }
    if (!group.join(socket)) return undefined
    this.#subscribers.gather(subscription)
    return group
  }

  leaveGroup(subscription: Subscription): void {
    this.#subscribers.single(subscription)
  }

  /** From the first of those who are reached together: who leaves them changes places with one that was asked already. */
  evictSlow(wire: Wire): void {
    for (let index = this.#subscribers.singles; index < this.subscriptions.length; index++) {
      const session = this.subscriptions[index]?.session
      if (session?.wire === wire && session.socket.bufferedBytes() > 0) session.outbox.leaveGroup()
    }
  }

  /** Whether who has seen everything up to an offset holds what the next delta builds on. */
  isDeltaBase(offset: number): boolean {
    return offset !== 0 && this.#previous?.offset === offset
  }

  /** The contents of the state stores, for the `data` of a newcomer's reply. */
  snapshot(): Json | undefined {
    return this.namespace.delivery.snapshot(this.states)
  }

  /** The cursor of an event stream that follows this channel alone: the same for all of them, so it is made once per publication. */
  get cursor(): string {
    const { epoch, offset } = this.feed.position
    if (this.#cursor.offset !== offset || this.#cursor.epoch !== epoch) {
      this.#cursor = { epoch, offset, text: encodeCursor([[this.name, this.feed.position]]) }
    }
    return this.#cursor.text
  }

  close(): void {
    this.feed.close()
  }

  #conflate(lane: number, publication: Publication): void {
    const store = this.states[lane]
    if (store === undefined) return
    const before = store.version
    store.take(publication)
    if (store.version === before) return
    this.#markDirty(lane)
  }

  #markDirty(lane: number): void {
    for (const subscription of this.subscriptions) if (subscription.isLive) subscription.readCursors?.[lane]?.markDirty()
  }

  #announce(kind: 'join' | 'leave', infos: readonly ClientInfo[]): void {
    if (this.#wantingJoins === 0) return
    const frame = new Frame(
      infos.map(info => push[kind](this.name, info)),
      'push',
    )
    // A copy, since whoever gets something that is not for all of them changes places.
    for (const { terms, isLive, session } of [...this.subscriptions]) if (terms.joinLeave && isLive) session.outbox.enqueue(frame)
  }

  /** Whether subscribers can resume from a position. */
  get isRecoverable(): boolean {
    return this.namespace.delivery.recovers === 'all'
  }
}

class PublicationFrames implements Frames {
  readonly whole: Frame
  #delta: Frame | undefined
  #base: Frame | undefined

  constructor(
    readonly channel: string,
    readonly publication: Publication,
    readonly previous: Publication | undefined,
    kind: FrameKind,
  ) {
    this.whole = new Frame([new PublicationPush(channel, publication)], kind, 1, publication.offset !== 0)
  }

  get delta(): Frame {
    if (this.previous === undefined) return this.base
    this.#delta ??= this.#framed(this.previous)
    return this.#delta
  }

  get base(): Frame {
    this.#base ??= this.#framed(undefined)
    return this.#base
  }

  #framed(previous: Publication | undefined): Frame {
    return new Frame([new DeltaPush(this.channel, this.publication, previous)], 'push', 1, true)
  }
}
