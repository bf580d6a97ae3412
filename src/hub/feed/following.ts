import { Feed, type FeedContext, type FeedTarget } from './feed.ts'

/** A channel that something on this node follows without being a session: all that is kept of it first, then what comes, in order and once. */
export class Following {
  readonly feed: Feed
  /** Resolves when the target has been told where the channel stands. Rejects when the broker cannot be asked; then it is over. */
  readonly opened: Promise<void>
  readonly #opening: Promise<void>
  #isOpen = false
  #isSubscribed = true

  constructor(
    readonly channel: string,
    readonly context: FeedContext,
    target: FeedTarget,
    readonly ended: (following: Following) => void,
  ) {
    this.feed = new Feed(channel, { ...context, tail: true }, target)
    this.#opening = this.feed.open()
    this.opened = this.#opening.then(
      () => {
        this.#isOpen = true
      },
      (error: unknown) => {
        this.#isSubscribed = false
        this.end()
        throw error
      },
    )
  }

  /** Nothing is told any more. Idempotent. */
  end(): void {
    this.feed.close()
    this.ended(this)
    if (!this.#isSubscribed) return
    this.#isSubscribed = false
    // One that could not be made takes itself back: twice would be once for somebody else.
    if (this.#isOpen) this.#unsubscribe()
    else
      this.#opening.then(
        () => this.#unsubscribe(),
        () => undefined,
      )
  }

  /** The hub drops later publications; a broker that is away has forgotten the channel by itself. */
  #unsubscribe(): void {
    this.context.broker.unsubscribe(this.channel).catch(() => undefined)
  }
}
