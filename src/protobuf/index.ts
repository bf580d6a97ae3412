export {
  encodeConnectReply,
  encodeDeltaOf,
  encodeHistoryReply,
  encodeProtobuf,
  encodePublicationPush,
  encodeSubscribeReply,
  pushFromJson,
  replyFromJson,
} from './messages.ts'
export { messagesIn, readCommand } from './read-commands.ts'
