import type { ChatCommands, ConversationSummary, InboxEntry, Watermark } from '../../../src/services/chat/model/wire.ts'
import type { Judge } from '../../core/judge.ts'

export type Sent = ChatCommands['chat.send']['out']

/** What somebody was told of how far another one is. */
export interface ToldReceipt {
  readonly atMs: number
  readonly author: string
  readonly conversation: string
  readonly watermark: Watermark
}

/** Everything that the service has said to anyone, which it must stand by. */
export class Transcript {
  /** By who sent it: the answers that sends got. */
  readonly answered = new Map<string, Sent>()
  /** Sends that were refused for good. */
  readonly refused = new Set<string>()
  readonly told: ToldReceipt[] = []
  /** Conversations as users were shown them after they had left. */
  readonly shownLeft: { readonly user: string; readonly conversation: ConversationSummary }[] = []
  /** Codes of invitations. */
  readonly codes: string[] = []
  readonly #listed: { readonly atMs: number; readonly user: string; readonly id: string; readonly seq: number }[] = []
  readonly #places = new Map<string, string>()
  readonly #offsets = new Map<string, string>()
  /** By user, conversation and place: when the first of their devices got it. */
  readonly #received = new Map<string, number>()

  constructor(
    readonly judge: Judge,
    readonly now: () => number,
  ) {}

  answer(sender: string, cid: string, answer: Sent): void {
    const key = `${sender} ${cid}`
    const before = this.answered.get(key)
    if (before === undefined) this.answered.set(key, answer)
    else
      this.judge.hold(
        JSON.stringify(before) === JSON.stringify(answer),
        `${key} was answered ${JSON.stringify(before)} and then ${JSON.stringify(answer)}`,
      )
    this.judge.hold(!this.refused.has(key), `${key} was refused and then answered`)
  }

  refuse(sender: string, cid: string, why: string): void {
    const key = `${sender} ${cid}`
    this.judge.hold(!this.answered.has(key), `${key} was answered and then refused: ${why}`)
    this.refused.add(key)
  }

  /** An entry came to a device at a place of its inbox. */
  seeEntry(user: string, device: string, offset: number, entry: InboxEntry): void {
    const what = fingerprintOf(entry)
    // Of one user's reactions to a message the newest stands for all: the places of the others may be found empty.
    if (!this.#standsForNothing(`${user}@${offset}`, entry)) this.#same(this.#offsets, `${user}@${offset}`, what, `${user}/${device}`)
    if (entry.kind === 'receipt') {
      for (const watermark of entry.receipts) if (watermark.user !== user) this.seeReceipt(user, entry.conversation, watermark)
    } else if (entry.kind === 'conversation') this.seeConversation(user, entry.summary)
    else if (entry.kind !== 'invited' && entry.seq > 0) this.see(user, device, entry)
  }

  /** An entry of a log came to a device, by whichever way. */
  see(user: string, device: string, entry: Exclude<InboxEntry, { kind: 'receipt' | 'conversation' | 'invited' }>): void {
    const { conversation, seq } = entry
    this.#same(this.#places, `${conversation}.${seq}`, fingerprintOf(entry), `${user}/${device}`)
    const key = `${user} ${conversation}.${seq}`
    if (!this.#received.has(key)) this.#received.set(key, this.now())
  }

  /** A device that has lost its memory knows by the list what there is, and fetches it when it is looked at. */
  seeSummary(user: string, { id, seq }: ConversationSummary): void {
    this.#listed.push({ atMs: this.now(), user, id, seq })
  }

  /** Whether a list had told some device of the user of it by then. */
  wasListed(user: string, conversation: string, seq: number, byMs: number): boolean {
    return this.#listed.some(listed => listed.user === user && listed.id === conversation && listed.seq >= seq && listed.atMs <= byMs)
  }

  seeReceipt(author: string, conversation: string, watermark: Watermark): void {
    this.told.push({ atMs: this.now(), author, conversation, watermark })
  }

  seeConversation(user: string, conversation: ConversationSummary): void {
    if (!conversation.active) this.shownLeft.push({ user, conversation })
    for (const { user: other, delivered, read, since } of conversation.members)
      if (other !== user && delivered > since) this.seeReceipt(user, conversation.id, { user: other, delivered, read, ts: 0 })
  }

  /** When any device of the user got it first. */
  receivedAt(user: string, conversation: string, seq: number): number | undefined {
    return this.#received.get(`${user} ${conversation}.${seq}`)
  }

  /** Two histories never share a place. */
  #standsForNothing(place: string, entry: InboxEntry): boolean {
    const before = this.#offsets.get(place)
    const isEmpty = entry.kind === 'receipt' && entry.receipts.length === 0
    if (isEmpty) return before?.startsWith('reaction ') === true
    return entry.kind === 'reaction' && before?.startsWith('receipt ') === true && before.endsWith(' []')
  }

  #same(seen: Map<string, string>, place: string, what: string, who: string): void {
    const before = seen.get(place)
    if (before === undefined) seen.set(place, what)
    else this.judge.hold(before === what, `${who} got ${what} at ${place}, where ${before} was seen`)
  }
}

/** What an entry is for ever, whatever becomes of its text. */
function fingerprintOf(entry: InboxEntry): string {
  switch (entry.kind) {
    case 'conversation':
      return `conversation ${entry.conversation}`
    case 'receipt':
      return `receipt ${entry.conversation} ${JSON.stringify(entry.receipts)}`
    case 'invited':
      return `invited ${entry.conversation} by ${entry.author} open ${entry.open}`
    case 'message':
      return `message ${entry.mid} of ${entry.author} at ${entry.ts}`
    case 'membership':
      return `membership ${entry.conversation} ${entry.seq} ${entry.change} ${entry.users} ${entry.version}`
    case 'edit':
      return `edit ${entry.conversation} ${entry.seq} of ${entry.target} rev ${entry.rev}`
    default:
      return `${entry.kind} ${entry.conversation} ${entry.seq} of ${entry.target} by ${entry.author}`
  }
}
