import type { Clock } from '../../../kit/index.ts'
import { fileName, type SharedFile } from '../model/file.ts'
import { naming, type Wording } from '../model/mentions.ts'
import type { ChatCommands } from '../model/wire.ts'
import { ChatError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import type { Conversations } from './conversations.ts'
import type { OutboxEntry, OutboxFile } from './outbox.ts'
import { patchOfLogged } from './patch.ts'

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
