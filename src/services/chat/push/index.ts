export { GatewaySender } from './gateway.ts'
export { pushLimits } from './limits.ts'
export type { NotePreview, PushKind, PushNote } from './note.ts'
export {
  type OpenedPushes,
  openPushes,
  type PushDesk,
  Pushes,
  type PushesOptions,
  type PushSurroundings,
  type ReadMark,
} from './pushes.ts'
export type { OwedCursor, OwedMessage, PushRows, ShownNote } from './rows.ts'
export { type PushOutcome, type PushResult, type PushSender, PushTally } from './sender.ts'
export { checkSubscription, type GivenSubscription, type PushSubscription, type SubscriptionRules } from './subscription.ts'
export { openVapidKeys, type VapidKeys, vapidPath } from './vapid.ts'
export { WebPushSender } from './web-push.ts'
