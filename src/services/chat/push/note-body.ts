import type { NotePreview, PushNote } from './push-note.ts'
import type { PushSubscription } from './push-subscription.ts'

/** What the device gets to read. */
export interface NoteBody extends Partial<NotePreview> {
  readonly kind: PushNote['kind']
  readonly conversation: string
  readonly seq: number
  readonly mid?: string
  readonly latest?: number
  readonly badge?: number
  readonly enc?: { readonly scheme: string; readonly epoch?: number; readonly bytes: string }
}

/** Everything that may be said. Of what is encrypted per device, its own part. */
export function fullBody({ user, device }: PushSubscription, note: PushNote): NoteBody {
  const { kind, conversation, seq, mid, latest, badge, preview, enc } = note
  const bytes = enc?.perDevice?.[`${user}/${device}`] ?? enc?.bytes
  return {
    kind,
    conversation,
    seq,
    ...(mid !== undefined && { mid }),
    ...(latest !== undefined && { latest }),
    badge,
    ...preview,
    ...(enc !== undefined &&
      bytes !== undefined && { enc: { scheme: enc.scheme, ...(enc.epoch !== undefined && { epoch: enc.epoch }), bytes } }),
  }
}

/** The same without what was encrypted. */
export function idsOf({ enc: _, ...body }: NoteBody): NoteBody {
  return body
}

/** No more than a device needs to ask for the rest. */
export function bareBody({ kind, conversation, seq }: NoteBody): NoteBody {
  return { kind, conversation, seq }
}
