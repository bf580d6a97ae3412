import { useSignal } from '@preact/signals'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import { wordsOf } from '../model/fold.ts'
import type { SearchHit, SnippetPart } from '../model/search.ts'
import { Avatar } from './avatar.tsx'
import { ConversationItem, titleOf } from './conversation-item.tsx'
import type { Desk } from './desk.ts'
import { Finder, isNamedLike } from './finder.ts'
import { otherIn } from './roles.ts'

/** So many chats stand before the messages; the others come when one asks for them. */
const chatsMax = 5

/** A search that ends with what shows it. */
export function useFinder({ store }: Desk, conversation?: string): Finder {
  const finder = useMemo(() => new Finder(store, conversation), [store, conversation])
  useEffect(() => () => finder.close(), [finder])
  return finder
}

/** The chats that are called as one searches. */
export function namedLike(desk: Desk, query: string): ConversationView[] {
  const words = wordsOf(query)
  return [...desk.store.conversations.value, ...desk.store.archived.value].filter(conversation =>
    isNamedLike(titleOf(desk, conversation), words),
  )
}

/** What a search over everything has found: chats by their names, then messages. */
export function SearchResults({
  desk,
  finder,
  onKeyDown,
}: {
  readonly desk: Desk
  readonly finder: Finder
  readonly onKeyDown: (event: KeyboardEvent) => void
}) {
  const wantsAll = useSignal(false)
  const named = namedLike(desk, finder.text.value)
  const chats = wantsAll.value ? named : named.slice(0, chatsMax)
  return (
    <section class="list found" aria-label="Search results">
      {chats.length === 0 ? null : (
        <section aria-label="Chats that were found">
          <h2 class="list-section">Chats</h2>
          <ul onKeyDown={onKeyDown}>
            {chats.map(conversation => (
              <ConversationItem key={conversation.id} desk={desk} conversation={conversation} />
            ))}
          </ul>
          {chats.length === named.length ? null : (
            <button type="button" class="list-more" onClick={() => (wantsAll.value = true)}>
              {named.length - chats.length} more chats
            </button>
          )}
        </section>
      )}
      <section aria-label="Messages that were found">
        {finder.hits.length === 0 ? null : <h2 class="list-section">Messages</h2>}
        <ul onKeyDown={onKeyDown}>
          {finder.hits.map(hit => (
            <li key={hit.mid}>
              <MessageHit desk={desk} hit={hit} />
            </li>
          ))}
        </ul>
        <More finder={finder} hasChats={chats.length > 0} />
      </section>
    </section>
  )
}

function MessageHit({ desk, hit }: { readonly desk: Desk; readonly hit: SearchHit }) {
  const { store } = desk
  const { conversation: id, seq } = hit
  return (
    <a
      class="list-item message-hit"
      href={`/chat/${encodeURIComponent(id)}${location.search}`}
      data-hit={hit.mid}
      onClick={event => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return
        event.preventDefault()
        void desk.jumpTo(id, seq)
      }}
    >
      <HitFace desk={desk} hit={hit} size={44} />
      <span class="list-title">
        <bdi>{chatOf(desk, hit)}</bdi>
      </span>
      <time class="list-time numeral">{store.labels.list(hit.ts, store.now.value)}</time>
      <HitLine desk={desk} hit={hit} />
    </a>
  )
}

export function HitFace({ desk, hit, size }: { readonly desk: Desk; readonly hit: SearchHit; readonly size: number }) {
  const conversation = desk.store.conversation(hit.conversation)
  const other = conversation === undefined ? undefined : otherIn(conversation, desk.store.chat.user)
  return <Avatar name={chatOf(desk, hit)} seed={other ?? hit.conversation} size={size} />
}

/** Who said it, and what stands around the words. */
export function HitLine({ desk, hit }: { readonly desk: Desk; readonly hit: SearchHit }) {
  return (
    <span class="hit-line" dir="auto">
      <span class="hit-author">{desk.store.people.subject(hit.author)}: </span>
      <Marked parts={hit.snippet} />
    </span>
  )
}

/** How the conversation of a hit is called; of one that is not loaded, by whoever said it. */
export function chatOf(desk: Desk, hit: SearchHit): string {
  const conversation = desk.store.conversation(hit.conversation)
  return conversation === undefined ? desk.store.people.name(hit.author) : titleOf(desk, conversation)
}

export function Marked({ parts }: { readonly parts: readonly SnippetPart[] }) {
  return <>{parts.map(({ text, hit }, index) => (hit ? <mark key={`${index} ${text}`}>{text}</mark> : text))}</>
}

/** What is to be said below what was found; asks for more when it comes into view. */
export function More({ finder, hasChats = false }: { readonly finder: Finder; readonly hasChats?: boolean }) {
  const end = useRef<HTMLDivElement>(null)
  const { value: finding } = finder.finding
  const hasMore = finding.kind === 'found' && finding.next !== undefined
  useEffect(() => {
    if (end.current === null || !hasMore) return
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting === true && void finder.more(), { rootMargin: '400px' })
    observer.observe(end.current)
    return () => observer.disconnect()
  }, [finding])
  const said = saidOf(finder, hasChats)
  return (
    <div class="found-end" ref={end} role="status">
      {finding.kind === 'searching' || hasMore ? <span class="spinner" /> : null}
      {said === '' ? null : <p>{said}</p>}
    </div>
  )
}

function saidOf({ finding: { value: finding } }: Finder, hasChats: boolean): string {
  if (finding.kind === 'failed') return finding.text
  if (finding.kind !== 'found') return ''
  const rest = finding.isIncomplete ? ' Older messages are still being made ready for searches.' : ''
  if (finding.hits.length === 0) return `${hasChats ? 'No messages were found.' : 'Nothing was found.'}${rest}`
  return rest.trim()
}
