import { Centrifuge, type Options, type PublicationContext, type Subscription, type SubscriptionOptions } from 'centrifuge'
import { deadlineMs, until, within } from '../until.ts'

/** The published SDK, with short delays and a note of all that happened to it. */
export class Sdk implements Disposable {
  readonly client: Centrifuge
  /** `connecting 3`, `connected`, `disconnected 3500`: states with their codes, in order. */
  readonly states: string[] = []
  readonly errors: { readonly type: string; readonly code: number }[] = []

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
    this.client.on('error', ({ type, error }) => this.errors.push({ type, code: error.code }))
  }

  async connect(): Promise<this> {
    this.client.connect()
    await this.client.ready()
    return this
  }

  /** How often it has connected. */
  get connections(): number {
    return this.states.filter(state => state === 'connected').length
  }

  /** Waits for a state that has not come before the call. */
  async reaches(state: string, since = 0): Promise<void> {
    await until(`the SDK is ${state} (${this.states.join(', ')})`, () => this.states.slice(since).includes(state))
  }

  subscribe(channel: string, options: Partial<SubscriptionOptions> = {}): SdkSubscription {
    return new SdkSubscription(this.client.newSubscription(channel, { minResubscribeDelay: 20, maxResubscribeDelay: 200, ...options }))
  }

  [Symbol.dispose](): void {
    this.client.disconnect()
  }
}

/** A subscription of the SDK with a note of all that came over it. */
export class SdkSubscription {
  readonly publications: PublicationContext[] = []
  readonly states: string[] = []
  readonly errors: number[] = []
  readonly joins: string[] = []
  readonly leaves: string[] = []
  /** Of each `subscribed` event: whether it recovered, and whether it tried. */
  readonly recoveries: { readonly recovered: boolean; readonly wasRecovering: boolean }[] = []
  /** The data of the latest `subscribed` event. */
  snapshot: unknown

  constructor(readonly subscription: Subscription) {
    subscription.on('publication', context => this.publications.push(context))
    subscription.on('subscribing', ({ code }) => this.states.push(`subscribing ${code}`))
    subscription.on('subscribed', ({ recovered, wasRecovering, data }) => {
      this.states.push('subscribed')
      this.recoveries.push({ recovered, wasRecovering })
      this.snapshot = data
    })
    subscription.on('unsubscribed', ({ code }) => this.states.push(`unsubscribed ${code}`))
    subscription.on('error', ({ error }) => this.errors.push(error.code))
    subscription.on('join', ({ info }) => this.joins.push(info.user))
    subscription.on('leave', ({ info }) => this.leaves.push(info.user))
    subscription.subscribe()
  }

  get data(): unknown[] {
    return this.publications.map(({ data }) => data)
  }

  async ready(): Promise<this> {
    await within('the subscription', this.subscription.ready())
    return this
  }

  async gets(count: number): Promise<unknown[]> {
    await until(`${count} publications are there (${this.publications.length})`, () => this.publications.length >= count)
    return this.data
  }

  async reaches(state: string, since = 0): Promise<void> {
    await until(`the subscription is ${state} (${this.states.join(', ')})`, () => this.states.slice(since).includes(state))
  }
}
