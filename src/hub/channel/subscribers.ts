/** A subscription that knows its place in its channel's list. */
interface Listed {
  index: number
}

/** A channel's subscriptions on this node: first those that are served one by one, then those that its fan-out groups serve. */
export class Subscribers<Subscription extends Listed> {
  readonly #all: Subscription[] = []
  #singles = 0

  get all(): readonly Subscription[] {
    return this.#all
  }

  /** Those before this place are served one by one. */
  get singles(): number {
    return this.#singles
  }

  add(subscription: Subscription): void {
    subscription.index = this.#all.push(subscription) - 1
    this.#swap(subscription.index, this.#singles++)
  }

  /** False for one that is not here. */
  remove(subscription: Subscription): boolean {
    if (this.#all[subscription.index] !== subscription) return false
    if (subscription.index < this.#singles) this.gather(subscription)
    this.#swap(subscription.index, this.#all.length - 1)
    this.#all.pop()
    subscription.index = -1
    return true
  }

  /** From here on a fan-out group serves it. */
  gather(subscription: Subscription): void {
    this.#swap(subscription.index, --this.#singles)
  }

  /** It is served by itself from here on. */
  single(subscription: Subscription): void {
    this.#swap(subscription.index, this.#singles++)
  }

  #swap(left: number, right: number): void {
    const [one, other] = [this.#all[left], this.#all[right]]
    if (one === undefined || other === undefined || one === other) return
    this.#all[left] = other
    this.#all[right] = one
    other.index = left
    one.index = right
  }
}
