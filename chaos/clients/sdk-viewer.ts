import { Centrifuge } from 'centrifuge'
import type { Book } from '../book.ts'
import { type ChaosClient, type Entrance, socketUrl } from './client.ts'

const reconnect = { minReconnectDelay: 100, maxReconnectDelay: 2_000, timeout: 5_000 }
const resubscribe = { minResubscribeDelay: 100, maxResubscribeDelay: 2_000 }

/** A viewer on the published SDK. */
export class SdkViewer implements ChaosClient {
  readonly kind = 'centrifuge SDK'
  readonly faults: string[] = []
  connections = 0
  #sdk: Centrifuge | undefined

  constructor(
    readonly entrance: Entrance,
    readonly name: string,
    readonly books: ReadonlyMap<string, Book>,
  ) {}

  get isConnected(): boolean {
    const sdk = this.#sdk
    return sdk?.state === 'connected' && Object.values(sdk.subscriptions()).every(({ state }) => state === 'subscribed')
  }

  async connect(): Promise<void> {
    const token = await this.entrance.tokenOf(this.name)
    const sdk = new Centrifuge(socketUrl(this.entrance), { token, ...reconnect })
    this.#sdk = sdk
    sdk.on('connected', () => this.connections++)
    sdk.on('disconnected', ({ code, reason }) => {
      // Only its own end is no fault.
      if (code !== 0) this.faults.push(`was sent away: ${code} ${reason}`)
    })
    for (const [channel, book] of this.books) {
      const subscription = sdk.newSubscription(channel, resubscribe)
      subscription.on('subscribed', ({ wasRecovering, recovered, data }) =>
        book.began(wasRecovering ? (recovered ? 'recovered' : 'not recovered') : 'first', data),
      )
      subscription.on('publication', ({ data }) => book.published(data))
      subscription.on('unsubscribed', ({ code, reason }) => {
        if (code !== 0) this.faults.push(`was unsubscribed from ${channel}: ${code} ${reason}`)
      })
      subscription.subscribe()
    }
    sdk.connect()
  }

  /** Publishes to a channel that it follows. @throws where it is not known whether it was */
  async publish(channel: string, data: object): Promise<void> {
    const subscription = this.#sdk?.getSubscription(channel)
    if (subscription === undefined || subscription === null) throw new Error(`${this.name} does not follow ${channel}`)
    await subscription.publish(data)
  }

  close(): void {
    this.#sdk?.disconnect()
  }
}
