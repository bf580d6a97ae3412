import type { Desk } from './desk.ts'
import { hueOf } from './people.ts'
import { messageLine } from './preview.ts'

/** What a message answers. Leads there. */
export function Quote({ desk, conversation, seq }: { readonly desk: Desk; readonly conversation: string; readonly seq: number }) {
  const { people } = desk.store
  const item = desk.store.message(conversation, seq)
  const jump = () => void desk.jumpTo(conversation, seq)
  if (item === undefined) {
    return (
      <button type="button" class="quote" tabIndex={-1} onClick={jump}>
        <span class="quote-text">An earlier message</span>
      </button>
    )
  }
  const line = messageLine(item)
  return (
    <button
      type="button"
      class="quote"
      tabIndex={-1}
      style={`--hue:${hueOf(item.author)}`}
      onClick={jump}
      aria-label={`In answer to: ${line.text}`}
    >
      <bdi class="quote-author">{people.subject(item.author)}</bdi>
      <span class="quote-text" data-aside={line.aside} dir="auto">
        {line.text}
      </span>
    </button>
  )
}
