import type { ComponentChildren } from 'preact'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'

/** The frame of a side panel: its title, and a way to close it. */
export function PanelFrame({
  desk,
  title,
  children,
}: {
  readonly desk: Desk
  readonly title: string
  readonly children: ComponentChildren
}) {
  const close = () => desk.place.showPanel({ kind: 'none' })
  return (
    <aside
      class="side-pane"
      aria-label={title}
      onKeyDown={event => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        close()
        desk.focus.value++
      }}
    >
      <header class="side-head">
        <button type="button" class="icon-button" aria-label={`Close ${title.toLowerCase()}`} onClick={close}>
          <Icon name="close" />
        </button>
        <h2>{title}</h2>
      </header>
      <div class="side-body">{children}</div>
    </aside>
  )
}
