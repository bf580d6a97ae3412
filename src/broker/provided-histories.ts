import {
  type BrokerMessage,
  type BrokerSink,
  type Control,
  type Exchange,
  type HistoryPage,
  type HistoryProvider,
  type HistoryQuery,
  type PublishOptions,
  subscribeAndRead,
} from '../hub/index.ts'
import type { Clock, Json } from '../kit/index.ts'
import { CommandError, errors, namespaceOf, type Position, Publication } from '../protocol/index.ts'
import { Idempotency } from './idempotency.ts'

const nowhere: Position = { epoch: '', offset: 0 }

/** A broker some of whose namespaces have histories that services keep in their own rows: those are asked, and give publications their places. */
export class ProvidedHistories implements Exchange {
  readonly #providers = new Map<string, HistoryProvider>()
  readonly #idempotency: Idempotency

  constructor(
    readonly clock: Clock,
    readonly broker: Exchange,
  ) {
    this.#idempotency = new Idempotency(clock)
  }

  /** The histories of a namespace are a service's own from now on. */
  provide(namespace: string, provider: HistoryProvider): void {
    this.#providers.set(namespace, provider)
  }

  get namespaces(): string[] {
    return [...this.#providers.keys()]
  }

  attach(sink: BrokerSink): void {
    this.broker.attach(sink)
  }

  detach(sink: BrokerSink): void {
    this.broker.detach(sink)
  }

  publish(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    if (!this.#isProvided(channel)) return this.broker.publish(channel, data, options)
    const { idempotencyKey } = options
    if (idempotencyKey === undefined) return this.#passOn(channel, data, options)
    return this.#idempotency.once(`${channel}\n${idempotencyKey}`, () => this.#passOn(channel, data, options))
  }

  announce(channel: string, message: BrokerMessage): Promise<void> {
    return this.broker.announce(channel, message)
  }

  deliverHere(channel: string, message: BrokerMessage): void {
    this.broker.deliverHere(channel, message)
  }

  subscribe(channel: string): Promise<void> {
    return this.broker.subscribe(channel)
  }

  unsubscribe(channel: string): Promise<void> {
    return this.broker.unsubscribe(channel)
  }

  open(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.#isProvided(channel) ? subscribeAndRead(this, channel, query) : this.broker.open(channel, query)
  }

  history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return (this.#providers.get(namespaceOf(channel)) ?? this.broker).history(channel, query)
  }

  async removeHistory(channel: string): Promise<void> {
    if (this.#isProvided(channel)) throw new CommandError(errors.notAvailable, 'a service keeps the history of this channel')
    await this.broker.removeHistory(channel)
  }

  control(message: Control): Promise<void> {
    return this.broker.control(message)
  }

  async close(): Promise<void> {
    this.#idempotency.close()
    await this.broker.close()
  }

  #isProvided(channel: string): boolean {
    return this.#providers.has(namespaceOf(channel))
  }

  /** At the place that its provider gave it. Costs a look-up for each node where nobody follows the channel. */
  async #passOn(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    const { at = nowhere, here = false, key, tags, info, delta } = options
    const publication = new Publication({
      data,
      time: this.clock.now(),
      offset: at.offset,
      ...(key === undefined ? {} : { key }),
      ...(tags === undefined ? {} : { tags }),
      ...(info === undefined ? {} : { info }),
      ...(delta ? { delta: true } : {}),
    })
    const message: BrokerMessage = { kind: 'publication', publication, epoch: at.epoch }
    if (here) this.broker.deliverHere(channel, message)
    else await this.broker.announce(channel, message)
    return at
  }
}
