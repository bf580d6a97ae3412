import type { Subscription } from './subscription.ts'

/** A session's subscriptions by channel. Most sessions have one, which costs no map. */
export class SubscriptionMap {
  #only: Subscription | undefined
  #all: Map<string, Subscription> | undefined

  get size(): number {
    return this.#all === undefined ? (this.#only === undefined ? 0 : 1) : this.#all.size
  }

  /** The one that there is, where there is exactly one and was never another. */
  get only(): Subscription | undefined {
    return this.#only
  }

  get(channel: string): Subscription | undefined {
    if (this.#all !== undefined) return this.#all.get(channel)
    return this.#only?.channel.name === channel ? this.#only : undefined
  }

  has(channel: string): boolean {
    return this.get(channel) !== undefined
  }

  set(subscription: Subscription): void {
    const { name } = subscription.channel
    if (this.#all === undefined && (this.#only === undefined || this.#only.channel.name === name)) {
      this.#only = subscription
      return
    }
    this.#all ??= new Map(this.#only === undefined ? [] : [[this.#only.channel.name, this.#only]])
    this.#only = undefined
    this.#all.set(name, subscription)
  }

  delete(channel: string): void {
    if (this.#all !== undefined) this.#all.delete(channel)
    else if (this.#only?.channel.name === channel) this.#only = undefined
  }

  keys(): string[] {
    return this.values().map(({ channel }) => channel.name)
  }

  values(): Subscription[] {
    if (this.#all !== undefined) return [...this.#all.values()]
    return this.#only === undefined ? [] : [this.#only]
  }
}
