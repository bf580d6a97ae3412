import { backoffMs, type Clock, type Random, unreachable } from '../../kit/index.ts'
import type { Position, Publication } from '../../protocol/index.ts'
import type { Broker, HistoryPage, HistoryQuery } from '../contracts/broker.ts'

/** The target of a feed: what it does with ordered publications. */
export interface FeedTarget {
  /** The channel is open: its position, its state, and its tail if that was asked for. */
  begin(page: HistoryPage): void
  apply(publication: Publication): void
  /** Replaces what the channel's state stores hold by the broker's present state. */
  replaceState(state: readonly Publication[]): void
  /** No history has the missing publications any more: subscribers that need every one must start again. The page is what is left. */
  onGap(page: HistoryPage): void
}

/** How a channel receives its publications: live, or delayed. */
export interface ChannelFeed {
  /** Its position. */
  readonly position: Position
  open(): Promise<void>
  receive(publication: Publication, epoch: string): void
  verify(): void
  /** The history up to its position. */
  history(query: HistoryQuery): Promise<HistoryPage>
  close(): void
}

export interface FeedContext {
  readonly broker: Broker
  readonly clock: Clock
  readonly random: Random
  /** Publications to ask for when a gap is healed, and to hold meanwhile. */
  readonly healMax: number
  /** Asks for all that the history holds when the channel opens, for those who keep it. */
  readonly tail?: boolean
}

interface Held {
  readonly publication: Publication
  readonly epoch: string
}

type FeedState =
  | { readonly kind: 'opening'; readonly held: Held[] }
  | { readonly kind: 'synced' }
  | { readonly kind: 'healing'; readonly held: Held[] }
  | { readonly kind: 'closed' }

const synced: FeedState = { kind: 'synced' }
const retry = { baseMs: 100, capMs: 5000 } as const
/** How often a history that ends before what was already seen is asked again: it may be another node's, which has not heard the rest yet. */
const behindMax = 5

/**
 * Puts the publications of one channel into order, exactly once: duplicates are dropped, and a gap is healed from the history before
 * anything later is let through. All subscribers of a channel on a node share its feed, so a loss costs one history call.
 */
export class Feed implements ChannelFeed {
  position: Position = { epoch: '', offset: 0 }
  #state: FeedState = { kind: 'opening', held: [] }
  #failures = 0
  #behind = 0
  #waiting: ((isAnswered: boolean) => void)[] = []

  constructor(
    readonly channel: string,
    readonly context: FeedContext,
    readonly target: FeedTarget,
  ) {}

  /** Subscribes upstream and notes where the channel stands. Publications that race the answer are held, then put in place. */
  async open(): Promise<void> {
    const { broker, tail } = this.context
    const page = await broker.open(this.channel, { limit: tail ? -1 : 0 })
    if (this.#state.kind !== 'opening') return
    this.position = page.position
    this.target.begin(page)
    this.#release(this.#state.held)
  }

  receive(publication: Publication, epoch: string): void {
    const state = this.#state
    switch (state.kind) {
      case 'synced':
        this.#advance(publication, epoch)
        return
      case 'opening':
      case 'healing':
        // Beyond the bound, later ones are dropped here and found missing when the hold ends.
        if (state.held.length < this.context.healMax) state.held.push({ publication, epoch })
        return
      case 'closed':
        return
      default:
        unreachable(state)
    }
  }

  /** Asks whether the end of the channel was missed. A loss in the middle shows by itself, a loss at the end does not. */
  verify(): void {
    if (this.#state.kind === 'synced') this.#heal([])
  }

  history(query: HistoryQuery): Promise<HistoryPage> {
    return this.context.broker.history(this.channel, query)
  }

  /** Resolves when the broker has been asked where the channel stands: whether it answered. */
  caughtUp(): Promise<boolean> {
    return new Promise(resolve => {
      this.#waiting.push(resolve)
      this.verify()
      if (this.#state.kind === 'closed') this.#settle(false)
    })
  }

  close(): void {
    this.#state = { kind: 'closed' }
    this.#settle(false)
  }

  #advance(publication: Publication, epoch: string): void {
    const { offset, after } = publication
    if (offset === 0) {
      this.target.apply(publication)
      return
    }
    if (epoch === this.position.epoch) {
      if (offset <= this.position.offset) return
      if (after <= this.position.offset) {
        this.position = { epoch, offset }
        this.target.apply(publication)
        return
      }
    }
    this.#heal([{ publication, epoch }])
  }

  #heal(held: Held[]): void {
    this.#state = { kind: 'healing', held }
    this.context.broker.history(this.channel, { since: this.position, limit: this.context.healMax }).then(
      page => this.#healed(page, held),
      () => this.#retry(held),
    )
  }

  #healed(page: HistoryPage, held: Held[]): void {
    if (this.#state.kind !== 'healing') return
    if (isBehind(page, this.position, held) && ++this.#behind <= behindMax) {
      this.#retry(held)
      return
    }
    this.#behind = 0
    this.#failures = 0
    if (continues(page, this.position)) {
      for (const publication of page.publications) this.#take(publication, page.position.epoch)
      // Publications without a place in the history may have been missed as well.
      if (page.state.length > 0) this.target.replaceState(page.state)
    } else if (isSame(page.position, this.position)) this.target.replaceState(page.state)
    else {
      this.position = page.position
      this.target.replaceState(page.state)
      this.target.onGap(page)
    }
    this.#release(held)
  }

  #take(publication: Publication, epoch: string): void {
    if (publication.offset <= this.position.offset) return
    this.position = { epoch, offset: publication.offset }
    this.target.apply(publication)
  }

  /** History has just said which epoch is the present one: what is held of another is from before. */
  #release(held: readonly Held[]): void {
    this.#state = synced
    this.#settle(true)
    for (const { publication, epoch } of held)
      if (publication.offset === 0 || epoch === this.position.epoch) this.receive(publication, epoch)
  }

  #settle(isAnswered: boolean): void {
    for (const resolve of this.#waiting.splice(0)) resolve(isAnswered)
  }

  #retry(held: Held[]): void {
    this.#settle(false)
    if (this.#state.kind !== 'healing') return
    this.context.clock.after(backoffMs(this.#failures++, this.context.random, retry), () => {
      if (this.#state.kind === 'healing') this.#heal(held)
    })
  }
}

function isSame(left: Position, right: Position): boolean {
  return left.epoch === right.epoch && left.offset === right.offset
}

/** Whether a page leads from a position to its own without a gap. That it calls itself complete is not enough to promise it to others. */
function continues({ position, publications, complete }: HistoryPage, { epoch, offset }: Position): boolean {
  if (!complete || position.epoch !== epoch) return false
  let at = offset
  for (const publication of publications) {
    if (publication.after > at || publication.offset <= at) return false
    at = publication.offset
  }
  return at === position.offset
}

/** Whether a history knows less than was seen already, or nothing of what must have come before something that is held. */
function isBehind({ position }: HistoryPage, { epoch, offset }: Position, held: readonly Held[]): boolean {
  if (position.epoch !== epoch || position.offset > offset) return false
  const later = held.filter(item => item.epoch === epoch && item.publication.offset > offset)
  return position.offset < offset || (later.length > 0 && !later.some(({ publication }) => publication.after <= offset))
}
