import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { clientFrame, Dechunker, EventReader, FrameReader, type WireReader } from './wire-reader.ts'

/** Feeds the bytes cut at any places, and collects the texts of what came out. */
function read(reader: WireReader, bytes: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.map(cut => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return places.slice(1).flatMap((end, i) => reader.take(bytes.slice(places[i], end)).map(({ text }) => text))
}

function serverFrame(text: string): string {
  const frame = clientFrame(text).toString('latin1')
  const head = text.length < 126 ? 2 : 4
  return frame[0] + String.fromCharCode(frame.charCodeAt(1) & 127) + frame.slice(2, head) + text
}

const line = fc.string({ minLength: 1, maxLength: 300, unit: fc.constantFrom('a', 'ü', '{', '"', ':') })
const cuts = fc.array(fc.nat())

describe('what a load client reads', () => {
  test('[BC2] frames come out whole and in order wherever the stream is cut, one message a line', () => {
    fc.assert(
      fc.property(fc.array(fc.array(line, { minLength: 1 })), cuts, (frames, places) => {
        const bytes = frames.map(lines => serverFrame(lines.join('\n'))).join('')
        expect(read(new FrameReader(), bytes, places)).toEqual(frames.flat())
      }),
    )
  })

  test('[BC2] pings and closes are told from messages, and long frames are read', () => {
    const reader = new FrameReader()
    expect(reader.take('\x89\x02hi\x88\x00')).toEqual([
      { kind: 'ping', text: 'hi' },
      { kind: 'close', text: '' },
    ])
    const long = 'x'.repeat(70_000)
    expect(reader.take(`\x81\x7f\0\0\0\0\0\x01\x11\x70${long}`)).toEqual([{ kind: 'message', text: long }])
  })

  test('[BC3] events come out whole wherever the stream and its chunks are cut; comments do not count', () => {
    fc.assert(
      fc.property(fc.array(line), cuts, cuts, (texts, chunkPlaces, places) => {
        const stream = texts.map(text => `id: 1\ndata: ${text}\n\n: \n\n`).join('')
        const chunked = `${chunks(stream, chunkPlaces)}0\r\n\r\n`
        const dechunker = new Dechunker()
        const reader = new EventReader()
        const through: WireReader = { take: bytes => reader.take(dechunker.take(bytes)) }
        expect(read(through, chunked, places)).toEqual(texts.map(text => `id: 1\ndata: ${text}`))
        expect(dechunker.over).toBe(true)
      }),
    )
  })
})

function chunks(stream: string, places: readonly number[]): string {
  const ends = [...places.map(place => place % (stream.length + 1)), stream.length].toSorted((a, b) => a - b)
  return ends
    .map((end, i) => stream.slice(ends[i - 1] ?? 0, end))
    .filter(part => part !== '')
    .map(part => `${part.length.toString(16)}\r\n${part}\r\n`)
    .join('')
}
