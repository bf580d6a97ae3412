import { useComputed } from '@preact/signals'
import { AccountMenu } from './account-menu.tsx'
import { ConversationRows } from './conversation-rows.tsx'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { InvitedList } from './invited-list.tsx'
import { RequestList } from './request-list.tsx'
import { SearchResults, useFinder } from './search-results.tsx'

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
