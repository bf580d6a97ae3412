import { useEffect } from 'preact/hooks'
import type { MessageView } from '../client/index.ts'
import type { Desk } from './desk.ts'

/** What one answers or edits may be deleted meanwhile: then one is told, and keeps what one wrote. */
export function useFollowed(desk: Desk, conversation: string): void {
  const writing = desk.writingIn(conversation)
  const gone = (writing.kind === 'reply' || writing.kind === 'edit') && isGone(desk, writing.item)
  useEffect(() => {
    if (!gone) return
    if (writing.kind === 'reply') {
      desk.writing.value = { kind: 'new' }
      desk.store.notify('The message that you were answering was deleted.')
    } else if (writing.kind === 'edit') {
      const text = desk.typed.peek() ?? writing.text ?? writing.item.text ?? ''
      desk.writing.value = { kind: 'unsaved', item: writing.item, text, problem: 'The message was deleted meanwhile.' }
    }
  }, [gone])
}

/** Deleted for everyone, or for oneself: it is not there, though what is around it is. */
function isGone({ store }: Desk, { conversation, key, seq, cid }: MessageView): boolean {
  const items = store.items(conversation)
  const now = items.find(item => item.key === key || (item.kind === 'message' && cid !== undefined && item.cid === cid))
  if (now !== undefined) return now.kind === 'message' && now.deleted
  return seq === undefined || items.some(item => item.seq !== undefined && item.seq < seq) || !store.hasBefore(conversation)
}
