import { systemClock, type Timer } from '../../../kit/index.ts'
import type { Desk } from './desk.ts'

/** As long as phones take a press for a long one. */
const pressMs = 450
/** Pixels that a finger may tremble. */
const trembling = 10

/** Opens the actions of a message on a right click, a long press, or Enter; arrows go from message to message. @returns what ends it */
export function followGestures(pane: HTMLElement, desk: Desk, conversation: string): () => void {
  const listening = new AbortController()
  const { signal } = listening
  pane.addEventListener('contextmenu', event => openAt(desk, conversation, event), { signal })
  pane.addEventListener('keydown', event => walk(desk, conversation, event), { signal })
  let timer: Timer | undefined
  let start = { x: 0, y: 0 }
  const end = () => timer?.cancel()
  const options = { passive: true, signal }
  const press = ({ pointerType, target, clientX: x, clientY: y }: PointerEvent) => {
    end()
    const key = pointerType === 'touch' || pointerType === 'pen' ? keyOf(target) : undefined
    // Chosen text is dragged and extended by pressing it.
    if (key === undefined || getSelection()?.isCollapsed === false) return
    start = { x, y }
    timer = systemClock.after(pressMs, () => {
      if (!openMenu(desk, conversation, key, x, y)) return
      ignoreLift(signal)
      navigator.vibrate?.(8)
    })
  }
  const move = ({ clientX, clientY }: PointerEvent) => {
    if (Math.hypot(clientX - start.x, clientY - start.y) > trembling) end()
  }
  pane.addEventListener('pointerdown', press, options)
  pane.addEventListener('pointermove', move, options)
  for (const event of ['pointerup', 'pointercancel', 'scroll']) pane.addEventListener(event, end, options)
  return () => {
    end()
    listening.abort()
  }
}

/** The finger that opened the menu lies on it: when it lifts, browsers make a click of that, which nobody meant. */
function ignoreLift(ended: AbortSignal): void {
  const next = new AbortController()
  const options = { capture: true, signal: AbortSignal.any([ended, next.signal]) }
  const ignore = (event: MouseEvent) => {
    // A keyboard and an assistive technology click without a pointer.
    if (event.detail === 0) return
    event.preventDefault()
    event.stopPropagation()
  }
  addEventListener('click', ignore, options)
  addEventListener('contextmenu', event => event.preventDefault(), options)
  addEventListener('pointerdown', () => next.abort(), options)
}

/** The message that was meant; none where a link was, for which browsers have a menu of their own. */
function keyOf(target: EventTarget | null): string | undefined {
  if (!(target instanceof Element) || target.closest('a') !== null) return undefined
  return target.closest<HTMLElement>('.message[data-key]')?.dataset.key
}

function openMenu(desk: Desk, conversation: string, key: string, x: number, y: number): boolean {
  const item = desk.store.chat.messages(conversation).find(candidate => candidate.key === key)
  if (item?.kind !== 'message' || (item.deleted && item.seq === undefined)) return false
  desk.menu.value = { item, x, y }
  return true
}

/** Text that was chosen keeps the browser's own menu, with which it is copied. */
function openAt(desk: Desk, conversation: string, event: MouseEvent): void {
  const key = keyOf(event.target)
  if (key === undefined || getSelection()?.isCollapsed === false) return
  if (openMenu(desk, conversation, key, event.clientX, event.clientY)) event.preventDefault()
}

function walk(desk: Desk, conversation: string, event: KeyboardEvent): void {
  const { target, key } = event
  if (!(target instanceof HTMLElement) || !target.matches('.message')) return
  if (key === 'Enter' || key === 'ContextMenu') {
    const { left, top } = target.getBoundingClientRect()
    if (openMenu(desk, conversation, target.dataset.key ?? '', left + 40, top + 20)) event.preventDefault()
    return
  }
  const step = { ArrowUp: -1, ArrowDown: 1 }[key]
  if (step === undefined) return
  event.preventDefault()
  const rows = [...document.querySelectorAll<HTMLElement>('.messages .message[data-key]')]
  const next = rows[rows.indexOf(target) + step]
  if (next !== undefined) next.focus()
  else if (step === 1) desk.focus.value++
}
