import type { ConversationView } from '../client/index.ts'
import type { Desk } from './desk.ts'
import { otherIn } from './roles.ts'

/** What somebody else began waits for a yes: until then they do not see when one is there. An answer is one too. */
export function RequestBar({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { store } = desk
  const { id, request, held, blocked, last, active } = conversation
  const other = otherIn(conversation, store.chat.user)
  if (!request || blocked || !active || (other !== undefined && last === undefined)) return null
  const name = other === undefined ? '' : store.people.name(other)
  return (
    <section class="request-bar" aria-label="A request">
      <p>
        {other === undefined ? (
          'You were put into this group.'
        ) : (
          <>
            <bdi>{name}</bdi> writes to you for the first time.{held ? ' You have asked to be asked first.' : ''}
          </>
        )}{' '}
        Until you {other === undefined ? 'stay or write' : 'accept or answer'}, nobody here sees your online status
        {held ? ', nor that you have read this' : ''}.
      </p>
      <span class="request-actions">
        <button type="button" class="button" onClick={() => (other === undefined ? leave(desk, id) : block(desk, other, name))}>
          {other === undefined ? 'Leave' : 'Block'}
        </button>
        <button type="button" class="button" data-tone="accent" onClick={() => void store.attempt(() => store.chat.accept(id))}>
          {other === undefined ? 'Stay' : 'Accept'}
        </button>
      </span>
    </section>
  )
}

function block({ dialog, store }: Desk, user: string, name: string): void {
  dialog.value = {
    kind: 'confirm',
    title: `Block ${name}?`,
    text: 'What they write to you alone will not reach you, and they can put you into no group. They are not told.',
    action: 'Block',
    act: () =>
      void store.attempt(async () => {
        await store.chat.block(user, true)
        store.notify('Blocked')
      }),
  }
}

function leave({ dialog, store }: Desk, conversation: string): void {
  dialog.value = {
    kind: 'confirm',
    title: 'Leave this group?',
    text: 'You get nothing more of it, and come back only if you want to.',
    action: 'Leave',
    act: () => void store.attempt(() => store.chat.leave(conversation)),
  }
}
