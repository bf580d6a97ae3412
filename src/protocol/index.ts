export { channelHash, channelNameMax, isChannelName, isPrivate, namespaceOf, usersOf } from './channel-name.ts'
export {
  type Close,
  CloseError,
  CommandError,
  closes,
  errors,
  isReconnectable,
  messageTooBig,
  type ProtocolError,
  unsubscribes,
} from './codes.ts'
export {
  type Command,
  commandOf,
  decodeCommand,
  describeIssue,
  type Incoming,
  type Method,
  type Params,
  subscribeFlags,
} from './command.ts'
export { type Cursor, type CursorWatchlist, cursorLengthMax, decodeCursor, encodeCursor, endCursor, isEndCursor } from './cursor.ts'
export { delayMaxMs, readDelay } from './delay.ts'
export { deltaBetween, encodeDelta } from './delta.ts'
export type { FilterNode } from './filter-node.ts'
export { type ClientInfo, encodePublication, type Position, Publication, type PublicationFields } from './publication.ts'
export { push } from './push.ts'
export {
  type ConnectResult,
  encodeConnectResult,
  encodeErrorReply,
  encodeEscaped,
  encodePublications,
  encodeReply,
  encodeSubscribeResult,
  type SubscribeResult,
  type SubsEntry,
} from './reply.ts'
export { sseEvent, sseHeaders, sseHeartbeat, sseRetry } from './sse.ts'
