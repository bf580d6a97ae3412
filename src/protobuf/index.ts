export {
  encodeDeltaOf,
  encodeHistoryReply,
  encodeProtobuf,
  encodePublicationPush,
  encodeSubscribeReply,
  pushFromJson,
  replyFromJson,
} from './messages.ts'
export { readCommands } from './read-commands.ts'
