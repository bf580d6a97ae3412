import type { Clock, Random } from '../../../kit/index.ts'
import type { ChatCommands, Conversation, MessageEntry, Role, UserPresence } from '../model/wire.ts'
import type { ChatCache } from './cache.ts'
import type { ChatChange, ConversationView, ItemView, Link, NewMessage } from './view.ts'

export interface ChatClientOptions {
  /** Of the WebSocket: `wss://host/connection/websocket`. */
  readonly url: string
  /** Whose token it is; the cache belongs to this user and device. */
  readonly user: string
  /** Names this device among the user's; kept across reloads, e.g. in `localStorage`. */
  readonly device: string
  readonly token?: string
  /** Asked when there is no token or it has expired. */
  readonly getToken?: () => Promise<string>
  /** Defaults to a `MemoryCache`; pages give an `IndexedDbCache`. */
  readonly cache?: ChatCache
  readonly clock?: Clock
  readonly random?: Random
  /** A constructor, where there is no `WebSocket` or another one is wanted. */
  readonly websocket?: unknown
}

type Out<M extends keyof ChatCommands> = Promise<ChatCommands[M]['out']>

/**
 * One device of a user: the conversations and messages it knows, folded and in order, and an outbox that sends what was written, once, even if that
 * takes a reload. Getters give the same object until something changed. Calls that need the server reject with `ChatError`; `send`, `read`
 * and `typing` never do.
 */
export class ChatClient {
  constructor(readonly options: ChatClientOptions) {}

  get user(): string {
    return this.options.user
  }

  get link(): Link {
    throw new Error('not yet')
  }

  /** Whether the list is known, from the cache or the server: until then an empty list means nothing. */
  get ready(): boolean {
    throw new Error('not yet')
  }

  /** Loads the cache, then connects. Resolves when the cache is loaded, so that a page shows at once what it has. */
  connect(): Promise<void> {
    throw new Error('not yet')
  }

  /** Lets go of the connection and all timers; what is unsent stays in the cache. Idempotent. */
  close(): void {
    throw new Error('not yet')
  }

  /** Calls back after something changed, once per turn and change. @returns what ends it */
  onChange(_listener: (change: ChatChange) => void): () => void {
    throw new Error('not yet')
  }

  /** Pinned ones first, then by time, newest first. */
  get conversations(): readonly ConversationView[] {
    throw new Error('not yet')
  }

  conversation(_id: string): ConversationView | undefined {
    throw new Error('not yet')
  }

  /** Messages and membership lines by `seq`, then one's own unsent messages as they were written. Empty of one that is not known. */
  messages(_conversation: string): readonly ItemView[] {
    throw new Error('not yet')
  }

  /** Whether there is older history to page to. */
  hasBefore(_conversation: string): boolean {
    throw new Error('not yet')
  }

  /** Loads one page of older history. Calls while one is on its way share it. @returns whether there is more */
  loadBefore(_conversation: string): Promise<boolean> {
    throw new Error('not yet')
  }

  /** The conversation is on screen: its newest messages are loaded, and typing and presence of its members are followed until `shut`. */
  open(_conversation: string): void {
    throw new Error('not yet')
  }

  shut(_conversation: string): void {
    throw new Error('not yet')
  }

  /** Puts a message into the outbox; it is shown at once and sent when there is a connection. @returns its `cid` */
  send(_conversation: string, _message: NewMessage): string {
    throw new Error('not yet')
  }

  /** Sends a failed message again, as a new attempt with the same `cid`. */
  retry(_cid: string): void {
    throw new Error('not yet')
  }

  /** Forgets an unsent or failed message. */
  discard(_cid: string): void {
    throw new Error('not yet')
  }

  edit(_conversation: string, _seq: number, _text: string): Out<'chat.edit'> {
    throw new Error('not yet')
  }

  /** Deletes a message. */
  erase(_conversation: string, _seq: number, _whom: 'everyone' | 'me'): Out<'chat.delete'> {
    throw new Error('not yet')
  }

  /** One reaction per user and message; '' takes it back. */
  react(_conversation: string, _seq: number, _emoji: string): Out<'chat.react'> {
    throw new Error('not yet')
  }

  clear(_conversation: string): Out<'chat.clear'> {
    throw new Error('not yet')
  }

  /** Marks everything up to `seq` as read. Only forwards; sent at most once a second, and when there is a connection. */
  read(_conversation: string, _seq: number): void {
    throw new Error('not yet')
  }

  /** Call it at each keystroke with true, and with false when the field is empty or left. A message that is sent ends it too. */
  typing(_conversation: string, _on: boolean): void {
    throw new Error('not yet')
  }

  /** Who is typing there now, besides oneself. */
  typingIn(_conversation: string): readonly string[] {
    throw new Error('not yet')
  }

  /** What is known of a user's presence, without asking. */
  presenceOf(_user: string): UserPresence | undefined {
    throw new Error('not yet')
  }

  /** Asks for the presence of users. */
  presence(_users: readonly string[]): Promise<readonly UserPresence[]> {
    throw new Error('not yet')
  }

  search(_conversation: string, _text: string, _limit?: number): Promise<readonly MessageEntry[]> {
    throw new Error('not yet')
  }

  /** When each recipient got and read a message. */
  info(_conversation: string, _seq: number): Out<'chat.info'> {
    throw new Error('not yet')
  }

  /** The conversation with one other user, made where there is none. */
  direct(_user: string): Promise<Conversation> {
    throw new Error('not yet')
  }

  group(_title: string, _members: readonly string[]): Promise<Conversation> {
    throw new Error('not yet')
  }

  add(_conversation: string, _users: readonly string[]): Out<'chat.add'> {
    throw new Error('not yet')
  }

  /** Removes members. */
  remove(_conversation: string, _users: readonly string[]): Out<'chat.remove'> {
    throw new Error('not yet')
  }

  leave(_conversation: string): Out<'chat.leave'> {
    throw new Error('not yet')
  }

  role(_conversation: string, _user: string, _role: Role): Out<'chat.role'> {
    throw new Error('not yet')
  }

  rename(_conversation: string, _title: string): Out<'chat.rename'> {
    throw new Error('not yet')
  }

  invite(_conversation: string, _options?: { uses?: number; ttl_ms?: number; revoke?: string }): Out<'chat.invite'> {
    throw new Error('not yet')
  }

  /** Enters by an invitation's code. */
  join(_code: string): Promise<Conversation> {
    throw new Error('not yet')
  }

  settings(_settings: ChatCommands['chat.settings']['in']): Out<'chat.settings'> {
    throw new Error('not yet')
  }

  block(_user: string, _on: boolean): Promise<readonly string[]> {
    throw new Error('not yet')
  }

  /** The server's VAPID key, for `pushManager.subscribe`. */
  pushKey(): Promise<string> {
    throw new Error('not yet')
  }

  /** Lets the server push to this device while it is away; null ends that. */
  enablePush(_subscription: ChatCommands['chat.push']['in']['subscription']): Promise<void> {
    throw new Error('not yet')
  }
}
