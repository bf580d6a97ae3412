import type { ClientEvents, Options, SubscriptionEvents, SubscriptionOptions } from 'centrifuge'
import { deadlineMs, until, within } from '../until.ts'

/** The SDK has a class for JSON and one for Protobuf, which have no type in common: these are their members that a record needs. */
export interface SdkClient<S> {
  on<E extends keyof ClientEvents>(event: E, listener: ClientEvents[E]): unknown
  connect(): void
  disconnect(): void
  ready(timeout?: number): Promise<void>
  newSubscription(channel: string, options?: Partial<SubscriptionOptions>): S
}

export interface SdkClientSubscription {
  on<E extends keyof SubscriptionEvents>(event: E, listener: SubscriptionEvents[E]): unknown
  subscribe(): void
  ready(timeout?: number): Promise<void>
}

/** Options of the SDK that make it come back soon, and give up late. */
export function hurried(options: Partial<Options>): Partial<Options> {
  return { minReconnectDelay: 20, maxReconnectDelay: 200, timeout: deadlineMs, maxServerPingDelay: deadlineMs, ...options }
}

/** The published SDK with a note of all that happened to it. */
export abstract class RecordedSdk<C extends SdkClient<S>, S extends SdkClientSubscription> implements Disposable {
  /** `connecting 3`, `connected`, `disconnected 3500`: states with their codes, in order. */
  readonly states: string[] = []
  readonly errors: { readonly type: string; readonly code: number }[] = []

  constructor(readonly client: C) {
    client.on('connecting', ({ code }) => this.states.push(`connecting ${code}`))
    client.on('connected', () => this.states.push('connected'))
    client.on('disconnected', ({ code }) => this.states.push(`disconnected ${code}`))
    client.on('error', ({ type, error }) => this.errors.push({ type, code: error.code }))
  }

  /** The value of a publication: the Protobuf form of the SDK gives bytes. */
  protected abstract read(data: unknown): unknown

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

  subscribe(channel: string, options: Partial<SubscriptionOptions> = {}): RecordedSubscription<S> {
    const subscription = this.client.newSubscription(channel, { minResubscribeDelay: 20, maxResubscribeDelay: 200, ...options })
    return new RecordedSubscription(subscription, data => this.read(data))
  }

  [Symbol.dispose](): void {
    this.client.disconnect()
  }
}

type Published = Parameters<SubscriptionEvents['publication']>[0]

/** A subscription of the SDK with a note of all that came over it. */
export class RecordedSubscription<S extends SdkClientSubscription> {
  readonly publications: Published[] = []
  readonly states: string[] = []
  readonly errors: number[] = []
  readonly joins: string[] = []
  readonly leaves: string[] = []
  /** Of each `subscribed` event: whether it recovered, and whether it tried. */
  readonly recoveries: { readonly recovered: boolean; readonly wasRecovering: boolean }[] = []
  /** The data of the latest `subscribed` event. */
  snapshot: unknown

  constructor(
    readonly subscription: S,
    readonly read: (data: unknown) => unknown,
  ) {
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
    return this.publications.map(({ data }) => this.read(data))
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
