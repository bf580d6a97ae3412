import type { MessageView } from '../client/index.ts'
import type { Desk } from './desk.ts'

/** Reactions under a message, with how many gave each. Pressing one gives it too, or takes it back. */
export function Reactions({ item, desk }: { readonly item: MessageView; readonly desk: Desk }) {
  return (
    <div class="reactions">
      {item.reactions.map(({ emoji, count, mine }) => (
        <button
          key={emoji}
          type="button"
          class="reaction"
          aria-pressed={mine}
          aria-label={`${emoji}, ${count}`}
          onClick={() => desk.react(item, emoji)}
        >
          <span>{emoji}</span>
          {count > 1 ? <b class="numeral">{count}</b> : null}
        </button>
      ))}
    </div>
  )
}
