import { type Clock, TimingWheel } from '../kit/index.ts'
import type { Broker, Delivery } from './broker.ts'
import { Channel } from './channel.ts'
import type { FeedContext, FeedTarget } from './feed.ts'
import { Following } from './following.ts'
import type { Metronomes } from './metronome.ts'
import type { Namespace } from './namespace.ts'

export interface HubContext extends FeedContext {
  readonly metronomes: Metronomes
  readonly lingerMs: number
  failed(channel: string, error: unknown): void
}

const nobody: ReadonlySet<Following> = new Set()

/** The node's index channel -> subscriptions. A channel is open here while someone is subscribed, and a little longer. */
export class Hub {
  readonly #channels = new Map<string, Channel>()
  readonly #following = new Map<string, Set<Following>>()
  readonly #lingering: TimingWheel<Channel>

  constructor(
    readonly context: HubContext,
    clock: Clock = context.clock,
  ) {
    this.#lingering = new TimingWheel(clock, 1000, 64, channel => this.#close(channel))
  }

  get size(): number {
    return this.#channels.size
  }

  /** Over all channels. */
  get subscriptions(): number {
    let sum = 0
    for (const { subscriptions } of this.#channels.values()) sum += subscriptions.length
    return sum
  }

  channels(): Iterable<Channel> {
    return this.#channels.values()
  }

  get(name: string): Channel | undefined {
    return this.#channels.get(name)
  }

  /** The channel, opened upstream if it was not. */
  open(name: string, namespace: Namespace): Channel {
    const known = this.#channels.get(name)
    // Its rules have changed, and nobody holds it to the old ones any more.
    if (known !== undefined && known.namespace !== namespace) this.#close(known)
    let channel = this.#channels.get(name)
    if (channel === undefined) {
      channel = new Channel(name, namespace, this.context.metronomes, this.context)
      this.#channels.set(name, channel)
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

  deliver(name: string, delivery: Delivery): void {
    this.#channels.get(name)?.receive(delivery)
    if (delivery.kind !== 'publication') return
    for (const { feed } of this.#following.get(name) ?? nobody) feed.receive(delivery.publication, delivery.epoch)
  }

  /** The end of a channel may have been missed. */
  suspect(name: string): void {
    this.#channels.get(name)?.feed.verify()
    for (const { feed } of this.#following.get(name) ?? nobody) feed.verify()
  }

  /** The last subscriber may have left: the channel closes after a while without any. */
  released(channel: Channel): void {
    if (channel.subscriptions.length > 0 || this.#channels.get(channel.name) !== channel) return
    this.#lingering.set(channel, this.context.lingerMs)
  }

  /** Asks the broker whether the end of any channel was missed. */
  verify(): void {
    for (const channel of this.#channels.values()) channel.feed.verify()
    for (const all of this.#following.values()) for (const { feed } of all) feed.verify()
  }

  close(): void {
    this.#lingering.close()
    for (const channel of this.#channels.values()) channel.close()
    for (const all of [...this.#following.values()]) for (const following of [...all]) following.end()
    this.#channels.clear()
  }

  /** A channel that could not be opened is forgotten, so that the next subscriber tries again. */
  #watch(channel: Channel): void {
    channel.opened.catch((error: unknown) => {
      if (this.#channels.get(channel.name) === channel) this.#channels.delete(channel.name)
      this.#lingering.delete(channel)
      channel.close()
      this.context.failed(channel.name, error)
    })
  }

  #close(channel: Channel): void {
    if (channel.subscriptions.length > 0) return
    this.#channels.delete(channel.name)
    this.#lingering.delete(channel)
    channel.close()
    unsubscribe(this.context.broker, channel.name, this.context)
  }
}

function unsubscribe(broker: Broker, channel: string, context: HubContext): void {
  broker.unsubscribe(channel).catch((error: unknown) => context.failed(channel, error))
}
