import { useLayoutEffect, useRef } from 'preact/hooks'
import type { MessageView } from '../client/index.ts'
import type { Desk, OpenMenu } from './desk.ts'
import { quickEmoji } from './emoji-grid.tsx'
import { Icon, type IconName } from './icons.tsx'
import { mayModerate } from './roles.ts'

interface Action {
  readonly name: string
  readonly icon: IconName
  readonly grave?: boolean
  readonly act: () => void
}

/** The actions of a message: beside the pointer, or from below on a phone. */
export function MessageMenu({ desk }: { readonly desk: Desk }) {
  const open = desk.menu.value
  return open === undefined ? null : <Menu key={`${open.item.key} ${open.x} ${open.y}`} desk={desk} open={open} />
}

function Menu({ desk, open }: { readonly desk: Desk; readonly open: OpenMenu }) {
  const menu = useRef<HTMLDivElement>(null)
  const { item } = open
  const close = () => {
    desk.menu.value = undefined
  }
  useLayoutEffect(() => {
    const before = document.activeElement
    const listening = new AbortController()
    const { signal } = listening
    const outside = (event: Event) => {
      if (event.target instanceof Node && menu.current?.contains(event.target) !== true) close()
    }
    document.addEventListener('pointerdown', outside, { signal })
    menu.current?.parentElement?.addEventListener('contextmenu', event => event.preventDefault(), { signal })
    place(menu.current, open)
    menu.current?.querySelector<HTMLElement>('[role="menuitem"]')?.focus({ preventScroll: true })
    return () => {
      listening.abort()
      if (before instanceof HTMLElement && before.isConnected && document.activeElement === document.body)
        before.focus({ preventScroll: true })
    }
  }, [])
  const choose = (act: () => void) => {
    close()
    act()
  }
  const reactable = item.seq !== undefined && !item.deleted
  return (
    <div class="menu-veil">
      <div class="menu" ref={menu} role="menu" aria-label="Message" tabIndex={-1} onKeyDown={event => walk(event, menu.current, close)}>
        {reactable ? (
          <div class="menu-emoji">
            {quickEmoji.map(emoji => (
              <button
                key={emoji}
                type="button"
                role="menuitem"
                aria-label={`React with ${emoji}`}
                data-mine={item.reactions.some(reaction => reaction.mine && reaction.emoji === emoji)}
                onClick={() => choose(() => desk.react(item, emoji))}
              >
                {emoji}
              </button>
            ))}
            <button
              type="button"
              role="menuitem"
              aria-label="React with another emoji"
              onClick={() =>
                choose(() => {
                  desk.dialog.value = { kind: 'react', item }
                })
              }
            >
              <Icon name="plus" />
            </button>
          </div>
        ) : null}
        {actionsOf(desk, item).map(({ name, icon, grave, act }) => (
          <button key={name} type="button" role="menuitem" data-grave={grave === true} onClick={() => choose(act)}>
            <Icon name={icon} />
            {name}
          </button>
        ))}
      </div>
    </div>
  )
}

function actionsOf(desk: Desk, item: MessageView): Action[] {
  const { store } = desk
  const { seq, cid, text } = item
  if (seq === undefined) return cid === undefined ? [] : unsentActions(desk, item, cid)
  const erase = (whom: 'me' | 'everyone') => void store.attempt(() => store.chat.erase(item.conversation, seq, whom))
  const forMe: Action = { name: 'Delete for me', icon: 'trash', grave: true, act: () => erase('me') }
  if (item.deleted) return [forMe]
  const actions: Action[] = [{ name: 'Reply', icon: 'reply', act: () => desk.write({ kind: 'reply', item }) }]
  if (text !== undefined) actions.push({ name: 'Copy text', icon: 'copy', act: () => void copyText(desk, text) })
  if (item.mine && text !== undefined) actions.push({ name: 'Edit', icon: 'pencil', act: () => desk.write({ kind: 'edit', item }) })
  if (item.mine) actions.push({ name: 'Info', icon: 'info', act: () => desk.place.showPanel({ kind: 'info', seq }) })
  actions.push(forMe)
  if (item.mine || mayModerate(store.chat.conversation(item.conversation), store.chat.user)) {
    actions.push({ name: 'Delete for everyone', icon: 'trash', grave: true, act: () => erase('everyone') })
  }
  return actions
}

function unsentActions({ store }: Desk, item: MessageView, cid: string): Action[] {
  const discard: Action = { name: 'Discard', icon: 'trash', grave: true, act: () => store.chat.discard(cid) }
  return item.state === 'failed' ? [{ name: 'Try again', icon: 'retry', act: () => store.chat.retry(cid) }, discard] : [discard]
}

/** Copies, and says so; browsers may refuse it. */
export async function copyText({ store }: Desk, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    store.notify('Copied')
  } catch {
    store.notify('The browser does not allow copying here.', 'bad')
  }
}

/** Keeps the menu inside of the window. On a phone the style sheet lays it along the lower edge. */
function place(menu: HTMLElement | null, { x, y }: OpenMenu): void {
  if (menu === null) return
  const { offsetWidth, offsetHeight } = menu
  menu.style.setProperty('--x', `${Math.max(8, Math.min(x, innerWidth - offsetWidth - 8))}px`)
  menu.style.setProperty('--y', `${Math.max(8, Math.min(y, innerHeight - offsetHeight - 8))}px`)
}

function walk(event: KeyboardEvent, menu: HTMLElement | null, close: () => void): void {
  if (event.key === 'Escape' || event.key === 'Tab') {
    event.preventDefault()
    event.stopPropagation()
    close()
    return
  }
  const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key]
  if (step === undefined || menu === null) return
  event.preventDefault()
  const items = [...menu.querySelectorAll<HTMLElement>('[role="menuitem"]')]
  const index = document.activeElement instanceof HTMLElement ? items.indexOf(document.activeElement) : -1
  items[(index + step + items.length) % items.length]?.focus()
}
