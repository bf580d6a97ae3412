import { type Mention, naming } from '../model/mentions.ts'
import type { ChatCommands } from '../model/wire.ts'
import { ChatCalls } from './chat-calls.ts'
import type { Writes } from './writes.ts'

type Out<M extends keyof ChatCommands> = Promise<ChatCommands[M]['out']>

/** Changes of messages that are made at once or rejected, and shown when they are made. */
export abstract class WritingCalls extends ChatCalls {
  protected abstract readonly writes: Writes

  edit(conversation: string, seq: number, text: string, mentions: readonly Mention[] = []): Out<'chat.edit'> {
    return this.writes.edit(conversation, seq, { text, ...naming(mentions) })
  }

  /** Deletes a message. */
  erase(conversation: string, seq: number, whom: 'everyone' | 'me'): Out<'chat.delete'> {
    return this.writes.erase(conversation, seq, whom)
  }

  /** One reaction per user and message; '' takes it back. */
  react(conversation: string, seq: number, emoji: string): Out<'chat.react'> {
    return this.writes.react(conversation, seq, emoji)
  }
}
