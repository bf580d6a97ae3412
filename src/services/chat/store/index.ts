export { type Acknowledgement, acknowledge, deliver } from './acknowledge.ts'
export { appendsBetween } from './between.ts'
export { apartIn } from './consent.ts'
export { advanceDevice, checkSignedIn, devicesOf, findDevice, linkDevice, signOutDevice } from './devices.ts'
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
export type { InboxAppend } from './inbox-append.ts'
export { headOf, type InboxHead, type InboxPlace, keepHead, placeBefore, placeOf } from './inbox-places.ts'
export { Invitations } from './invitations.ts'
export { answerInvited, invitedOf } from './invited.ts'
export { beenHere } from './known.ts'
export { conversationOf, conversationsWith, listConversations, pageOfList } from './listing.ts'
export { activeMembers, findMember, memberOf } from './log.ts'
export { type Actor, checkSize, Messages, type Sending, type Sent } from './messages.ts'
export { clearConversation, deleteConversation, type OwnChange, setBlocked, setOwn } from './own.ts'
export { type PlaceRange, placeNow } from './place-clock.ts'
export { acquainted, areApart, blockedBy, changeProfile, lastSeenOf, markSeen, type Profile, profileOf } from './profiles.ts'
export { PushStore } from './push-store.ts'
export { readAll } from './readings.ts'
export { epochOf, linkKeyOf, schema } from './schema.ts'
export { search } from './search.ts'
export { indexSome } from './search-index.ts'
export { sweep } from './sweep.ts'
export { type UnitOfWork, UnitsOfWork } from './unit-of-work.ts'
export { read, recountUnread, tellReceipts, untoldReceipts } from './watermarks.ts'
