import { describe, expect, test } from 'bun:test'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { sseEvent, sseHeartbeat, sseRetry } from './sse.ts'

/** Everything that a parser makes of a stream that arrives in pieces. */
function parse(pieces: readonly string[]) {
  const events: EventSourceMessage[] = []
  const retries: number[] = []
  const parser = createParser({ onEvent: event => events.push(event), onRetry: ms => retries.push(ms) })
  for (const piece of pieces) parser.feed(piece)
  return { events, retries }
}

describe('event stream frames', () => {
  test('[U16] any JSON goes through a parser unchanged, with its id, however the stream is cut', () => {
    const frame = fc.tuple(fc.jsonValue(), fc.option(fc.stringMatching(/^[\w-]{1,256}$/), { nil: undefined }))
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.integer({ min: 1, max: 40 }), (frames, size) => {
        const stream = frames.map(([value, id]) => sseEvent(JSON.stringify(value), id) + sseHeartbeat).join('')
        const pieces = stream.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
        const { events } = parse(pieces)
        expect(events.map(({ data }) => data)).toEqual(frames.map(([value]) => JSON.stringify(value)))
        expect(events.map(({ id }) => id)).toEqual(frames.map(([, id]) => id))
      }),
    )
  })

  test('[U16] a heartbeat is no event, and a retry is heard', () => {
    expect(parse([sseHeartbeat, sseRetry(1234.5), sseHeartbeat, sseHeartbeat])).toEqual({ events: [], retries: [1235] })
  })
})
