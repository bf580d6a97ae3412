import type { MembershipEntry } from '../model/wire.ts'
import type { Conversation } from './conversation.ts'
import type { Outbox, OutboxEntry } from './outbox.ts'
import { reactionsOf, type Slot } from './slot.ts'
import type { ConversationView, ItemView, MembershipView, MessageState, MessageView } from './view.ts'

interface Portrait {
  revision: string
  items: readonly ItemView[]
  view: ConversationView | undefined
  /** By `seq`. */
  readonly messages: Map<number, { readonly slot: Slot; readonly state: MessageState; readonly view: ItemView }>
}

/** Makes views of conversations, and the same ones again while nothing has changed. */
export class Portraits {
  readonly #portraits = new WeakMap<Conversation, Portrait>()
  readonly #waiting = new WeakMap<OutboxEntry, MessageView>()

  constructor(
    readonly user: string,
    readonly device: string,
    readonly outbox: Outbox,
    readonly typingIn: (conversation: string) => readonly string[],
  ) {}

  items(conversation: Conversation): readonly ItemView[] {
    return this.#of(conversation).items
  }

  view(conversation: Conversation): ConversationView | undefined {
    return this.#of(conversation).view
  }

  /** A message of the log as it is shown; undefined of one that is not. */
  message(conversation: Conversation, seq: number): MessageView | undefined {
    const slot = conversation.thread.slot(seq)
    if (slot === undefined || !conversation.isShown(slot)) return undefined
    const view = this.#item(conversation, slot, this.#of(conversation))
    return view?.kind === 'message' ? view : undefined
  }

  #of(conversation: Conversation): Portrait {
    const { id } = conversation
    const portrait: Portrait = this.#portraits.get(conversation) ?? { revision: '', items: [], view: undefined, messages: new Map() }
    this.#portraits.set(conversation, portrait)
    const typing = this.typingIn(id)
    const revision = `${conversation.revision} ${this.outbox.revision} ${typing.join(' ')}`
    if (revision === portrait.revision) return portrait
    portrait.revision = revision
    const unsent = this.outbox.of(id).filter(entry => !isSent(conversation, entry, this.device))
    const waiting = unsent.map(entry => this.#unsent(entry))
    portrait.items = sameOr(portrait.items, [...this.#logged(conversation, portrait), ...waiting])
    for (const seq of portrait.messages.keys()) if (conversation.thread.slot(seq) === undefined) portrait.messages.delete(seq)
    portrait.view = this.#list(conversation, portrait, waiting.at(-1), typing)
    return portrait
  }

  #logged(conversation: Conversation, portrait: Portrait): ItemView[] {
    return conversation.shown.flatMap(slot => this.#item(conversation, slot, portrait) ?? [])
  }

  #item(conversation: Conversation, slot: Slot, { messages }: Portrait): ItemView | undefined {
    const { seq, head, line } = slot
    const state = head?.author === this.user ? conversation.tick(seq, head.author) : 'sent'
    const known = messages.get(seq)
    if (known?.slot === slot && known.state === state) return known.view
    const view = head === undefined ? line && membershipLine(line) : messageView(conversation.id, slot, head, state, this)
    if (view !== undefined) messages.set(seq, { slot, state, view })
    return view
  }

  #unsent(entry: OutboxEntry): MessageView {
    const view = this.#waiting.get(entry) ?? waitingMessage(entry, this.user)
    this.#waiting.set(entry, view)
    return view
  }

  #list(
    conversation: Conversation,
    portrait: Portrait,
    waiting: MessageView | undefined,
    typing: readonly string[],
  ): ConversationView | undefined {
    const { standing, roster, id, members, unread, read, seq, last: slot } = conversation
    if (standing === undefined) return undefined
    const last = waiting ?? (slot === undefined ? undefined : this.#item(conversation, slot, portrait))
    const other = members.find(member => member.user !== this.user)?.user
    return {
      id,
      kind: standing.kind,
      title: standing.kind === 'direct' ? (other ?? roster.title) : roster.title,
      send: roster.send,
      edit: roster.edit,
      requests: standing.requests ?? 0,
      request: standing.request === true && !hasAnswered(conversation),
      members,
      muted: standing.muted,
      pinned: standing.pinned,
      blocked: standing.blocked === true,
      active: roster.active,
      unread,
      read,
      seq,
      ...(last === undefined ? {} : { last }),
      ts: last?.ts ?? standing.ts,
      typing,
    }
  }
}

/** Whoever wrote or reacted since they came has taken part, and need not be asked any longer. */
function hasAnswered({ thread, roster, user }: Conversation): boolean {
  const since = roster.seats.find(seat => seat.user === user)?.since ?? 0
  return thread.slots.some(slot => slot.seq >= since && (slot.head?.author === user || reactionsOf(slot, user).some(({ mine }) => mine)))
}

/** Its echo may come before the answer to it. */
function isSent(conversation: Conversation, { cid }: OutboxEntry, device: string): boolean {
  return conversation.thread.slots.some(({ head }) => head?.cid === cid && head.device === device)
}

function messageView(
  conversation: string,
  slot: Slot,
  head: NonNullable<Slot['head']>,
  state: MessageState,
  { user, device }: { readonly user: string; readonly device: string },
): MessageView {
  const { seq, content, fate } = slot
  const cid = head.device === device ? head.cid : undefined
  return {
    kind: 'message',
    key: cid ?? head.mid,
    conversation,
    author: head.author,
    mine: head.author === user,
    state,
    ts: head.ts,
    seq,
    mid: head.mid,
    ...(cid === undefined ? {} : { cid }),
    ...(content?.text === undefined ? {} : { text: content.text }),
    ...(content?.enc === undefined ? {} : { enc: content.enc }),
    ...(head.replyTo === undefined ? {} : { replyTo: head.replyTo }),
    rev: content?.rev ?? 0,
    deleted: fate === 'deleted',
    reactions: fate === undefined ? reactionsOf(slot, user) : [],
  }
}

function waitingMessage({ cid, conversation, text, enc, replyTo, at, refusal }: OutboxEntry, user: string): MessageView {
  return {
    kind: 'message',
    key: cid,
    conversation,
    author: user,
    mine: true,
    state: refusal === undefined ? 'waiting' : 'failed',
    ts: at,
    cid,
    ...(text === undefined ? {} : { text }),
    ...(enc === undefined ? {} : { enc }),
    ...(replyTo === undefined ? {} : { replyTo }),
    rev: 0,
    deleted: false,
    reactions: [],
    ...(refusal === undefined ? {} : { refusal }),
  }
}

function membershipLine(entry: MembershipEntry): MembershipView {
  const { version: _version, origin: _origin, ...shown } = entry
  return { ...shown, key: `membership ${entry.seq}` }
}

function sameOr<T>(known: readonly T[], made: readonly T[]): readonly T[] {
  return known.length === made.length && known.every((item, index) => item === made[index]) ? known : made
}
