import { pushLimits } from './limits.ts'
import type { NoteContext, PushNote } from './push-note.ts'
import type { OwedMessage } from './push-rows.ts'
import type { PushSender } from './push-sender.ts'
import type { PushSubscription } from './push-subscription.ts'

/** What a device is to be told about one conversation. */
export type Errand =
  /** The newest of them stands in the note, which tells of them all. */
  | { readonly kind: 'message'; readonly messages: readonly OwedMessage[] }
  | { readonly kind: 'dismiss'; readonly seq: number }
  | { readonly kind: 'retract'; readonly seq: number; readonly latest?: number }

/**
 * One note on its way to one device. `waiting` for its turn, `resting` between two tries, `sending`; then it is `ended`. What is to follow it
 * waits in `next`, so that notes on one conversation reach a device in order.
 */
export interface Delivery {
  readonly key: string
  readonly conversation: string
  readonly subscription: PushSubscription
  readonly sender: PushSender
  errand: Errand
  expiresAt: number
  tries: number
  state: 'waiting' | 'resting' | 'sending' | 'ended'
  next: { readonly errand: Errand; readonly expiresAt: number } | undefined
}

export function deliveryKey(user: string, device: string, conversation: string): string {
  return JSON.stringify([user, device, conversation])
}

/** The `seq` that a device will know of once it has this. */
export function seqOf(errand: Errand): number {
  return errand.kind === 'message' ? (errand.messages.at(-1)?.seq ?? 0) : errand.seq
}

/** The message that a notification will show once the device has this; undefined where it shows none. */
export function shownSeq(errand: Errand): number | undefined {
  if (errand.kind === 'message') return seqOf(errand)
  return errand.kind === 'retract' ? errand.latest : undefined
}

/** One errand in the place of two. Messages that were not sent are told of together, so that taking one back leaves the others. */
export function joined(earlier: Errand | undefined, later: Errand): Errand {
  if (earlier?.kind !== 'message' || later.kind !== 'message') return later
  const known = new Set(later.messages.map(({ offset }) => offset))
  const messages = [...earlier.messages.filter(({ offset }) => !known.has(offset)), ...later.messages]
  return { kind: 'message', messages: messages.slice(-pushLimits.waitingPerConversationMax) }
}

/** What is sent of it, with what is left of its time. */
export function noteOf(errand: Errand, conversation: string, { badge, preview }: NoteContext, topic: string, ttlMs: number): PushNote {
  const shared = { kind: errand.kind, conversation, seq: seqOf(errand), badge, topic, ttlMs, ...(preview !== undefined && { preview }) }
  switch (errand.kind) {
    case 'message': {
      const { mid, enc } = errand.messages.at(-1) ?? {}
      return { ...shared, urgency: 'high', ...(mid !== undefined && { mid }), ...(enc !== undefined && { enc }) }
    }
    case 'dismiss':
      return { ...shared, urgency: 'low' }
    case 'retract':
      return { ...shared, urgency: 'normal', ...(errand.latest !== undefined && { latest: errand.latest }) }
  }
}
