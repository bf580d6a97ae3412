export type { FileKind } from '../model/file.ts'
export type { Mention } from '../model/mentions.ts'
export type { Invited, MayAdd, MayWrite, OwnDevice, OwnSettings, Previews } from '../model/wire.ts'
export { type CachedChat, type ChatCache, MemoryCache } from './cache.ts'
export { ChatError } from './chat-error.ts'
export { ChatClient, type ChatClientOptions } from './client.ts'
export type { ChatFiles } from './files.ts'
export type { Arrival, HistoryPages } from './history.ts'
export { IndexedDbCache } from './indexed-db-cache.ts'
export type { OutboxEntry } from './outbox.ts'
export type {
  ChatChange,
  ConnectionState,
  ConversationView,
  FileView,
  ItemView,
  MembershipView,
  MessageChange,
  MessageState,
  MessageView,
  NewFile,
  NewMessage,
  PendingChange,
  Refusal,
} from './view.ts'
