export { apartIn } from './consent.ts'
export { advanceDevice, checkSignedIn, devicesOf, findDevice, headOf, linkDevice, signOutDevice } from './devices.ts'
export {
  abandonUpload,
  beginUpload,
  bytesOf,
  bytesOfAll,
  type FileRow,
  fileFor,
  findUpload,
  finishUpload,
  forgetFile,
  takeDue,
  uploadOf,
} from './file-rows.ts'
export { Groups, type MembersChanged } from './groups.ts'
export { infoOf, messagesFor, pageOf } from './history.ts'
export { Inboxes, type Item, inboxChannel, ownerOf, toJson } from './inbox.ts'
export { Invitations } from './invitations.ts'
export { answerInvited, invitedOf } from './invited.ts'
export { beenHere } from './known.ts'
export { conversationOf, conversationsWith, listConversations, pageOfList } from './listing.ts'
export { activeMembers, findMember, type InboxAppend, memberOf } from './log.ts'
export { type Actor, checkSize, Messages, type Sending, type Sent } from './messages.ts'
export { clearConversation, deleteConversation, type OwnChange, setBlocked, setOwn } from './own.ts'
export { acquainted, areApart, blockedBy, changeProfile, lastSeenOf, markSeen, type Profile, profileOf } from './profiles.ts'
export { PushStore } from './push-store.ts'
export { epochOf, linkKeyOf, schema } from './schema.ts'
export { search } from './search.ts'
export { indexSome } from './search-index.ts'
export { sweep } from './sweep.ts'
export { type UnitOfWork, UnitsOfWork } from './unit-of-work.ts'
export { deliver, read, recountUnread, tellReceipts, untoldReceipts } from './watermarks.ts'
