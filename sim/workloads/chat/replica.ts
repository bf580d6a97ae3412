import type { ConversationSummary, InboxEntry, MembershipEntry, MessageEntry, Watermark } from '../../../src/services/chat/model/wire.ts'

/** What a device knows of one place in a conversation. */
export interface Slot {
  kind: 'message' | 'membership' | 'unknown'
  mid: string
  author: string
  text: string | undefined
  rev: number
  isDeleted: boolean
}

/** A conversation as a device has it. */
export interface Copy {
  readonly id: string
  readonly kind: ConversationSummary['kind']
  readonly slots: Map<number, Slot>
  /** Places of all entries that came, also of those that only change others. */
  readonly places: Set<number>
  readonly hidden: Set<number>
  readonly members: Set<string>
  readonly delivered: Map<string, number>
  readonly reads: Map<string, number>
  read: number
  cleared: number
}

/**
 * What one device keeps: copies of conversations, and how much of its inbox it holds. A model of its own, simpler than the client layer: it folds
 * entries in whichever order they come.
 */
export class Replica {
  readonly copies = new Map<string, Copy>()
  /** Offsets of the inbox that came, and what came there. */
  readonly items = new Map<number, InboxEntry>()
  /** Everything up to here is held, or what came of it. */
  held = 0
  /** From here on every entry came by itself; what was before came as a list and pages. */
  since = 0
  /** Whether list and pages are there. */
  isListed = false

  constructor(readonly user: string) {}

  /** @returns whether it had not come before */
  take(offset: number, entry: InboxEntry): boolean {
    const isNew = offset > this.held && !this.items.has(offset)
    this.items.set(offset, entry)
    while (this.items.has(this.held + 1)) this.held++
    this.#fold(entry)
    return isNew
  }

  /** The list and all pages are here, as of that place. */
  listed(top: number): void {
    this.isListed = true
    this.since = Math.max(this.since, top)
    this.held = Math.max(this.held, top)
    while (this.items.has(this.held + 1)) this.held++
  }

  describe(conversation: ConversationSummary): Copy {
    const copy = this.#copy(conversation.id, conversation.kind)
    copy.cleared = Math.max(copy.cleared, conversation.cleared)
    for (const { user, delivered, read } of conversation.members) {
      copy.members.add(user)
      if (user === this.user) copy.read = Math.max(copy.read, read)
      else this.#mark(copy, { user, delivered, read, ts: 0 })
    }
    if (!conversation.active) copy.members.delete(this.user)
    return copy
  }

  page(entries: readonly (MessageEntry | MembershipEntry)[]): void {
    for (const entry of entries) this.#fold(entry)
  }

  /** Counted from what the device holds. */
  unread(copy: Copy): number {
    return [...copy.slots].filter(
      ([seq, slot]) =>
        slot.kind === 'message' &&
        !slot.isDeleted &&
        slot.author !== this.user &&
        seq > copy.read &&
        seq > copy.cleared &&
        !copy.hidden.has(seq),
    ).length
  }

  #fold(entry: InboxEntry): void {
    if (entry.kind === 'conversation') {
      this.describe(entry.summary)
      return
    }
    if (entry.kind === 'invited') return
    const copy = this.#copy(entry.conversation, entry.conversation.startsWith('d_') ? 'direct' : 'group')
    if (entry.kind === 'receipt') {
      for (const watermark of entry.receipts) this.#mark(copy, watermark)
      return
    }
    if (entry.seq > 0) copy.places.add(entry.seq)
    switch (entry.kind) {
      case 'message':
        this.#message(copy, entry)
        return
      case 'edit':
        edit(slotAt(copy, entry.target), entry.rev, entry.text)
        return
      case 'delete':
        if (entry.for === 'me') copy.hidden.add(entry.target)
        else slotAt(copy, entry.target).isDeleted = true
        return
      case 'membership':
        this.#membership(copy, entry)
        return
      case 'reaction':
        return
    }
  }

  #message(copy: Copy, { seq, mid, author, text, rev = 0, deleted }: MessageEntry): void {
    const slot = slotAt(copy, seq)
    const isFirst = slot.kind === 'unknown'
    Object.assign(slot, { kind: 'message', mid, author })
    if (isFirst && slot.rev === 0) slot.text = text
    edit(slot, rev, text)
    if (deleted) slot.isDeleted = true
    if (author === this.user) copy.read = Math.max(copy.read, seq)
  }

  #membership(copy: Copy, { seq, author, change, users }: MembershipEntry): void {
    Object.assign(slotAt(copy, seq), { kind: 'membership', mid: '', author })
    for (const user of users) {
      if (change === 'removed' || change === 'left') copy.members.delete(user)
      else if (change === 'created' || change === 'added' || change === 'joined') copy.members.add(user)
    }
    const begins = change === 'created' || change === 'added' || change === 'joined' || change === 'left'
    if (begins && users.includes(this.user)) copy.read = Math.max(copy.read, seq)
  }

  #mark(copy: Copy, { user, delivered, read }: Watermark): void {
    if (user === this.user) {
      copy.read = Math.max(copy.read, read ?? 0)
      return
    }
    copy.delivered.set(user, Math.max(copy.delivered.get(user) ?? 0, delivered ?? 0, read ?? 0))
    copy.reads.set(user, Math.max(copy.reads.get(user) ?? 0, read ?? 0))
  }

  #copy(id: string, kind: ConversationSummary['kind']): Copy {
    let copy = this.copies.get(id)
    if (copy === undefined) {
      copy = {
        ...{ id, kind, slots: new Map(), places: new Set(), hidden: new Set(), members: new Set() },
        ...{ delivered: new Map(), reads: new Map(), read: 0, cleared: 0 },
      }
      this.copies.set(id, copy)
    }
    return copy
  }
}

function slotAt(copy: Copy, seq: number): Slot {
  let slot = copy.slots.get(seq)
  if (slot === undefined) {
    slot = { kind: 'unknown', mid: '', author: '', text: undefined, rev: 0, isDeleted: false }
    copy.slots.set(seq, slot)
  }
  return slot
}

function edit(slot: Slot, rev: number, text: string | undefined): void {
  if (rev <= slot.rev) return
  slot.rev = rev
  slot.text = text
}
