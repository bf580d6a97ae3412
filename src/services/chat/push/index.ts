export type { PushKind, PushNote } from './push-note.ts'
export type { OwedCursor, OwedMessage, PushRows, ShownNote } from './push-rows.ts'
export type { PushOutcome, PushSender } from './push-sender.ts'
export type { PushSubscription } from './push-subscription.ts'
