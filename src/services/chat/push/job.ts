import type { Timer } from '../../../kit/index.ts'
import { pushLimits } from './limits.ts'
import type { NoteContext, PushNote } from './note.ts'
import type { OwedMessage } from './rows.ts'
import type { PushSender } from './sender.ts'
import type { PushSubscription } from './subscription.ts'

/** What a note tells a device about one conversation. */
export type NoteTask =
  /** The note shows the newest message and stands for all of them. */
  | { readonly kind: 'message'; readonly messages: readonly OwedMessage[] }
  | { readonly kind: 'dismiss'; readonly seq: number }
  | { readonly kind: 'retract'; readonly seq: number; readonly latest?: number }

/** The task that follows a note under way. */
export interface FollowUp {
  readonly task: NoteTask
  readonly expiresAt: number
}

/** The state of a note: waiting for its turn, resting between two attempts, or being sent, with the task that follows it, so that notes on one conversation keep their order. */
export type JobState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'resting'; readonly timer: Timer }
  | { readonly kind: 'sending'; readonly next?: FollowUp | undefined }
  | { readonly kind: 'ended' }

/** One note on its way to one device. */
export interface PushJob {
  readonly key: string
  readonly conversation: string
  readonly subscription: PushSubscription
  readonly sender: PushSender
  task: NoteTask
  expiresAt: number
  tries: number
  state: JobState
}

/** The task after a note that is being sent. */
export function nextOf({ state }: PushJob): FollowUp | undefined {
  return state.kind === 'sending' ? state.next : undefined
}

export function jobKey(user: string, device: string, conversation: string): string {
  return JSON.stringify([user, device, conversation])
}

/** The `seq` that a device will know of once it has this. */
export function seqOf(task: NoteTask): number {
  return task.kind === 'message' ? (task.messages.at(-1)?.seq ?? 0) : task.seq
}

/** The message that a notification will show once the device has this; undefined where it shows none. */
export function shownSeq(task: NoteTask): number | undefined {
  if (task.kind === 'message') return seqOf(task)
  return task.kind === 'retract' ? task.latest : undefined
}

/** Merges two tasks into one. Unsent messages share a note, so that retracting one leaves the others. */
export function joined(earlier: NoteTask | undefined, later: NoteTask): NoteTask {
  if (earlier?.kind !== 'message' || later.kind !== 'message') return later
  const known = new Set(later.messages.map(({ offset }) => offset))
  const messages = [...earlier.messages.filter(({ offset }) => !known.has(offset)), ...later.messages]
  return { kind: 'message', messages: messages.slice(-pushLimits.waitingPerConversationMax) }
}

/** The note that is sent, with the rest of its time. */
export function noteOf(task: NoteTask, conversation: string, { badge, preview }: NoteContext, topic: string, ttlMs: number): PushNote {
  const shared = { kind: task.kind, conversation, seq: seqOf(task), badge, topic, ttlMs, ...(preview !== undefined && { preview }) }
  switch (task.kind) {
    case 'message': {
      const { mid, enc } = task.messages.at(-1) ?? {}
      return { ...shared, urgency: 'high', ...(mid !== undefined && { mid }), ...(enc !== undefined && { enc }) }
    }
    case 'dismiss':
      return { ...shared, urgency: 'low' }
    case 'retract':
      return { ...shared, urgency: 'normal', ...(task.latest !== undefined && { latest: task.latest }) }
  }
}
