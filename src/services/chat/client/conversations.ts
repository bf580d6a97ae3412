import type { Clock, Timer } from '../../../kit/index.ts'
import { type CachedConversation, Conversation } from './conversation.ts'
import { limits } from './limits.ts'
import type { Patch } from './patch.ts'
import type { ConversationView } from './view.ts'

/** All conversations of the user, by id. */
export class Conversations {
  readonly #byId = new Map<string, Conversation>()

  constructor(
    readonly user: string,
    readonly changed: (conversation: Conversation) => void,
  ) {}

  get all(): readonly Conversation[] {
    return [...this.#byId.values()]
  }

  find(id: string): Conversation | undefined {
    return this.#byId.get(id)
  }

  /** As far as a conversation of two tells. */
  hasBlocked(user: string): boolean {
    return this.all.some(({ standing, roster }) => standing?.blocked === true && roster.seats.some(seat => seat.user === user))
  }

  cached(id: string): CachedConversation | undefined {
    return this.#byId.get(id)?.cached(limits.cachedSlots)
  }

  /** What another user has left in the cache is not taken. */
  restore(conversations: readonly CachedConversation[]): void {
    for (const { id, user, patch } of conversations) if (user === this.user) this.#made(id).absorb(patch)
  }

  /** Of some there are only entries: as a whole they have not come. */
  get halfKnown(): readonly string[] {
    return this.all.filter(({ standing }) => standing === undefined).map(({ id }) => id)
  }

  absorb(id: string, patch: Patch): void {
    const conversation = this.#made(id)
    if (conversation.absorb(patch)) this.changed(conversation)
  }

  /** Shows the part of a conversation with a place in it, or the newest. */
  focus(id: string, seq: number | undefined): void {
    const conversation = this.#byId.get(id)
    if (conversation?.focus(seq) === true) this.changed(conversation)
  }

  /**
   * Something may have been missed, so no message that was kept is relied on; the list is shown as it was until it is known anew.
   * @param isReset the server does not know what it knew: nothing at all is relied on
   */
  forget(isReset: boolean): void {
    for (const conversation of this.all) {
      const { id, last } = conversation
      const { slots: _slots, covered: _covered, ...known } = conversation.cached(0).patch
      const fresh = new Conversation(id, this.user)
      if (!isReset) fresh.absorb({ ...known, slots: last === undefined ? [] : [last] })
      this.#byId.set(id, fresh)
      this.changed(fresh)
    }
  }

  #made(id: string): Conversation {
    const known = this.#byId.get(id)
    if (known !== undefined) return known
    const conversation = new Conversation(id, this.user)
    this.#byId.set(id, conversation)
    return conversation
  }
}

/** The list in order. Of thousands, only those that changed are looked at again. */
export class ListOrder {
  #sorted: readonly ConversationView[] | undefined
  readonly #changed = new Set<string>()
  #parts:
    | { readonly shown: readonly ConversationView[]; readonly archived: readonly ConversationView[]; readonly unread: number }
    | undefined

  constructor(
    readonly conversations: Pick<Conversations, 'all' | 'find'>,
    readonly view: (conversation: Conversation) => ConversationView | undefined,
  ) {}

  /** Pinned ones first, then by time, the newest first. The same array until something changed. */
  get shown(): readonly ConversationView[] {
    return this.#now().shown
  }

  get archived(): readonly ConversationView[] {
    return this.#now().archived
  }

  /** Messages unread in those that are neither muted nor archived, and wait for no yes. */
  get unread(): number {
    return this.#now().unread
  }

  touch(id: string): void {
    this.#changed.add(id)
    this.#parts = undefined
  }

  reset(): void {
    this.#sorted = undefined
    this.#parts = undefined
  }

  #now() {
    this.#parts ??= partsOf(this.#order())
    return this.#parts
  }

  #order(): readonly ConversationView[] {
    const known = this.#sorted
    // Where many changed, all are sorted at once.
    if (known === undefined || this.#changed.size * 4 > known.length) {
      this.#sorted = this.conversations.all.flatMap(conversation => this.view(conversation) ?? []).toSorted(inOrder)
    } else if (this.#changed.size > 0) {
      const rest = known.filter(({ id }) => !this.#changed.has(id))
      const fresh = [...this.#changed].flatMap(id => this.#viewOf(id) ?? [])
      this.#sorted = merged(rest, fresh.toSorted(inOrder))
    }
    this.#changed.clear()
    return this.#sorted ?? []
  }

  #viewOf(id: string): ConversationView | undefined {
    const conversation = this.conversations.find(id)
    return conversation === undefined ? undefined : this.view(conversation)
  }
}

function partsOf(sorted: readonly ConversationView[]) {
  const listed = sorted.filter(({ deleted }) => !deleted)
  const shown = listed.filter(({ archived }) => !archived)
  const unread = shown.reduce((sum, { unread, muted, held }) => sum + (muted || held ? 0 : unread), 0)
  return { shown, archived: listed.filter(({ archived }) => archived), unread }
}

function inOrder(left: ConversationView, right: ConversationView): number {
  return Number(right.pinned) - Number(left.pinned) || right.ts - left.ts || (left.id < right.id ? -1 : 1)
}

/** Two that are in order, as one. */
function merged(left: readonly ConversationView[], right: readonly ConversationView[]): ConversationView[] {
  const all: ConversationView[] = []
  let at = 0
  for (const view of right) {
    for (let next = left[at]; next !== undefined && inOrder(next, view) < 0; next = left[at]) {
      all.push(next)
      at++
    }
    all.push(view)
  }
  return [...all, ...left.slice(at)]
}

/** No timer of a browser waits for much longer than this. */
const waitMaxMs = 24 * 60 * 60_000

/** Says when a conversation is no longer muted. */
export class MuteEnds {
  readonly #timers = new Map<string, { readonly until: number; readonly timer: Timer }>()

  constructor(
    readonly clock: Clock,
    readonly ended: (conversation: string) => void,
  ) {}

  /** Undefined where it is not muted, or for ever. */
  follow(conversation: string, until: number | undefined): void {
    const known = this.#timers.get(conversation)
    if (known?.until === until) return
    known?.timer.cancel()
    this.#timers.delete(conversation)
    const wait = (until ?? 0) - this.clock.now()
    if (until === undefined || wait <= 0) return
    const timer = this.clock.after(Math.min(wait, waitMaxMs), () => {
      this.#timers.delete(conversation)
      if (until <= this.clock.now()) this.ended(conversation)
      else this.follow(conversation, until)
    })
    this.#timers.set(conversation, { until, timer })
  }

  close(): void {
    for (const { timer } of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }
}
