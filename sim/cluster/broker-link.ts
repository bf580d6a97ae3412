import {
  type Broker,
  type BrokerMessage,
  type Control,
  type HistoryPage,
  type HistoryQuery,
  type Presence,
  type PresenceStats,
  type PublishOptions,
  subscribeAndRead,
} from '../../src/hub/index.ts'
import type { Json } from '../../src/kit/index.ts'
import type { ClientInfo, Position } from '../../src/protocol/index.ts'
import type { Line } from './line.ts'

/** A node's broker, whose other end is the central one. */
export class BrokerLink implements Broker {
  constructor(
    readonly line: Line,
    /** Sees every page of history that comes back. */
    readonly historyChecker: (channel: string, query: HistoryQuery, page: HistoryPage) => void,
  ) {}

  publish(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    return this.line.ask(central => central.asked.publish(channel, data, options))
  }

  announce(channel: string, delivery: BrokerMessage): Promise<void> {
    return this.line.ask(central => central.broker.announce(channel, delivery))
  }

  subscribe(channel: string): Promise<void> {
    return this.line.want(channel)
  }

  unsubscribe(channel: string): Promise<void> {
    return this.line.forgo(channel)
  }

  open(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return subscribeAndRead(this, channel, query)
  }

  async history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    const page = await this.line.ask(central => central.asked.history(channel, query))
    this.historyChecker(channel, query, page)
    return page
  }

  removeHistory(channel: string): Promise<void> {
    return this.line.ask(central => central.broker.removeHistory(channel))
  }

  control(message: Control): Promise<void> {
    return this.line.ask(central => central.broker.control(message))
  }

  async close(): Promise<void> {
    this.line.hangUp()
  }
}

/** A node's presence, kept by the central one on a lease that the line renews. */
export class PresenceLink implements Presence {
  constructor(readonly line: Line) {}

  async track(channel: string, info: ClientInfo): Promise<void> {
    this.line.enter(channel, info)
  }

  async untrack(channel: string, client: string): Promise<void> {
    this.line.leave(channel, client)
  }

  list(channel: string): Promise<ReadonlyMap<string, ClientInfo>> {
    return this.line.ask(central => central.presence.list(channel))
  }

  stats(channel: string): Promise<PresenceStats> {
    return this.line.ask(central => central.presence.stats(channel))
  }

  renew(): void {}

  async drop(): Promise<void> {}

  async close(): Promise<void> {}
}
