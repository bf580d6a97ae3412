import type { ConversationView } from '../client/index.ts'
import type { Desk } from './desk.ts'
import { DetailsPanel } from './details-panel.tsx'
import { InfoPanel } from './info-panel.tsx'
import { SearchPanel } from './search-panel.tsx'

/** The side panel that is open beside a conversation. */
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
