import { type Clock, TimingWheel } from '../../kit/index.ts'
import { unsubscribes } from '../../protocol/index.ts'
import type { Broker, BrokerMessage } from '../contracts/broker.ts'
import type { Namespace } from '../delivery/namespace.ts'
import type { Pacers } from '../delivery/state/pacer.ts'
import { DelayedFeed } from '../feed/delayed-feed.ts'
import { type ChannelFeed, Feed, type FeedContext, type FeedTarget } from '../feed/feed.ts'
import { Following } from '../feed/following.ts'
import { heldBackMax } from '../limits.ts'
import { Channel } from './channel.ts'

export interface HubContext extends FeedContext {
  readonly pacers: Pacers
  readonly lingerMs: number
  failed(channel: string, error: unknown): void
}

const nobody: ReadonlySet<Following> = new Set()
const none: ReadonlyMap<number, Channel> = new Map()

/** The node's index channel -> subscriptions. A channel is open here while someone is subscribed, and a little longer. */
export class Hub {
  readonly #channels = new Map<string, Channel>()
  /** The same channels as they were, by name and by how long ago. */
  readonly #delayed = new Map<string, Map<number, Channel>>()
  readonly #following = new Map<string, Set<Following>>()
  readonly #lingering: TimingWheel<Channel>

  constructor(
    readonly context: HubContext,
    clock: Clock = context.clock,
  ) {
    this.#lingering = new TimingWheel(clock, 1000, 64, channel => this.#close(channel))
  }

  get size(): number {
    return new Set([...this.#channels.keys(), ...this.#delayed.keys()]).size
  }

  /** Over all channels. */
  get subscriptions(): number {
    let sum = 0
    for (const { subscriptions } of this.channels()) sum += subscriptions.length
    return sum
  }

  /** One that is followed with several delays stands here once for each. */
  *channels(): Iterable<Channel> {
    yield* this.#channels.values()
    for (const delayed of this.#delayed.values()) yield* delayed.values()
  }

  get(name: string, delayMs = 0): Channel | undefined {
    return delayMs === 0 ? this.#channels.get(name) : this.#delayed.get(name)?.get(delayMs)
  }

  /** Whether anyone here follows the channel, with whichever delay. */
  isLive(name: string): boolean {
    if ((this.#channels.get(name)?.live ?? 0) > 0) return true
    return [...(this.#delayed.get(name) ?? none).values()].some(({ live }) => live > 0)
  }

  /** The channel, opened upstream if it was not. */
  open(name: string, namespace: Namespace, delayMs = 0): Channel {
    const known = this.get(name, delayMs)
    // Its rules have changed, and nobody holds it to the old ones any more.
    if (known !== undefined && known.namespace !== namespace) this.#close(known)
    let channel = this.get(name, delayMs)
    if (channel === undefined) {
      channel = this.#create(name, namespace, delayMs)
      this.#watch(channel)
    }
    this.#lingering.delete(channel)
    return channel
  }

  /** Has a part of this node follow a channel, without a session. */
  follow(name: string, target: FeedTarget): Following {
    const all = this.#following.get(name) ?? new Set()
    const following = new Following(name, this.context, target, ended => {
      if (all.delete(ended) && all.size === 0) this.#following.delete(name)
    })
    this.#following.set(name, all.add(following))
    return following
  }

  deliver(name: string, delivery: BrokerMessage): void {
    this.#channels.get(name)?.receive(delivery)
    if (delivery.kind !== 'publication') {
      // Who is here is here now, whenever the match is.
      for (const channel of (this.#delayed.get(name) ?? none).values()) channel.receive(delivery)
      return
    }
    for (const { feed } of this.#following.get(name) ?? nobody) feed.receive(delivery.publication, delivery.epoch)
  }

  /** The end of a channel may have been missed. */
  mayHaveMissed(name: string): void {
    this.#channels.get(name)?.feed.verify()
    for (const { feed } of this.#following.get(name) ?? nobody) feed.verify()
  }

  /** The last subscriber may have left: the channel closes after a while without any. */
  released(channel: Channel): void {
    if (channel.subscriptions.length > 0 || !this.#isKnown(channel)) return
    this.#lingering.set(channel, this.context.lingerMs)
  }

  /** Asks the broker whether the end of any channel was missed. */
  verify(): void {
    for (const channel of this.#channels.values()) channel.feed.verify()
    for (const all of this.#following.values()) for (const { feed } of all) feed.verify()
  }

  close(): void {
    this.#lingering.close()
    for (const channel of this.channels()) channel.close()
    for (const all of [...this.#following.values()]) for (const following of [...all]) following.end()
    this.#channels.clear()
    this.#delayed.clear()
  }

  /** A channel that could not be opened is forgotten, so that the next subscriber tries again. */
  #watch(channel: Channel): void {
    channel.opened.catch((error: unknown) => {
      this.#forget(channel)
      this.context.failed(channel.name, error)
    })
  }

  #close(channel: Channel): void {
    if (channel.subscriptions.length > 0) return
    this.#forget(channel)
    // One that is delayed is subscribed by what it follows, which has ended with it.
    if (channel.delayMs > 0) return
    const end = () => unsubscribe(this.context.broker, channel.name, this.context)
    // One that could not be opened takes itself back: twice would be once for somebody else.
    if (channel.isOpen) end()
    else channel.opened.then(end, () => undefined)
  }

  #create(name: string, namespace: Namespace, delayMs: number): Channel {
    const { context } = this
    if (delayMs === 0) {
      const channel = new Channel(name, namespace, context.pacers, target => new Feed(name, context, target))
      this.#channels.set(name, channel)
      return channel
    }
    const createFeed = (target: FeedTarget): ChannelFeed =>
      new DelayedFeed(
        name,
        namespace,
        {
          broker: context.broker,
          clock: context.clock,
          delayMs,
          heldMax: heldBackMax,
          follow: follower => this.follow(name, follower),
          broken: () => this.#beginAnew(name, delayMs),
        },
        target,
      )
    const channel = new Channel(name, namespace, context.pacers, createFeed, delayMs)
    const delayed = this.#delayed.get(name) ?? new Map<number, Channel>()
    this.#delayed.set(name, delayed.set(delayMs, channel))
    return channel
  }

  /** Those who follow a delayed channel subscribe again, to one that is made anew. */
  #beginAnew(name: string, delayMs: number): void {
    const channel = this.get(name, delayMs)
    if (channel === undefined) return
    this.#forget(channel)
    for (const { session } of [...channel.subscriptions]) session.unsubscribe(name, unsubscribes.insufficientState)
  }

  #isKnown(channel: Channel): boolean {
    return this.get(channel.name, channel.delayMs) === channel
  }

  #forget(channel: Channel): void {
    const { name, delayMs } = channel
    if (this.#isKnown(channel) && delayMs === 0) this.#channels.delete(name)
    const delayed = this.#delayed.get(name)
    if (delayed?.get(delayMs) === channel && delayed.delete(delayMs) && delayed.size === 0) this.#delayed.delete(name)
    this.#lingering.delete(channel)
    channel.close()
  }
}

function unsubscribe(broker: Broker, channel: string, context: HubContext): void {
  broker.unsubscribe(channel).catch((error: unknown) => context.failed(channel, error))
}
