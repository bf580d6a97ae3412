import { useComputed, useSignal } from '@preact/signals'
import { Avatar } from './avatar.tsx'
import { titleOf } from './conversation-item.tsx'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { messageLine } from './preview.ts'
import { otherIn } from './roles.ts'

/** What others wrote who may not do so unasked: out of the list, without a sound, until one looks. */
export function RequestList({ desk }: { readonly desk: Desk }) {
  const { store } = desk
  const isOpen = useSignal(false)
  const held = useComputed(() => store.conversations.value.filter(one => one.held && one.last !== undefined))
  const { value: all } = held
  if (all.length === 0) return null
  return (
    <section class="requests" aria-label="Requests">
      <button
        type="button"
        class="row-button"
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        <Icon name="person" />
        <span>Requests</span>
        <small>{all.length}</small>
      </button>
      {isOpen.value ? (
        <ul>
          {all.map(conversation => (
            <li key={conversation.id}>
              <button type="button" onClick={() => desk.open(conversation.id)}>
                <Avatar name={titleOf(desk, conversation)} seed={otherIn(conversation, store.chat.user) ?? conversation.id} size={38} />
                <span class="person-name">
                  <bdi>{titleOf(desk, conversation)}</bdi>
                  <small>{conversation.last?.kind === 'message' ? messageLine(conversation.last).text : ''}</small>
                </span>
              </button>
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  )
}
