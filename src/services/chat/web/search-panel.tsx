import { useSignal, useSignalEffect } from '@preact/signals'
import type { ConversationView } from '../client/index.ts'
import type { SearchHit } from '../model/search.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { PanelFrame } from './panel.tsx'

/** Long enough that not every letter asks the server. */
const pauseMs = 250
const resultsMax = 50

type Found =
  | { readonly kind: 'nothing-asked' }
  | { readonly kind: 'searching' }
  | { readonly kind: 'found'; readonly entries: readonly SearchHit[] }

/** Finds words in a conversation; a result leads to its message. */
export function SearchPanel({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { store } = desk
  const text = useSignal('')
  const found = useSignal<Found>({ kind: 'nothing-asked' })
  useSignalEffect(() => {
    const wanted = text.value.trim()
    if (wanted === '') {
      found.value = { kind: 'nothing-asked' }
      return
    }
    found.value = { kind: 'searching' }
    const timer = store.clock.after(pauseMs, () => void search(wanted))
    return () => timer.cancel()
  })
  async function search(wanted: string): Promise<void> {
    const page = await store.attempt(() => store.chat.search(wanted, { conversation: conversation.id, limit: resultsMax }))
    if (text.peek().trim() === wanted) found.value = { kind: 'found', entries: page?.hits ?? [] }
  }
  return (
    <PanelFrame desk={desk} title="Search">
      <label class="search-field">
        <Icon name="search" />
        <input
          type="search"
          autofocus
          ref={field => field?.focus()}
          placeholder="Search in this chat"
          aria-label="Search in this chat"
          value={text.value}
          onInput={event => {
            text.value = event.currentTarget.value
          }}
        />
      </label>
      <Results desk={desk} found={found.value} />
    </PanelFrame>
  )
}

function Results({ desk, found }: { readonly desk: Desk; readonly found: Found }) {
  const { store } = desk
  if (found.kind === 'nothing-asked') return <p class="side-note">Type a word that was written here.</p>
  if (found.kind === 'searching') return <p class="side-note">Searching…</p>
  if (found.entries.length === 0) return <p class="side-note">Nothing was found.</p>
  const jump = (entry: SearchHit) => {
    if (matchMedia('(max-width: 1020px)').matches) desk.place.showPanel({ kind: 'none' })
    void desk.jumpTo(entry.conversation, entry.seq)
  }
  return (
    <>
      <p class="visually-hidden" role="status">
        {found.entries.length} results
      </p>
      <ul class="results">
        {found.entries.map(entry => (
          <li key={entry.mid}>
            <button type="button" onClick={() => jump(entry)}>
              <span class="result-head">
                <bdi>{store.people.subject(entry.author)}</bdi>
                <time>{store.labels.moment(entry.ts, store.now.value)}</time>
              </span>
              <span class="result-text" dir="auto">
                {entry.snippet.map(({ text, hit }, index) => (hit ? <mark key={`${index} ${text}`}>{text}</mark> : text))}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  )
}
