import { unreachable } from '../../../kit/index.ts'
import { DeleteDialog } from './delete-dialog.tsx'
import type { Desk } from './desk.ts'
import { DialogFrame } from './dialog.tsx'
import { EmojiGrid } from './emoji-grid.tsx'
import { MuteDialog } from './mute-dialog.tsx'
import { AddMembers, NewDirect, NewGroup } from './new-chat.tsx'
import { QuickSwitcher } from './quick-switcher.tsx'
import { DevicesDialog, NotificationsDialog } from './settings-dialogs.tsx'

/** The window that is open over the page. */
export function Dialogs({ desk }: { readonly desk: Desk }) {
  const { value: open } = desk.dialog
  const close = () => {
    desk.dialog.value = undefined
  }
  if (open === undefined) return null
  switch (open.kind) {
    case 'switcher':
      return <QuickSwitcher desk={desk} close={close} />
    case 'direct':
      return <NewDirect desk={desk} close={close} />
    case 'group':
      return <NewGroup desk={desk} close={close} />
    case 'add':
      return <AddMembers desk={desk} conversation={open.conversation} close={close} />
    case 'react':
      return (
        <DialogFrame title="React" close={close}>
          <EmojiGrid
            typed
            pick={emoji => {
              close()
              desk.react(open.item, emoji)
            }}
          />
        </DialogFrame>
      )
    case 'mute':
      return <MuteDialog desk={desk} conversation={open.conversation} close={close} />
    case 'settings':
      return <NotificationsDialog desk={desk} close={close} />
    case 'devices':
      return <DevicesDialog desk={desk} close={close} />
    case 'delete':
      return <DeleteDialog desk={desk} items={open.items} close={close} />
    case 'confirm':
      return (
        <DialogFrame title={open.title} close={close}>
          <p>{open.text}</p>
          <footer class="dialog-foot">
            <button type="button" class="button" onClick={close}>
              Cancel
            </button>
            <button
              type="button"
              class="button"
              data-tone={open.tone === 'plain' ? undefined : 'bad'}
              onClick={() => {
                close()
                open.act()
              }}
            >
              {open.action}
            </button>
          </footer>
        </DialogFrame>
      )
    default:
      return unreachable(open)
  }
}
