import { useEffect } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import { Attachments } from './attachments.tsx'
import { Avatar } from './avatar.tsx'
import { Composer } from './composer.tsx'
import { titleOf } from './conversation-item.tsx'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { LinkBar } from './link-bar.tsx'
import { MessageList } from './message-list.tsx'
import { RequestBar } from './request-bar.tsx'
import { maySend, otherIn } from './roles.ts'
import { SelectionBar } from './selection.tsx'
import { typingText } from './typing.tsx'

const presenceMax = 32

/** One conversation: who, what was said, and what one says. */
export function ConversationPane({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { id } = conversation
  const { chat } = desk.store
  const selection = desk.selection.value
  const others = conversation.members.map(({ user }) => user).filter(user => user !== chat.user)
  useEffect(() => {
    if (others.length > 0 && others.length <= presenceMax) void chat.presence(others).catch(() => [])
  }, [id, desk.store.link.value])
  return (
    <section class="conversation-pane" aria-label={`Chat with ${titleOf(desk, conversation)}`}>
      <Header desk={desk} conversation={conversation} />
      <LinkBar desk={desk} />
      <RequestBar desk={desk} conversation={conversation} />
      <MessageList key={id} desk={desk} conversation={conversation} />
      {selection?.conversation === id ? (
        <SelectionBar desk={desk} selection={selection} />
      ) : maySend(conversation, chat.user) ? (
        <>
          <Composer key={id} desk={desk} conversation={conversation} />
          <Attachments desk={desk} conversation={conversation} />
        </>
      ) : (
        <p class="composer-closed">{conversation.active ? 'Only admins write in this group.' : 'You are not in this group any longer.'}</p>
      )}
    </section>
  )
}

function Header({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { place, store } = desk
  const other = otherIn(conversation, store.chat.user)
  const panel = place.panel.value.kind
  const toggle = (kind: 'details' | 'search') => place.showPanel(panel === kind ? { kind: 'none' } : { kind })
  return (
    <header class="conversation-head">
      <button type="button" class="icon-button back" aria-label="Back to all chats" onClick={() => place.leave()}>
        <Icon name="back" />
      </button>
      <button type="button" class="conversation-who" aria-expanded={panel === 'details'} onClick={() => toggle('details')}>
        <Avatar
          name={titleOf(desk, conversation)}
          seed={other ?? conversation.id}
          size={40}
          online={other !== undefined && store.presenceOf(other)?.online === true}
        />
        <span>
          <h2>
            <bdi>{titleOf(desk, conversation)}</bdi>
          </h2>
          <Standing desk={desk} conversation={conversation} other={other} />
        </span>
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Search in this chat"
        aria-pressed={panel === 'search'}
        onClick={() => toggle('search')}
      >
        <Icon name="search" />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label={other === undefined ? 'Group details' : 'Contact details'}
        aria-pressed={panel === 'details'}
        onClick={() => toggle('details')}
      >
        <Icon name="info" />
        {conversation.requests > 0 ? (
          <span class="count numeral">
            {conversation.requests}
            <span class="visually-hidden"> asking to join</span>
          </span>
        ) : null}
      </button>
    </header>
  )
}

/** Whether they type, are there, or were, or are not to be heard; of a group, who is in it. */
function Standing({
  desk: { store },
  conversation,
  other,
}: {
  readonly desk: Desk
  readonly conversation: ConversationView
  readonly other: string | undefined
}) {
  const typing = typingText(conversation, store.people)
  if (typing !== '') {
    return (
      <span class="standing" data-lively="true">
        {typing}…
      </span>
    )
  }
  if (other === undefined) return <span class="standing">{groupStanding(store, conversation)}</span>
  if (conversation.blocked) return <span class="standing">You have blocked {store.people.name(other)}</span>
  const presence = store.presenceOf(other)
  if (presence?.online === true) {
    return (
      <span class="standing" data-lively="true">
        online
      </span>
    )
  }
  return <span class="standing">{presence?.last_seen === undefined ? '' : store.labels.lastSeen(presence.last_seen, store.now.value)}</span>
}

function groupStanding(store: Desk['store'], { members }: ConversationView): string {
  const online = members.filter(({ user }) => user !== store.chat.user && store.presenceOf(user)?.online === true).length
  const names = members.slice(0, 6).map(({ user }) => user)
  const rest = members.length > names.length ? ` and ${members.length - names.length} more` : ''
  const listed = rest === '' ? store.people.listed(names) : names.map(user => store.people.object(user)).join(', ')
  return `${online > 0 ? `${online} online · ` : ''}${listed}${rest}`
}
