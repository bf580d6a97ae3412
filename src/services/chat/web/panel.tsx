import type { ComponentChildren } from 'preact'
import type { ConversationView } from '../client/index.ts'
import type { Desk } from './desk.ts'
import { DetailsPanel } from './details-panel.tsx'
import { Icon } from './icons.tsx'
import { InfoPanel } from './info-panel.tsx'
import { SearchPanel } from './search-panel.tsx'

/** What stands beside the conversation. */
export function SidePanel({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const panel = desk.place.panel.value
  switch (panel.kind) {
    case 'none':
      return null
    case 'details':
      return <DetailsPanel desk={desk} conversation={conversation} />
    case 'search':
      return <SearchPanel desk={desk} conversation={conversation} />
    case 'info':
      return <InfoPanel key={panel.seq} desk={desk} conversation={conversation} seq={panel.seq} />
  }
}

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
