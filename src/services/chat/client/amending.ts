import { type Clock, type Random, randomUuid } from '../../../kit/index.ts'
import { type Mention, naming } from '../model/mentions.ts'
import type { Amendment, MessageOutbox, OutboxEntry } from './outbox.ts'
import type { Sender } from './sender.ts'
import type { MessageChange, MessageView, Refusal } from './view.ts'

/** A message as the server has it. */
interface SaidBefore {
  readonly conversation: string
  readonly cid: string
  readonly text: string | undefined
  readonly mentions: readonly Mention[] | undefined
}

/** Changes of messages, which wait in the outbox until the server has answered. */
export class Amending {
  constructor(
    readonly outbox: MessageOutbox,
    readonly sender: Sender,
    readonly clock: Clock,
    readonly random: Random,
  ) {}

  /** A message that nobody has tried to send yet says at once what it is to say. @returns the id under which the change waits; undefined where nothing does */
  change({ conversation, seq, cid }: Pick<MessageView, 'conversation' | 'seq' | 'cid'>, change: MessageChange): string | undefined {
    const target = seq ?? cid
    if (target === undefined) return undefined
    this.#supersede(conversation, change.kind, [seq, cid])
    if (cid !== undefined && seq === undefined && this.outbox.entry(cid) !== undefined) {
      if (change.kind === 'edit' && this.outbox.isUntried(cid)) {
        this.sender.rewrite(cid, change)
        this.sender.retry(cid)
        return undefined
      }
      if (change.kind === 'delete' && !this.outbox.isSending(cid)) {
        this.sender.drop(cid)
        return undefined
      }
    }
    return this.#add(conversation, amendmentOf(change, target), change.kind === 'delete' ? change.afterMs : undefined)
  }

  /** Forgets what has not reached the server, and what was to become of it. */
  discard(cid: string): void {
    const conversation = this.outbox.entry(cid)?.conversation
    this.sender.drop(cid)
    if (conversation !== undefined) this.#supersede(conversation, 'delete', [cid])
  }

  /**
   * The server has a message of this device. Where it has it with other words than those that were written last, it was sent before they were:
   * then they are an edit of it.
   */
  settle({ conversation, cid, text, mentions }: SaidBefore, seq: number): void {
    const entry = this.outbox.entry(cid)
    const isOther = JSON.stringify([entry?.text, entry?.mentions]) !== JSON.stringify([text, mentions])
    if (entry?.rewritten === true && entry.text !== undefined && isOther)
      this.#add(conversation, { target: seq, kind: 'edit', text: entry.text, ...naming(entry.mentions) })
    this.sender.settle(conversation, cid, seq)
  }

  /** A message was refused: what was to become of it is said of the one that stays, which may be tried again. */
  refused({ conversation, cid, amends, rewritten }: OutboxEntry, { reason }: Refusal): void {
    if (amends !== undefined) return
    for (const change of this.outbox.amendmentsOf(conversation)) {
      if (change.amends?.target !== cid) continue
      this.sender.drop(change.cid)
      if (change.amends.kind === 'edit') this.sender.rewrite(cid, change.amends)
    }
    // The server has it already, with the words of before: the inbox tells which place it has.
    if (rewritten === true && reason === 'idempotency_conflict') this.#becomeEdit(conversation, cid)
  }

  #becomeEdit(conversation: string, cid: string): void {
    const { text, mentions } = this.outbox.entry(cid) ?? {}
    this.sender.drop(cid)
    if (text !== undefined) this.#add(conversation, { target: cid, kind: 'edit', text, ...naming(mentions) })
  }

  #add(conversation: string, amends: Amendment, afterMs = 0): string {
    const now = this.clock.now()
    const cid = randomUuid(this.random)
    const entry = { cid, conversation, amends, at: now, order: this.outbox.nextOrder(now) }
    this.sender.add(afterMs === 0 ? entry : { ...entry, notBefore: now + afterMs })
    return cid
  }

  /** Of changes of one kind the newest counts; of a message that is to go none does. */
  #supersede(conversation: string, kind: MessageChange['kind'], targets: readonly (number | string | undefined)[]): void {
    for (const { cid, amends } of this.outbox.amendmentsOf(conversation)) {
      const isSame = amends !== undefined && targets.includes(amends.target) && (amends.kind === kind || kind === 'delete')
      if (isSame && !this.outbox.isSending(cid)) this.sender.drop(cid)
    }
  }
}

function amendmentOf(change: MessageChange, target: number | string): Amendment {
  switch (change.kind) {
    case 'edit':
      return { target, kind: 'edit', text: change.text, ...naming(change.mentions) }
    case 'delete':
      return { target, kind: 'delete', for: change.for }
    case 'react':
      return { target, kind: 'react', emoji: change.emoji }
  }
}
