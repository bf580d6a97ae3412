import type { ConversationView } from '../client/index.ts'
import type { SearchHit } from '../model/search.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { PanelFrame } from './panel-frame.tsx'
import { Marked, More, useFinder } from './search-results.tsx'

/** Finds words in a conversation; a result leads to its message. */
export function SearchPanel({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const finder = useFinder(desk, conversation.id)
  const { hits } = finder
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
          value={finder.text.value}
          onInput={event => finder.ask(event.currentTarget.value)}
          onKeyDown={event => {
            if (event.key === 'ArrowDown') step(event, 0)
            else if (event.key === 'Enter' && hits[0] !== undefined) jump(desk, hits[0])
          }}
        />
      </label>
      {finder.finding.value.kind === 'nothing-asked' ? <p class="side-note">Type a word that was written here.</p> : null}
      <ul class="results" onKeyDown={walk}>
        {hits.map(hit => (
          <li key={hit.mid}>
            <button type="button" onClick={() => jump(desk, hit)}>
              <span class="result-head">
                <bdi>{desk.store.people.subject(hit.author)}</bdi>
                <time>{desk.store.labels.moment(hit.ts, desk.store.now.value)}</time>
              </span>
              <span class="result-text" dir="auto">
                <Marked parts={hit.snippet} />
              </span>
            </button>
          </li>
        ))}
      </ul>
      <More finder={finder} />
    </PanelFrame>
  )
}

function jump(desk: Desk, { conversation, seq }: SearchHit): void {
  if (matchMedia('(max-width: 1020px)').matches) desk.place.showPanel({ kind: 'none' })
  void desk.jumpTo(conversation, seq)
}

function walk(event: KeyboardEvent): void {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key]
  if (by === undefined) return
  const index = document.activeElement instanceof HTMLElement ? results().indexOf(document.activeElement) : -1
  step(event, index + by)
}

function step(event: KeyboardEvent, index: number): void {
  const result = index < 0 ? document.querySelector<HTMLElement>('.side-pane input[type="search"]') : results()[index]
  if (result == null) return
  event.preventDefault()
  result.focus()
}

function results(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('.results button')]
}
