import { useLayoutEffect, useRef } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import type { Desk, OpenListMenu } from './desk.ts'
import { Icon, type IconName } from './icons.tsx'
import { placeMenu, walkMenu } from './message-menu.tsx'

interface Action {
  readonly name: string
  readonly icon: IconName
  readonly grave?: boolean
  readonly act: () => void
}

/** What one can do with a conversation in the list. */
export function ConversationMenu({ desk }: { readonly desk: Desk }) {
  const open = desk.listMenu.value
  const conversation = desk.store.conversation(open?.conversation)
  if (open === undefined || conversation === undefined) return null
  return <Menu key={`${open.conversation} ${open.x} ${open.y}`} desk={desk} open={open} conversation={conversation} />
}

function Menu({ desk, open, conversation }: { readonly desk: Desk; readonly open: OpenListMenu; readonly conversation: ConversationView }) {
  const menu = useRef<HTMLDivElement>(null)
  const close = () => {
    desk.listMenu.value = undefined
  }
  useLayoutEffect(() => {
    const before = document.activeElement
    const listening = new AbortController()
    const outside = (event: Event) => {
      if (event.target instanceof Node && menu.current?.contains(event.target) !== true) close()
    }
    document.addEventListener('pointerdown', outside, { signal: listening.signal })
    placeMenu(menu.current, open)
    menu.current?.querySelector<HTMLElement>('[role="menuitem"]')?.focus({ preventScroll: true })
    return () => {
      listening.abort()
      if (before instanceof HTMLElement && before.isConnected && document.activeElement === document.body) before.focus()
    }
  }, [])
  return (
    <div class="menu-veil">
      <div class="menu" ref={menu} role="menu" aria-label="Chat" tabIndex={-1} onKeyDown={event => walkMenu(event, menu.current, close)}>
        {actionsOf(desk, conversation).map(({ name, icon, grave, act }) => (
          <button
            key={name}
            type="button"
            role="menuitem"
            data-grave={grave === true}
            onClick={() => {
              close()
              act()
            }}
          >
            <Icon name={icon} />
            {name}
          </button>
        ))}
      </div>
    </div>
  )
}

function actionsOf(desk: Desk, { id, pinned, muted, archived, unread, marked }: ConversationView): Action[] {
  const { chat } = desk.store
  const isUnread = unread > 0 || marked
  const mark = () => {
    // Whoever marks what is open has done with it for now.
    if (!isUnread && desk.place.conversation.value === id) desk.place.leave()
    chat.setOwn(id, { unread: !isUnread })
  }
  const pin: Action = { name: pinned ? 'Unpin' : 'Pin to the top', icon: 'pin', act: () => chat.setOwn(id, { pinned: !pinned }) }
  const mute: Action = {
    name: muted ? 'Unmute' : 'Mute',
    icon: muted ? 'bell' : 'bellOff',
    act: () => chat.setOwn(id, { muted: !muted }),
  }
  return [
    { name: archived ? 'Take out of the archive' : 'Archive', icon: 'archive', act: () => archive(desk, id, !archived) },
    ...(archived ? [] : [pin]),
    mute,
    { name: isUnread ? 'Mark as read' : 'Mark as unread', icon: isUnread ? 'check' : 'dot', act: mark },
    { name: 'Delete the chat', icon: 'trash', grave: true, act: () => askToDelete(desk, id) },
  ]
}

function archive({ store }: Desk, id: string, archived: boolean): void {
  store.chat.setOwn(id, { archived })
  store.notify(archived ? 'Archived' : 'Back in the list')
}

/** Asks, and deletes it for this account. */
export function askToDelete(desk: Desk, id: string): void {
  desk.dialog.value = {
    kind: 'confirm',
    title: 'Delete this chat?',
    text: 'Its messages go from your devices, and it leaves your list until somebody writes again. Others keep theirs.',
    action: 'Delete',
    act: () => {
      if (desk.place.conversation.value === id) desk.place.leave()
      desk.store.chat.deleteConversation(id)
      desk.drafts.keep(id, '')
      desk.mentionDrafts.keep(id, '')
      desk.store.notify('Chat deleted')
    },
  }
}
