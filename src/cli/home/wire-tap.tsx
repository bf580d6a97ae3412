import { systemClock } from '../../kit/index.ts'

/** One event of the stream as it came. */
export interface TappedEvent {
  readonly id: number
  readonly at: string
  readonly text: string
}

const framesMax = 6
const textMax = 400

let next = 0

/** The newest few, the newest last. */
export function addFrame(frames: readonly TappedEvent[], text: string): readonly TappedEvent[] {
  next++
  return [
    ...frames,
    { id: next, at: new Date(systemClock.now()).toLocaleTimeString(undefined, { hour12: false }), text: text.slice(0, textMax) },
  ].slice(-framesMax)
}

/** What comes down the wire while the page is looked at. */
export function WireTap({ frames }: { readonly frames: readonly TappedEvent[] }) {
  return (
    <figure class="wire-tap">
      <figcaption>
        <span>GET /sse?channel=sports:league_all</span>
      </figcaption>
      <ol aria-hidden="true">
        {frames.map(({ id, at, text }) => (
          <li key={id}>
            <time>{at}</time>
            <code>{text}</code>
          </li>
        ))}
      </ol>
    </figure>
  )
}
