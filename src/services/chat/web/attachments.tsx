import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import { AttachSheet } from './attach-sheet.tsx'
import { attach } from './attaching.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'

/** Takes files that are pasted, or dropped onto the conversation, and shows what is about to be sent. */
export function Attachments({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { id } = conversation
  const root = useRef<HTMLDivElement>(null)
  const over = useSignal(false)
  useEffect(() => {
    const pane = root.current?.parentElement
    if (pane == null) return
    const listening = new AbortController()
    const { signal } = listening
    const take = (event: Event, transfer: DataTransfer | null) => {
      const files = [...(transfer?.files ?? [])]
      if (files.length === 0) return
      event.preventDefault()
      void attach(desk, id, files)
    }
    const paste = (event: ClipboardEvent) => {
      // What an office program copies is text, and a picture of it beside.
      const isText = event.clipboardData?.types.includes('text/plain') === true
      if (!isText && desk.dialog.peek() === undefined && !isElsewhere(event.target, pane)) take(event, event.clipboardData)
    }
    document.addEventListener('paste', paste, { signal })
    followDrag(
      pane,
      isOver => {
        over.value = isOver
      },
      signal,
    )
    pane.addEventListener('drop', event => take(event, event.dataTransfer), { signal })
    return () => listening.abort()
  }, [id])
  const open = desk.attaching.value
  return (
    <div ref={root} class="attachments">
      {open?.conversation === id ? <AttachSheet desk={desk} open={open} conversation={conversation} /> : null}
      {over.value ? (
        <div class="drop-zone">
          <Icon name="attach" />
          <b>Drop files here to send them</b>
        </div>
      ) : null}
    </div>
  )
}

/** Whether something else that takes text has the focus, such as the search. */
function isElsewhere(target: EventTarget | null, pane: HTMLElement): boolean {
  return target instanceof Element && target.closest('input, textarea, [contenteditable]') !== null && !pane.contains(target)
}

/** Tells when files are dragged over an element; each of its children says so anew, and takes it back. */
function followDrag(pane: HTMLElement, tell: (isOver: boolean) => void, signal: AbortSignal): void {
  let depth = 0
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true
  const set = (to: number) => {
    depth = Math.max(0, to)
    tell(depth > 0)
  }
  pane.addEventListener('dragenter', event => hasFiles(event) && set(depth + 1), { signal })
  pane.addEventListener('dragleave', event => hasFiles(event) && set(depth - 1), { signal })
  pane.addEventListener('dragover', event => hasFiles(event) && event.preventDefault(), { signal })
  pane.addEventListener('drop', () => set(0), { signal })
}
