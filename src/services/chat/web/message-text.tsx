import { useSignal } from '@preact/signals'
import type { ComponentProps } from 'preact'
import { RichText } from './rich-text.tsx'

/** What is longer is shown in part until one asks for the rest: more than a screen of a phone. */
const shownMax = 900
const linesMax = 20

/** What someone wrote, at most a screen of it at first. */
export function MessageText({ text, mentions, people }: ComponentProps<typeof RichText>) {
  const whole = useSignal(false)
  const shown = whole.value ? text : beginningOf(text)
  return (
    <>
      <span class="text" dir="auto">
        <RichText text={shown} mentions={mentions} {...(people === undefined ? {} : { people })} />
        {shown === text ? null : '…'}
      </span>
      {shown === text ? null : (
        <button
          type="button"
          class="read-more"
          onClick={() => {
            whole.value = true
          }}
        >
          Read more
        </button>
      )}
    </>
  )
}

/** Cuts between characters as one sees them, at a space where there is one. */
export function beginningOf(text: string): string {
  const lines = text.split('\n', linesMax + 1)
  const short = lines.length > linesMax ? lines.slice(0, linesMax).join('\n') : text
  if (short.length <= shownMax) return short
  const cut = short.slice(0, shownMax)
  const space = cut.search(/\s\S{0,80}$/u)
  return space > 0 ? cut.slice(0, space) : cut.replace(/[\ud800-\udbff]$/u, '')
}
