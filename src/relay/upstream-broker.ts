import type { Broker, ChannelDelivery, Control, HistoryPage, HistoryQuery, PublishOptions } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import type { Position } from '../protocol/index.ts'
import { fromWirePage, toWireDelivery } from './messages.ts'
import type { Uplink } from './uplink.ts'

/** The broker of the node upstream, question by question. */
export class UpstreamBroker implements Broker {
  constructor(readonly uplink: Uplink) {}

  publish(channel: string, data: Json, options: PublishOptions): Promise<Position> {
    return this.uplink.ask('publish', { channel, data, options })
  }

  async announce(channel: string, delivery: ChannelDelivery): Promise<void> {
    await this.uplink.ask('announce', { channel, delivery: toWireDelivery(delivery) })
  }

  async subscribe(channel: string): Promise<void> {
    await this.uplink.ask('subscribe', { channel })
  }

  async unsubscribe(channel: string): Promise<void> {
    await this.uplink.ask('unsubscribe', { channel })
  }

  async history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return fromWirePage(await this.uplink.ask('history', { channel, query }))
  }

  async removeHistory(channel: string): Promise<void> {
    await this.uplink.ask('removeHistory', { channel })
  }

  async control(message: Control): Promise<void> {
    await this.uplink.ask('control', message)
  }

  async close(): Promise<void> {}
}
