import type { MessageView } from '../client/index.ts'
import type { Desk } from './desk.ts'
import { DialogFrame } from './dialog.tsx'
import { mayDeleteForEveryone } from './message-actions.ts'

/** Asks for whom messages are to be deleted. */
export function DeleteDialog({
  desk,
  items,
  close,
}: {
  readonly desk: Desk
  readonly items: readonly MessageView[]
  readonly close: () => void
}) {
  const { store } = desk
  const everyone = items.every(item => mayDeleteForEveryone(store, item))
  const isLate = !everyone && items.some(({ mine, deleted }) => mine && !deleted)
  const erase = (whom: 'everyone' | 'me') => {
    close()
    desk.erase(items, whom)
  }
  return (
    <DialogFrame title={items.length === 1 ? 'Delete this message?' : `Delete ${items.length} messages?`} close={close}>
      <p>
        {everyone ? 'For everyone: its place stays and says that it was deleted. ' : ''}
        For me: it goes from your devices, and others keep it.
        {isLate ? ' It is too old, or not yours, to be deleted for everyone.' : ''}
      </p>
      <footer class="dialog-foot dialog-choices">
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <button type="button" class="button" data-tone="bad" onClick={() => erase('me')}>
          Delete for me
        </button>
        {everyone ? (
          <button type="button" class="button" data-tone="bad" onClick={() => erase('everyone')}>
            Delete for everyone
          </button>
        ) : null}
      </footer>
    </DialogFrame>
  )
}
