import { useComputed } from '@preact/signals'
import type { ConversationView } from '../client/index.ts'
import { AccountMenu } from './account-menu.tsx'
import { Avatar } from './avatar.tsx'
import { ConversationRows } from './conversation-rows.tsx'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { InvitedList } from './invited-list.tsx'
import { muteText } from './mute-dialog.tsx'
import { previewOf } from './preview.ts'
import { RequestList } from './request-list.tsx'
import { otherIn } from './roles.ts'
import { SearchResults, useFinder } from './search-results.tsx'
import { Ticks } from './ticks.tsx'
import { Dots, typingText } from './typing.tsx'

/** All conversations, pinned ones first, and the ways to begin one. */
export function ConversationList({ desk }: { readonly desk: Desk }) {
  const finder = useFinder(desk)
  return (
    <nav class="list-pane" aria-label="Conversations">
      <header class="list-head">
        <h1>Chats</h1>
        <button
          type="button"
          class="icon-button"
          aria-label="New group"
          title="New group"
          onClick={() => (desk.dialog.value = { kind: 'group' })}
        >
          <Icon name="group" />
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label="New chat"
          title="New chat"
          onClick={() => (desk.dialog.value = { kind: 'direct' })}
        >
          <Icon name="compose" />
        </button>
        <AccountMenu desk={desk} />
      </header>
      <label class="search-field">
        <Icon name="search" />
        <input
          type="search"
          placeholder="Search"
          aria-label="Search chats and messages"
          value={finder.text.value}
          onInput={event => finder.ask(event.currentTarget.value)}
          onKeyDown={event => {
            if (event.key === 'ArrowDown') focusItem(0, event)
            else if (event.key === 'Enter' && finder.text.value.trim() !== '') listItems()[0]?.click()
            else if (event.key === 'Escape' && finder.text.value !== '') {
              event.preventDefault()
              finder.ask('')
            }
          }}
        />
        {finder.text.value === '' ? (
          <kbd>{/Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘' : 'Ctrl'} K</kbd>
        ) : (
          <button type="button" class="icon-button clear-search" aria-label="Clear the search" onClick={() => finder.ask('')}>
            <Icon name="close" />
          </button>
        )}
      </label>
      <InvitedList desk={desk} />
      <RequestList desk={desk} />
      {finder.text.value.trim() === '' ? <Conversations desk={desk} /> : <SearchResults desk={desk} finder={finder} onKeyDown={walk} />}
    </nav>
  )
}

function Conversations({ desk }: { readonly desk: Desk }) {
  const { store, inArchive } = desk
  const shown = useComputed(() => store.conversations.value.filter(({ held }) => !held)).value
  const archived = store.archived.value
  if (inArchive.value) {
    return (
      <>
        <button type="button" class="list-shelf" onClick={() => (inArchive.value = false)}>
          <Icon name="back" />
          <span>Archived</span>
        </button>
        {archived.length > 0 ? (
          <ConversationRows key="archive" desk={desk} conversations={archived} />
        ) : (
          <div class="list-empty">
            <p>Nothing is archived.</p>
            <p>A chat that you archive waits here until somebody writes in it.</p>
          </div>
        )}
      </>
    )
  }
  return (
    <>
      {archived.length > 0 ? (
        <button type="button" class="list-shelf" onClick={() => (inArchive.value = true)}>
          <Icon name="archive" />
          <span>Archived</span>
          <small class="numeral">{archived.length}</small>
        </button>
      ) : null}
      {shown.length > 0 ? <ConversationRows key="list" desk={desk} conversations={shown} /> : <NoConversations desk={desk} />}
    </>
  )
}

function NoConversations({ desk }: { readonly desk: Desk }) {
  if (!desk.store.ready.value) {
    return (
      <div class="list-loading" role="status" aria-label="Loading the conversations">
        {[0, 1, 2, 3].map(index => (
          <div key={index} class="skeleton" />
        ))}
      </div>
    )
  }
  return (
    <div class="list-empty">
      <p>{desk.store.chat.archived.length > 0 ? 'Every chat is in the archive.' : 'No conversations yet.'}</p>
      <p>Start one with somebody’s name, make a group, or send your link to a friend.</p>
      <button type="button" class="button" onClick={() => (desk.dialog.value = { kind: 'direct' })}>
        New chat
      </button>
    </div>
  )
}

/** How a conversation is called here. */
export function titleOf({ store }: Desk, conversation: ConversationView): string {
  const other = otherIn(conversation, store.chat.user)
  return other === undefined ? conversation.title : store.people.name(other)
}

/** Where a row stands among all of its list, of which some are not drawn. */
interface RowPlace {
  readonly top: number
  readonly at: number
  readonly count: number
}

export function ConversationItem({
  desk,
  conversation,
  place,
}: {
  readonly desk: Desk
  readonly conversation: ConversationView
  readonly place?: RowPlace
}) {
  const { store } = desk
  const { id, unread, mentions, muted, pinned, archived, marked, last } = conversation
  const current = desk.place.conversation.value === id
  const other = otherIn(conversation, store.chat.user)
  return (
    <li
      class="list-row"
      {...(place === undefined ? {} : { style: { top: `${place.top}px` }, 'aria-posinset': place.at + 1, 'aria-setsize': place.count })}
    >
      <a
        class="list-item"
        href={`/chat/${encodeURIComponent(id)}${location.search}`}
        aria-current={current ? 'true' : undefined}
        data-unread={unread > 0 || marked}
        data-conversation={id}
        onClick={event => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return
          event.preventDefault()
          desk.open(id)
        }}
      >
        <Avatar
          name={titleOf(desk, conversation)}
          seed={other ?? id}
          size={48}
          online={other !== undefined && store.presenceOf(other)?.online === true}
        />
        <span class="list-title">
          <bdi>{titleOf(desk, conversation)}</bdi>
          {muted ? (
            <span title={muteText(store, conversation)}>
              <Icon name="bellOff" />
            </span>
          ) : null}
        </span>
        <time class="list-time numeral">{last === undefined ? '' : store.labels.list(last.ts, store.now.value)}</time>
        <Line desk={desk} conversation={conversation} isOpen={current} />
        <span class="list-marks">
          {archived && !desk.inArchive.value ? <small class="list-tag">Archived</small> : null}
          {pinned ? <Icon name="pin" /> : null}
          {marked && unread === 0 ? (
            <span class="count count-dot">
              <span class="visually-hidden">marked as unread</span>
            </span>
          ) : null}
          {mentions.length > 0 ? (
            <span class="count mention-mark" title="You are mentioned">
              @<span class="visually-hidden"> you are mentioned</span>
            </span>
          ) : null}
          {unread > 0 ? (
            <span class="count numeral" data-muted={muted}>
              {unread > 999 ? '999+' : unread}
              <span class="visually-hidden"> unread</span>
            </span>
          ) : null}
        </span>
      </a>
      {place === undefined ? null : (
        <button
          type="button"
          class="icon-button list-options"
          aria-label={`Options of ${titleOf(desk, conversation)}`}
          tabIndex={-1}
          onClick={({ currentTarget }) => {
            const { left, bottom } = currentTarget.getBoundingClientRect()
            desk.listMenu.value = { conversation: id, x: left, y: bottom }
          }}
        >
          <Icon name="more" />
        </button>
      )}
    </li>
  )
}

/** What happens there: who types, what was begun, what was written last. */
function Line({ desk, conversation, isOpen }: { readonly desk: Desk; readonly conversation: ConversationView; readonly isOpen: boolean }) {
  const { store } = desk
  if (conversation.typing.length > 0) {
    return (
      <span class="list-line" data-typing="true">
        {typingText(conversation, store.people)}
        <Dots />
      </span>
    )
  }
  const draft = isOpen ? '' : desk.drafts.of(conversation.id)
  if (draft !== '') {
    return (
      <span class="list-line">
        <b class="draft">Draft:</b> <bdi>{draft.slice(0, 100)}</bdi>
      </span>
    )
  }
  const { last } = conversation
  if (last === undefined) return <span class="list-line">No messages yet</span>
  const { who, text, aside } = previewOf(last, store.people, conversation.kind === 'group')
  return (
    <span class="list-line" data-aside={aside}>
      {last.kind === 'message' && last.mine && !last.deleted ? <Ticks state={last.state} /> : null}
      {who === undefined || (last.kind === 'message' && last.mine) ? null : <span>{who}:</span>}
      <bdi>{text}</bdi>
    </span>
  )
}

function walk(event: KeyboardEvent): void {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
  if (step === undefined) return
  const index = document.activeElement instanceof HTMLElement ? listItems().indexOf(document.activeElement) : -1
  if (index + step >= 0) focusItem(index + step, event)
  else document.querySelector<HTMLElement>('.list-pane input[type="search"]')?.focus()
}

function listItems(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('.list .list-item')]
}

function focusItem(index: number, event: KeyboardEvent): void {
  const item = listItems()[index]
  if (item === undefined) return
  event.preventDefault()
  item.focus()
}
