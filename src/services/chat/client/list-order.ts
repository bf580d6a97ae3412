import type { Conversation } from './conversation.ts'
import type { Conversations } from './conversations.ts'
import type { ConversationView } from './view.ts'

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
