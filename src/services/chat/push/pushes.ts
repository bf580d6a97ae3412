import type { OwedMessage } from './push-rows.ts'

/** What somebody read, and on which device, which needs no telling. */
export interface ReadMark {
  readonly conversation: string
  readonly seq: number
  readonly device?: string
}

/** What the chat service tells of what happens; the rest is decided here. None of it waits. */
export interface PushDesk {
  /** Takes up what was owed when the server stopped. */
  start(): Promise<void>
  /** A message stands in a user's inbox. Not for muted conversations, nor for the user's own messages. */
  owe(user: string, message: OwedMessage): void
  /** A device of the user has everything up to and with this offset. */
  acknowledged(user: string, offset: number): void
  /** The user read a conversation up to there: what other devices show of it is taken away silently. */
  read(user: string, mark: ReadMark): void
  /** A message was deleted for everyone. Call it for each recipient. */
  retract(user: string, conversation: string, seq: number): void
  close(): void
}
