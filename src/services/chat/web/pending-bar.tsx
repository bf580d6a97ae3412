import type { MessageView } from '../client/index.ts'
import { changeReason } from './chat-store.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { takenBack } from './message-actions.ts'

/** Says what has not become of a message yet, and why; and lets one try again or let it be. */
export function PendingBar({ item, desk }: { readonly item: MessageView; readonly desk: Desk }) {
  const { pending } = item
  const { store } = desk
  if (pending === undefined) return null
  const { cid, refusal, text } = pending
  const cancel = (name: string) => (
    <button type="button" onClick={() => store.chat.discard(cid)}>
      {name}
    </button>
  )
  if (refusal === undefined) {
    if (store.link.value === 'live') return null
    return (
      <div class="failure" data-tone="plain">
        <Icon name="cloudOff" />
        <span>{pending.kind === 'edit' ? 'The change waits for the connection' : 'Will be deleted when you are connected'}</span>
        {cancel('Cancel')}
      </div>
    )
  }
  const why = changeReason(refusal)
  const again = () => {
    const writing = takenBack(desk, item, why)
    if (writing !== undefined) desk.write(writing)
  }
  return (
    <div class="failure">
      <Icon name="alert" />
      <span>
        Change not saved: {why} {text === undefined ? null : <q dir="auto">{text}</q>}
      </span>
      <button type="button" onClick={again}>
        Edit again
      </button>
      {cancel('Discard')}
    </div>
  )
}
