import { useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { MessageView } from '../client/index.ts'
import type { Desk, OpenMenu } from './desk.ts'
import { quickEmoji } from './emoji-grid.tsx'
import { Icon } from './icons.tsx'
import { actionsOf } from './message-actions.ts'

/** No menu stays open for longer. */
const soonMs = 3_600_000

/** The actions of a message: beside the pointer, or from below on a phone. */
export function MessageMenu({ desk }: { readonly desk: Desk }) {
  const open = desk.menu.value
  return open === undefined ? null : <Menu key={`${open.item.key} ${open.x} ${open.y}`} desk={desk} open={open} />
}

function Menu({ desk, open }: { readonly desk: Desk; readonly open: OpenMenu }) {
  const menu = useRef<HTMLDivElement>(null)
  const item = useCurrent(desk, open.item)
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
    placeMenu(menu.current, open)
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
      <div class="menu" ref={menu} role="menu" aria-label="Message" tabIndex={-1} onKeyDown={event => walkMenu(event, menu.current, close)}>
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

/** The message as it is now; looked at again when its time for edits or deletion ends. */
function useCurrent({ store }: Desk, opened: MessageView): MessageView {
  const ends = useSignal(0)
  const item = store.items(opened.conversation).find(({ key }) => key === opened.key)
  const current = item?.kind === 'message' ? item : opened
  const { windows } = store.chat
  const lefts = [windows.editLeft(current.ts), windows.deleteLeft(current.ts)].filter(left => left > 0 && left < soonMs)
  const next = lefts.length === 0 ? undefined : Math.min(...lefts)
  useEffect(() => {
    if (next === undefined) return
    const timer = store.clock.after(next + 1, () => {
      ends.value++
    })
    return () => timer.cancel()
  }, [ends.value, current])
  return current
}

/** Keeps the menu inside of the window. On a phone the style sheet lays it along the lower edge. */
export function placeMenu(menu: HTMLElement | null, { x, y }: Pick<OpenMenu, 'x' | 'y'>): void {
  if (menu === null) return
  const { offsetWidth, offsetHeight } = menu
  menu.style.setProperty('--x', `${Math.max(8, Math.min(x, innerWidth - offsetWidth - 8))}px`)
  menu.style.setProperty('--y', `${Math.max(8, Math.min(y, innerHeight - offsetHeight - 8))}px`)
}

export function walkMenu(event: KeyboardEvent, menu: HTMLElement | null, close: () => void): void {
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
