import type { ConversationView } from '../client/index.ts'
import type { ChatStore } from './chat-store.ts'
import type { Desk } from './desk.ts'
import { DialogFrame } from './dialog.tsx'
import { Icon } from './icons.tsx'

const hourMs = 60 * 60_000

/** For how long one may mute, as people say it; without a time for ever. */
const choices: readonly { readonly name: string; readonly ms?: number }[] = [
  { name: 'For an hour', ms: hourMs },
  { name: 'For 8 hours', ms: 8 * hourMs },
  { name: 'For a day', ms: 24 * hourMs },
  { name: 'For a week', ms: 7 * 24 * hourMs },
  { name: 'Until I turn it off' },
]

/** How a mute is told: with its end, where it has one. */
export function muteText({ labels, now }: ChatStore, { muted, mutedUntil }: ConversationView): string {
  if (!muted) return 'Mute'
  return mutedUntil === undefined ? 'Muted' : `Muted until ${labels.until(mutedUntil, now.value)}`
}

/** Asks for how long. */
export function MuteDialog({ desk: { store }, conversation, close }: { desk: Desk; conversation: string; close: () => void }) {
  const mute = (ms: number | undefined) => {
    close()
    void store.attempt(() => store.chat.mute(conversation, ms))
  }
  const isGroup = store.conversation(conversation)?.kind === 'group'
  return (
    <DialogFrame title="Mute notifications" close={close}>
      <p>
        Nobody sees that you have muted this chat.{isGroup ? ' You still hear when somebody mentions you, unless you turn that off.' : ''}
      </p>
      <div class="choices">
        {choices.map(({ name, ms }, index) => (
          <button key={name} type="button" autofocus={index === 0} onClick={() => mute(ms)}>
            {name}
          </button>
        ))}
      </div>
    </DialogFrame>
  )
}

/** A row that says whether a conversation is muted, and until when; changes it. */
export function MuteRow({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { store } = desk
  const { id, muted } = conversation
  const change = () => {
    if (muted) void store.attempt(() => store.chat.unmute(id))
    else desk.dialog.value = { kind: 'mute', conversation: id }
  }
  return (
    <button type="button" class="row-button" onClick={change}>
      <Icon name={muted ? 'bellOff' : 'bell'} />
      <span>{muteText(store, conversation)}</span>
      {muted ? <small>Unmute</small> : null}
    </button>
  )
}
