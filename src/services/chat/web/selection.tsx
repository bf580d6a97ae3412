import type { MessageView } from '../client/index.ts'
import { copyText } from './copy-text.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'

/** Messages of one conversation that something is to be done with together, by their keys. */
export interface Selection {
  readonly conversation: string
  readonly keys: ReadonlySet<string>
}

/** What can be done with a message that is chosen with others: those that wait have actions of their own. */
function isSelectable({ seq }: MessageView): boolean {
  return seq !== undefined
}

export function toggle(desk: Desk, { conversation, key }: MessageView): void {
  const { value } = desk.selection
  const keys = new Set(value?.conversation === conversation ? value.keys : [])
  if (!keys.delete(key)) keys.add(key)
  desk.selection.value = keys.size === 0 ? undefined : { conversation, keys }
}

/** Those that are chosen, as they stand. */
function selected({ store }: Desk, { conversation, keys }: Selection): MessageView[] {
  return store.items(conversation).filter((item): item is MessageView => item.kind === 'message' && keys.has(item.key))
}

/** In place of the composer while messages are chosen. */
export function SelectionBar({ desk, selection }: { readonly desk: Desk; readonly selection: Selection }) {
  const items = selected(desk, selection)
  const texts = items.flatMap(({ text, deleted }) => (text === undefined || deleted ? [] : [text]))
  const end = () => {
    desk.selection.value = undefined
  }
  return (
    <div class="selection-bar" role="toolbar" aria-label="Chosen messages">
      <button type="button" class="icon-button" aria-label="Choose none" onClick={end}>
        <Icon name="close" />
      </button>
      <b role="status">{items.length} chosen</b>
      <button
        type="button"
        class="icon-button"
        aria-label="Copy the texts"
        disabled={texts.length === 0}
        onClick={() => {
          end()
          void copyText(desk, texts.join('\n'))
        }}
      >
        <Icon name="copy" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Delete them"
        disabled={items.length === 0}
        onClick={() => {
          desk.dialog.value = { kind: 'delete', items }
        }}
      >
        <Icon name="trash" />
      </button>
    </div>
  )
}

/** The box that says whether a message is chosen. */
export function Pick({ desk, item, label }: { readonly desk: Desk; readonly item: MessageView; readonly label: string }) {
  const { value } = desk.selection
  if (value?.conversation !== item.conversation || !isSelectable(item)) return null
  return <input type="checkbox" class="pick" aria-label={label} checked={value.keys.has(item.key)} onChange={() => toggle(desk, item)} />
}

/** While messages are chosen, pressing one anywhere chooses it too, and nothing else. */
export function pressed(desk: Desk, item: MessageView, event: MouseEvent): void {
  if (desk.selection.peek()?.conversation !== item.conversation || !isSelectable(item)) return
  if (event.target instanceof HTMLInputElement) return
  event.preventDefault()
  event.stopPropagation()
  toggle(desk, item)
}
