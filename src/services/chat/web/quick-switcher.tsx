import { useSignal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import type { SearchHit } from '../model/search.ts'
import { Avatar } from './avatar.tsx'
import { titleOf } from './conversation-item.tsx'
import type { Desk } from './desk.ts'
import { DialogFrame } from './dialog.tsx'
import { Icon } from './icons.tsx'
import { otherIn } from './roles.ts'
import { chatOf, HitFace, HitLine, More, namedLike, useFinder } from './search-results.tsx'

const chatsMax = 8
/** With messages below them, fewer. */
const chatsBeside = 4

type Option = { readonly key: string; readonly chat: ConversationView } | { readonly key: string; readonly hit: SearchHit }

/** From anywhere to any conversation, and to any message: a few letters and Enter. */
export function QuickSwitcher({ desk, close }: { readonly desk: Desk; readonly close: () => void }) {
  const { store } = desk
  const finder = useFinder(desk)
  const chosen = useSignal(0)
  const list = useRef<HTMLDivElement>(null)
  const wanted = finder.text.value.trim()
  const named = (wanted === '' ? store.conversations.value : namedLike(desk, wanted)).filter(
    ({ id }) => wanted !== '' || id !== desk.place.conversation.value,
  )
  const options: Option[] = [
    ...named.slice(0, finder.hits.length > 0 ? chatsBeside : chatsMax).map(chat => ({ key: chat.id, chat })),
    ...finder.hits.map(hit => ({ key: hit.mid, hit })),
  ]
  const index = Math.min(chosen.value, options.length - 1)
  const go = (option: Option | undefined) => {
    if (option === undefined) return
    close()
    if ('chat' in option) desk.open(option.chat.id)
    else void desk.jumpTo(option.hit.conversation, option.hit.seq)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (step !== undefined) {
      event.preventDefault()
      chosen.value = (index + step + options.length) % Math.max(1, options.length)
    } else if (event.key === 'Enter') {
      event.preventDefault()
      go(options[index])
    }
  }
  useLayoutEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [index])
  return (
    <DialogFrame title="Search chats and messages" close={close} hideTitle>
      <label class="search-field switcher-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          autofocus
          autocomplete="off"
          aria-label="Search chats and messages"
          aria-expanded="true"
          aria-controls="switcher-list"
          aria-activedescendant={options[index] === undefined ? undefined : `switch-${index}`}
          placeholder="Search chats and messages"
          value={finder.text.value}
          onInput={event => {
            finder.ask(event.currentTarget.value)
            chosen.value = 0
          }}
          onKeyDown={onKeyDown}
        />
      </label>
      <div class="switcher-list" ref={list}>
        <div id="switcher-list" role="listbox" aria-label="Chats and messages">
          {options.map((option, at) => (
            <div
              key={option.key}
              id={`switch-${at}`}
              role="option"
              tabIndex={-1}
              aria-selected={at === index}
              onPointerMove={() => {
                chosen.value = at
              }}
              onClick={() => go(option)}
              onKeyDown={onKeyDown}
            >
              {'chat' in option ? <ChatOption desk={desk} chat={option.chat} /> : <HitOption desk={desk} hit={option.hit} />}
            </div>
          ))}
        </div>
        {wanted === '' ? null : <More finder={finder} hasChats={named.length > 0} />}
      </div>
    </DialogFrame>
  )
}

function ChatOption({ desk, chat }: { readonly desk: Desk; readonly chat: ConversationView }) {
  const { store } = desk
  return (
    <>
      <Avatar name={titleOf(desk, chat)} seed={otherIn(chat, store.chat.user) ?? chat.id} size={34} />
      <bdi>{titleOf(desk, chat)}</bdi>
      {chat.unread > 0 ? (
        <span class="count numeral" data-muted={chat.muted}>
          {chat.unread}
        </span>
      ) : null}
    </>
  )
}

function HitOption({ desk, hit }: { readonly desk: Desk; readonly hit: SearchHit }) {
  const { store } = desk
  return (
    <>
      <HitFace desk={desk} hit={hit} size={34} />
      <span class="switcher-hit">
        <span class="result-head">
          <bdi>{chatOf(desk, hit)}</bdi>
          <time>{store.labels.list(hit.ts, store.now.value)}</time>
        </span>
        <HitLine desk={desk} hit={hit} />
      </span>
    </>
  )
}
