import { Centrifuge, type Options, type PublicationContext, type Subscription, type SubscriptionOptions } from 'centrifuge/build/protobuf'
import { deadlineMs, until, within } from '../until.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** A value as bytes of JSON, which is what the SDK takes and gives in Protobuf. */
export function bytesOf(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value))
}

export function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes))
}

/** The published SDK in its Protobuf form, with short delays. */
export class ProtobufSdk implements Disposable {
  readonly client: Centrifuge
  readonly states: string[] = []

  constructor(url: string, options: Partial<Options> = {}) {
    this.client = new Centrifuge(url, {
      minReconnectDelay: 20,
      maxReconnectDelay: 200,
      timeout: deadlineMs,
      maxServerPingDelay: deadlineMs,
      ...options,
    })
    this.client.on('connecting', ({ code }) => this.states.push(`connecting ${code}`))
    this.client.on('connected', () => this.states.push('connected'))
    this.client.on('disconnected', ({ code }) => this.states.push(`disconnected ${code}`))
  }

  async connect(): Promise<this> {
    this.client.connect()
    await this.client.ready()
    return this
  }

  subscribe(channel: string, options: Partial<SubscriptionOptions> = {}): ProtobufSubscription {
    return new ProtobufSubscription(this.client.newSubscription(channel, { minResubscribeDelay: 20, maxResubscribeDelay: 200, ...options }))
  }

  [Symbol.dispose](): void {
    this.client.disconnect()
  }
}

/** A subscription of the SDK with a note of all that came over it. */
export class ProtobufSubscription {
  readonly publications: PublicationContext[] = []
  readonly joins: string[] = []
  readonly leaves: string[] = []
  readonly errors: number[] = []
  readonly recoveries: { readonly recovered: boolean; readonly wasRecovering: boolean }[] = []

  constructor(readonly subscription: Subscription) {
    subscription.on('publication', context => this.publications.push(context))
    subscription.on('subscribed', ({ recovered, wasRecovering }) => this.recoveries.push({ recovered, wasRecovering }))
    subscription.on('error', ({ error }) => this.errors.push(error.code))
    subscription.on('join', ({ info }) => this.joins.push(info.user))
    subscription.on('leave', ({ info }) => this.leaves.push(info.user))
    subscription.subscribe()
  }

  get data(): unknown[] {
    return this.publications.map(({ data }) => parsed(data))
  }

  async ready(): Promise<this> {
    await within('the subscription', this.subscription.ready())
    return this
  }

  async gets(count: number): Promise<unknown[]> {
    await until(`${count} publications are there (${this.publications.length})`, () => this.publications.length >= count)
    return this.data
  }
}
