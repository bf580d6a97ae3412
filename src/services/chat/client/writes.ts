import { type Clock, type Random, randomUuid } from '../../../kit/index.ts'
import { fileName, type SharedFile } from '../model/file.ts'
import { type Mention, naming, type Wording } from '../model/mentions.ts'
import type { ChatCommands, InboxState } from '../model/wire.ts'
import { ChatError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import type { Conversations } from './conversations.ts'
import type { Amendment, MessageOutbox, OutboxEntry, OutboxFile } from './outbox.ts'
import { patchOfLogged } from './patch.ts'
import type { Sender } from './sender.ts'
import type { MessageChange, MessageView, Refusal } from './view.ts'

type Out<M extends keyof ChatCommands> = Promise<ChatCommands[M]['out']>

export interface WritesHost {
  readonly user: string
  readonly device: string
  readonly caller: Caller
  readonly clock: Clock
  readonly conversations: Conversations
}

/** Says and changes messages. What an answer says is known at once; the inbox will say it again. */
export class Writes {
  constructor(readonly host: WritesHost) {}

  /** The server has taken a message. */
  sent(entry: OutboxEntry, { seq, mid, ts }: ChatCommands['chat.send']['out']): void {
    const { conversation, text, enc, mentions, files, replyTo, cid } = entry
    this.#wrote({
      kind: 'message',
      ...this.#place(conversation, seq, ts),
      mid,
      origin: { device: this.host.device, cid },
      ...(text === undefined ? {} : { text }),
      ...(enc === undefined ? {} : { enc }),
      ...naming(mentions),
      ...(files === undefined ? {} : { files: files.flatMap(sharedFile) }),
      ...(replyTo === undefined ? {} : { reply_to: replyTo }),
    })
  }

  async edit(conversation: string, seq: number, { text, mentions }: Wording): Out<'chat.edit'> {
    const answer = await this.host.caller.call('chat.edit', { conversation, seq, text, ...naming(mentions) })
    const { rev, ts } = answer
    const said = { rev, ...(text.trim() === '' ? {} : { text }), ...naming(mentions) }
    this.#wrote({ kind: 'edit', ...this.#place(conversation, answer.seq, ts), ...this.#target(conversation, seq), ...said })
    return answer
  }

  async erase(conversation: string, seq: number, whom: 'everyone' | 'me'): Out<'chat.delete'> {
    const answer = await this.host.caller.call('chat.delete', { conversation, seq, for: whom })
    this.#wrote({ kind: 'delete', ...this.#place(conversation, answer.seq), ...this.#target(conversation, seq), for: whom })
    return answer
  }

  async react(conversation: string, seq: number, emoji: string): Out<'chat.react'> {
    const answer = await this.host.caller.call('chat.react', { conversation, seq, emoji })
    if (answer.seq > 0)
      this.#wrote({ kind: 'reaction', ...this.#place(conversation, answer.seq), ...this.#target(conversation, seq), emoji })
    return answer
  }

  /** Does what an entry of the outbox says of a message. */
  async amend({ conversation, amends }: OutboxEntry, isOnItsWay: (cid: string) => boolean): Promise<void> {
    if (amends === undefined) return
    const seq = this.#seqOf(conversation, amends.target)
    if (seq === undefined) {
      const waits = typeof amends.target === 'string' && isOnItsWay(amends.target)
      throw new ChatError({ code: 404, reason: 'not_found', text: 'the message is not there' }, waits)
    }
    if (amends.kind === 'edit') await this.edit(conversation, seq, amends)
    else if (amends.kind === 'delete') await this.erase(conversation, seq, amends.for)
    else await this.react(conversation, seq, amends.emoji)
  }

  #seqOf(conversation: string, target: number | string): number | undefined {
    if (typeof target === 'number') return target
    const { device, conversations } = this.host
    const slots = conversations.find(conversation)?.thread.slots ?? []
    return slots.find(({ head }) => head?.cid === target && head.device === device)?.seq
  }

  #wrote(entry: Parameters<typeof patchOfLogged>[0]): void {
    this.host.conversations.absorb(entry.conversation, patchOfLogged(entry))
  }

  #place(conversation: string, seq: number, ts = this.host.clock.now()) {
    return { conversation, seq, ts, author: this.host.user }
  }

  #target(conversation: string, seq: number) {
    return { target: seq, mid: this.host.conversations.find(conversation)?.thread.slot(seq)?.head?.mid ?? '' }
  }
}

/** As the server will say it. */
function sharedFile({ name, alt, uploaded }: OutboxFile): SharedFile[] {
  return uploaded === undefined ? [] : [{ ...uploaded, name: fileName(name), ...(alt === undefined ? {} : { alt }) }]
}

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

/** How long messages can be changed, as the server says it, by the server's clock. Until it has said so nobody knows: then it decides. */
export class Windows {
  #editMs = Number.POSITIVE_INFINITY
  #deleteMs = Number.POSITIVE_INFINITY
  /** How far the server's clock is before this device's. */
  #ahead = 0

  constructor(readonly clock: Clock) {}

  learn({ limits, now }: Pick<InboxState, 'limits' | 'now'>): void {
    this.#editMs = limits?.edit_ms ?? this.#editMs
    this.#deleteMs = limits?.delete_ms ?? this.#deleteMs
    this.#ahead = now === undefined ? this.#ahead : now - this.clock.now()
  }

  /** How long a message of that time may still be edited by its author; 0 where it may not. */
  editLeft(ts: number): number {
    return this.#left(ts, this.#editMs)
  }

  /** How long its author may still delete it for everyone. */
  deleteLeft(ts: number): number {
    return this.#left(ts, this.#deleteMs)
  }

  #left(ts: number, windowMs: number): number {
    return Math.max(0, ts + windowMs - this.clock.now() - this.#ahead)
  }
}
