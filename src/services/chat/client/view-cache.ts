import type { Clock } from '../../../kit/index.ts'
import type { MembershipEntry } from '../model/wire.ts'
import type { Conversation } from './conversation.ts'
import type { MessageOutbox, OutboxEntry, OutboxFile } from './outbox.ts'
import { reactionsOf, type Slot, withOwnReaction } from './thread.ts'
import type { ConversationView, FileView, ItemView, MembershipView, MessageState, MessageView } from './view.ts'

interface CachedView {
  revision: string
  items: readonly ItemView[]
  view: ConversationView | undefined
  /** By `seq`. */
  readonly messages: Map<number, CachedItem>
  /** Pending changes, by their message. */
  amended: ReadonlyMap<number | string, readonly OutboxEntry[]>
}

interface CachedItem {
  readonly slot: Slot
  readonly state: MessageState
  readonly amended: readonly OutboxEntry[]
  readonly view: ItemView
}

const nothing: readonly OutboxEntry[] = []

/** Makes the views of conversations, and returns the same objects while nothing has changed. */
export class ViewCache {
  readonly #views = new WeakMap<Conversation, CachedView>()
  readonly #waiting = new WeakMap<OutboxEntry, { readonly amended: readonly OutboxEntry[]; readonly view: MessageView }>()

  constructor(
    readonly user: string,
    readonly device: string,
    readonly outbox: MessageOutbox,
    readonly typingIn: (conversation: string) => readonly string[],
    readonly clock: Pick<Clock, 'now'>,
    readonly isBlocked: (user: string) => boolean,
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

  #of(conversation: Conversation): CachedView {
    const { id } = conversation
    const cached: CachedView = this.#views.get(conversation) ?? {
      ...{ revision: '', items: [], view: undefined },
      messages: new Map(),
      amended: new Map(),
    }
    this.#views.set(conversation, cached)
    const typing = this.typingIn(id)
    const revision = `${conversation.revision} ${this.outbox.revision} ${conversation.ownAt(this.clock.now()).muted} ${typing.join(' ')}`
    if (revision === cached.revision) return cached
    cached.revision = revision
    cached.amended = Map.groupBy(this.outbox.amendmentsOf(id), ({ amends }) => amends?.target ?? 0)
    const unsent = this.outbox.of(id).filter(entry => !isSent(conversation, entry, this.device))
    const waiting = unsent.map(entry => this.#unsent(entry, cached))
    cached.items = sameOr(cached.items, [...this.#logged(conversation, cached), ...waiting])
    for (const seq of cached.messages.keys()) if (conversation.thread.slot(seq) === undefined) cached.messages.delete(seq)
    cached.view = this.#list(conversation, cached, waiting.at(-1), typing)
    return cached
  }

  /** Nobody is called by those whom they have blocked. */
  #mentions({ mentions, thread }: Conversation): readonly number[] {
    return mentions.filter(seq => {
      const author = thread.slot(seq)?.head?.author
      return author === undefined || !this.isBlocked(author)
    })
  }

  #logged(conversation: Conversation, cached: CachedView): ItemView[] {
    return conversation.shown.flatMap(slot => this.#item(conversation, slot, cached) ?? [])
  }

  #item(conversation: Conversation, slot: Slot, { messages, amended: all }: CachedView): ItemView | undefined {
    const { seq, head, line } = slot
    const state = head?.author === this.user ? conversation.tick(seq, head.author) : 'sent'
    const amended = all.get(seq) ?? nothing
    if (amended.some(isHiding)) return undefined
    const known = messages.get(seq)
    if (known?.slot === slot && known.state === state && sameOr(known.amended, amended) === known.amended) return known.view
    const view =
      head === undefined ? line && membershipLine(line) : withAmendments(messageView(conversation.id, slot, head, state, this), amended)
    if (view !== undefined) messages.set(seq, { slot, state, amended, view })
    return view
  }

  #unsent(entry: OutboxEntry, { amended: all }: CachedView): MessageView {
    const amended = all.get(entry.cid) ?? nothing
    const known = this.#waiting.get(entry)
    if (known !== undefined && sameOr(known.amended, amended) === known.amended) return known.view
    const view = withAmendments(waitingMessage(entry, this.user), amended)
    this.#waiting.set(entry, { amended, view })
    return view
  }

  #list(
    conversation: Conversation,
    cached: CachedView,
    waiting: MessageView | undefined,
    typing: readonly string[],
  ): ConversationView | undefined {
    const { standing, roster, id, members, unread, read, seq, last: slot } = conversation
    if (standing === undefined) return undefined
    const last = waiting ?? (slot === undefined ? undefined : (this.#item(conversation, slot, cached) ?? cached.items.at(-1)))
    const own = conversation.ownAt(this.clock.now())
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
      held: standing.held === true && !hasAnswered(conversation),
      ...own,
      blocked: standing.blocked === true,
      active: roster.active,
      unread,
      mentions: this.#mentions(conversation),
      read,
      seq,
      ...(last === undefined ? {} : { last }),
      ts: last?.ts ?? conversation.ts,
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
    ...(content?.mentions === undefined ? {} : { mentions: content.mentions }),
    ...(slot.files === undefined || fate !== undefined ? {} : { files: slot.files }),
    ...(head.replyTo === undefined ? {} : { replyTo: head.replyTo }),
    rev: content?.rev ?? 0,
    deleted: fate === 'deleted',
    reactions: fate === undefined ? reactionsOf(slot, user) : [],
  }
}

function waitingMessage({ cid, conversation, text, enc, mentions, files, replyTo, at, refusal }: OutboxEntry, user: string): MessageView {
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
    ...(mentions === undefined ? {} : { mentions }),
    ...(files === undefined ? {} : { files: files.map(waitingFile) }),
    ...(replyTo === undefined ? {} : { replyTo }),
    rev: 0,
    deleted: false,
    reactions: [],
    ...(refusal === undefined ? {} : { refusal }),
  }
}

function waitingFile({ cid: _, uploaded, ...file }: OutboxFile): FileView {
  return { ...file, ...uploaded }
}

/** Deleted for oneself: gone at once, though it may be taken back for a while. */
function isHiding({ amends, refusal }: OutboxEntry): boolean {
  return amends?.kind === 'delete' && amends.for === 'me' && refusal === undefined
}

/** A message as it will be when the server has taken what waits; what it refused is told. */
function withAmendments(view: MessageView, amended: readonly OutboxEntry[]): MessageView {
  return amended.reduce(withAmendment, view)
}

function withAmendment(view: MessageView, { cid, amends, refusal }: OutboxEntry): MessageView {
  // Words that were refused since their message is gone are still somebody's words.
  if (amends === undefined || (view.deleted && refusal === undefined)) return view
  const told = refusal === undefined ? {} : { refusal }
  switch (amends.kind) {
    case 'edit': {
      const { text, mentions = [] } = amends
      const pending = { kind: 'edit', cid, text, mentions, ...told } as const
      return { ...view, ...(refusal === undefined ? { text, mentions } : {}), pending }
    }
    case 'delete':
      return { ...view, pending: { kind: 'delete', cid, ...told } }
    case 'react':
      return { ...view, reactions: withOwnReaction(view.reactions, amends.emoji) }
  }
}

function membershipLine(entry: MembershipEntry): MembershipView {
  const { version: _version, origin: _origin, ...shown } = entry
  return { ...shown, key: `membership ${entry.seq}` }
}

function sameOr<T>(known: readonly T[], made: readonly T[]): readonly T[] {
  return known.length === made.length && known.every((item, index) => item === made[index]) ? known : made
}
