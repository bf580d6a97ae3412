import { useRef } from 'preact/hooks'
import { firstGrapheme, isEmoji } from './text-parts.ts'

/** What reactions are mostly. */
export const quickEmoji = ['👍', '❤️', '😂', '😮', '😢', '🙏']

const emoji = [
  ...[
    '😀',
    '😄',
    '😂',
    '🤣',
    '😊',
    '😍',
    '😘',
    '😎',
    '🤩',
    '🥳',
    '🙂',
    '😉',
    '🤔',
    '🤨',
    '😐',
    '🙄',
    '😴',
    '😢',
    '😭',
    '😤',
    '😡',
    '😱',
    '🤯',
    '😅',
  ],
  ...[
    '👍',
    '👎',
    '👏',
    '🙌',
    '🙏',
    '💪',
    '👋',
    '🤝',
    '✌️',
    '🤞',
    '👀',
    '🧠',
    '❤️',
    '🧡',
    '💚',
    '💙',
    '💔',
    '🔥',
    '✨',
    '🎉',
    '🎂',
    '☕',
    '🍻',
    '⚽',
  ],
  ...['🌞', '🌧️', '🚀', '✈️', '🏠', '💡', '📌', '📎', '📅', '⏰', '✅', '❌', '❗', '❓', '💯', '🆗'],
]

/** Emoji to choose from; any other can be typed or pasted. */
export function EmojiGrid({ pick, typed }: { readonly pick: (emoji: string) => void; readonly typed?: boolean }) {
  const field = useRef<HTMLInputElement>(null)
  const take = (value: string) => {
    const grapheme = firstGrapheme(value)
    if (!isEmoji(grapheme)) return
    if (field.current !== null) field.current.value = ''
    pick(grapheme)
  }
  return (
    <div class="emoji-grid">
      {typed === true ? (
        <input
          ref={field}
          type="text"
          placeholder="Type or paste any emoji"
          aria-label="Any emoji"
          autocomplete="off"
          onInput={event => take(event.currentTarget.value)}
        />
      ) : null}
      <div>
        {emoji.map(each => (
          <button key={each} type="button" aria-label={each} onClick={() => pick(each)}>
            {each}
          </button>
        ))}
      </div>
    </div>
  )
}
