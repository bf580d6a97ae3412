import type { MessageView } from '../client/index.ts'
import { copyText } from './copy-text.ts'
import type { Desk, Writing } from './desk.ts'
import type { IconName } from './icons.tsx'
import { mayModerate } from './roles.ts'
import { toggle } from './selection.tsx'

/** Something that can be done with a message. */
export interface MessageAction {
  readonly name: string
  readonly icon: IconName
  readonly grave?: boolean
  readonly act: () => void
}

/** Whether its author may still say it in other words: for a while, and for as long as one likes while it is not sent. */
function mayEdit({ chat }: Desk['store'], item: MessageView): boolean {
  if (!item.mine || item.deleted || (item.text === undefined && item.files === undefined) || item.pending?.kind === 'delete') return false
  return item.seq === undefined || chat.windows.editLeft(item.ts) > 0
}

/** Its author for a while, and those who lead a group at any time. */
export function mayDeleteForEveryone({ chat }: Desk['store'], item: MessageView): boolean {
  if (item.seq === undefined || item.deleted) return false
  return mayModerate(chat.conversation(item.conversation), chat.user) || (item.mine && chat.windows.deleteLeft(item.ts) > 0)
}

/** The last message of one's own that can be said in other words. */
export function lastEditable({ store }: Desk, conversation: string): MessageView | undefined {
  return store.chat.messages(conversation).findLast((item): item is MessageView => item.kind === 'message' && mayEdit(store, item))
}

/** These refusals stand whenever one tries again. */
const lasting: readonly string[] = ['window_closed', 'gone', 'forbidden', 'not_found']

/** A refused change, back where it was written: to be tried again, or to be said anew where the message cannot be changed any longer. */
export function takenBack({ store }: Desk, item: MessageView, why: string): Writing | undefined {
  const { pending } = item
  if (pending?.text === undefined || pending.refusal === undefined) return undefined
  const { text, refusal } = pending
  const kind = mayEdit(store, item) && !lasting.includes(refusal.reason) ? 'edit' : 'unsaved'
  return { kind, item, text, problem: why }
}

/** What can be done with a message now. */
export function actionsOf(desk: Desk, item: MessageView): MessageAction[] {
  const { store } = desk
  const { seq, cid, text } = item
  const erase: MessageAction = {
    name: 'Delete',
    icon: 'trash',
    grave: true,
    act: () => (desk.dialog.value = { kind: 'delete', items: [item] }),
  }
  const edit: MessageAction = { name: 'Edit', icon: 'pencil', act: () => desk.write({ kind: 'edit', item }) }
  if (seq === undefined) return cid === undefined ? [] : [...unsentActions(desk, item, cid), ...(mayEdit(store, item) ? [edit] : [])]
  const choose: MessageAction = { name: 'Choose several', icon: 'checks', act: () => toggle(desk, item) }
  if (item.deleted) return [choose, erase]
  const actions: MessageAction[] = [{ name: 'Reply', icon: 'reply', act: () => desk.write({ kind: 'reply', item }) }]
  if (text !== undefined) actions.push({ name: 'Copy text', icon: 'copy', act: () => void copyText(desk, text) })
  if (text !== undefined && isTouched()) actions.push({ name: 'Select text', icon: 'select', act: () => selectText(item) })
  if (mayEdit(store, item)) actions.push(edit)
  if (item.mine) actions.push({ name: 'Info', icon: 'info', act: () => desk.place.showPanel({ kind: 'info', seq }) })
  return [...actions, choose, erase]
}

/** Where a finger presses, a long press opens the menu; else it would choose a word. */
function isTouched(): boolean {
  return matchMedia('(pointer: coarse)').matches
}

/** Chooses the text of a message, with the browser's own handles and menu. */
function selectText({ key }: MessageView): void {
  const text = document.querySelector<HTMLElement>(`.message[data-key="${CSS.escape(key)}"] .text`)
  if (text === null) return
  text.dataset.selectable = 'true'
  getSelection()?.selectAllChildren(text)
}

function unsentActions({ store }: Desk, item: MessageView, cid: string): MessageAction[] {
  const discard: MessageAction = { name: 'Discard', icon: 'trash', grave: true, act: () => store.chat.discard(cid) }
  return item.state === 'failed' ? [{ name: 'Try again', icon: 'retry', act: () => store.chat.retry(cid) }, discard] : [discard]
}
