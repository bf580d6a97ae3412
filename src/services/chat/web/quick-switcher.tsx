import { useSignal } from '@preact/signals'
import { Avatar } from './avatar.tsx'
import { titleOf } from './conversation-list.tsx'
import type { Desk } from './desk.ts'
import { DialogFrame } from './dialog.tsx'
import { Icon } from './icons.tsx'
import { otherIn } from './roles.ts'

const shownMax = 8

/** From anywhere to any conversation: a few letters and Enter. */
export function QuickSwitcher({ desk, close }: { readonly desk: Desk; readonly close: () => void }) {
  const { store } = desk
  const text = useSignal('')
  const chosen = useSignal(0)
  const wanted = text.value.trim().toLowerCase()
  const found = store.conversations.value
    .filter(({ id }) => wanted !== '' || id !== desk.place.conversation.value)
    .filter(conversation => titleOf(desk, conversation).toLowerCase().includes(wanted))
    .slice(0, shownMax)
  const index = Math.min(chosen.value, found.length - 1)
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (step !== undefined) {
      event.preventDefault()
      chosen.value = (index + step + found.length) % Math.max(1, found.length)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      const target = found[index]
      if (target !== undefined) desk.open(target.id)
    }
  }
  return (
    <DialogFrame title="Go to a chat" close={close} hideTitle>
      <label class="search-field switcher-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          autofocus
          autocomplete="off"
          aria-label="Go to a chat"
          aria-expanded="true"
          aria-controls="switcher-list"
          aria-activedescendant={found[index] === undefined ? undefined : `switch-${index}`}
          placeholder="Go to a chat"
          value={text.value}
          onInput={event => {
            text.value = event.currentTarget.value
            chosen.value = 0
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      <div class="switcher-list" id="switcher-list" role="listbox" aria-label="Chats">
        {found.map((conversation, at) => (
          <div
            key={conversation.id}
            id={`switch-${at}`}
            role="option"
            tabIndex={-1}
            aria-selected={at === index}
            onPointerMove={() => {
              chosen.value = at
            }}
            onClick={() => desk.open(conversation.id)}
            onKeyDown={onKeyDown}
          >
            <Avatar name={titleOf(desk, conversation)} seed={otherIn(conversation, store.chat.user) ?? conversation.id} size={34} />
            <bdi>{titleOf(desk, conversation)}</bdi>
            {conversation.unread > 0 ? (
              <span class="count numeral" data-muted={conversation.muted}>
                {conversation.unread}
              </span>
            ) : null}
          </div>
        ))}
        {found.length === 0 ? <p class="list-empty">No chat is named like this.</p> : null}
      </div>
    </DialogFrame>
  )
}
