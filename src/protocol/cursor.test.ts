import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { channelHash } from './channel-name.ts'
import { type CursorWatchlist, cursorLengthMax, decodeCursor, encodeCursor } from './cursor.ts'
import type { Position } from './publication.ts'

const epoch = fc.stringMatching(/^[\w-]{0,8}$/)
const position: fc.Arbitrary<Position> = fc.record({ epoch, offset: fc.maxSafeNat() })
const channel = fc.string({ minLength: 1, maxLength: 40, unit: 'binary' })
const positions = fc.uniqueArray(fc.tuple(channel, position), { selector: ([name]) => channelHash(name), maxLength: 60 })
const watchlist: fc.Arbitrary<CursorWatchlist | undefined> = fc.option(
  fc.record(
    {
      session: fc.stringMatching(/^[\w-]{1,8}\.[\w-]{22}$/),
      rev: fc.maxSafeNat(),
      channels: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}:[\w#]{1,12}$/), { maxLength: 12 }),
    },
    { requiredKeys: ['session', 'rev'] },
  ),
  { nil: undefined },
)

describe('the cursor', () => {
  test('[U10] reads back as the first of the positions that were put in, in at most 256 characters that any header can carry', () => {
    fc.assert(
      fc.property(positions, watchlist, (given, watch) => {
        const text = encodeCursor(given, watch)
        expect(text.length).toBeLessThanOrEqual(cursorLengthMax)
        expect(text).toMatch(/^[\w-]+$/)
        const cursor = decodeCursor(text)
        if (cursor === undefined) throw new Error('unreadable')
        const kept = given.slice(0, cursor.positions.size)
        expect([...cursor.positions]).toEqual(kept.map(([name, place]) => [channelHash(name), place]))
        if (given.length <= (watch === undefined ? 8 : 3)) expect(kept.length).toBe(given.length)
      }),
    )
  })

  test('[U10] holds thirty channels of one epoch', () => {
    const given = Array.from({ length: 30 }, (_, index): [string, Position] => [`news:${index}`, { epoch: 'AbCd', offset: 1000 + index }])
    expect(decodeCursor(encodeCursor(given))?.positions.size).toBeGreaterThanOrEqual(26)
  })

  test('[U11] a changed watchlist reads back whole, or as the session to ask where its names do not fit', () => {
    fc.assert(
      fc.property(watchlist, positions, (watch, given) => {
        const read = decodeCursor(encodeCursor(given, watch))?.watchlist
        if (watch === undefined || read === undefined) {
          expect(read).toBe(watch)
          return
        }
        expect({ session: read.session, rev: read.rev }).toEqual({ session: watch.session, rev: watch.rev })
        if (read.channels !== undefined) expect(read.channels).toEqual(watch.channels ?? [])
        else expect((watch.channels ?? ['x'.repeat(100)]).join('\n').length).toBeGreaterThan(90)
      }),
    )
    const foreign = { session: 'n.s', rev: 1, channels: ['чат:1'] }
    expect(decodeCursor(encodeCursor([], foreign))?.watchlist).toEqual({ session: 'n.s', rev: 1 })
  })

  test('[U12] what we did not write is no cursor, and never an error', () => {
    for (const text of ['', '!', 'a', 'AA', '1:2', 'x'.repeat(257), 'AQ==']) expect(decodeCursor(text)).toBeUndefined()
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => void decodeCursor(text)))
    fc.assert(fc.property(fc.stringMatching(/^[\w-]{1,256}$/), text => void decodeCursor(text)))
  })

  test('[U12] a cursor with a character changed or cut off is read as something or as nothing, and never as more channels', () => {
    fc.assert(
      fc.property(positions, fc.nat(), fc.constantFrom(...'AQgw9_-'), (given, place, char) => {
        const text = encodeCursor(given)
        const at = place % text.length
        const changed = decodeCursor(text.slice(0, at) + char + text.slice(at + 1))
        expect(changed?.positions.size ?? 0).toBeLessThanOrEqual(127)
        expect(decodeCursor(text.slice(0, at))?.positions.size ?? 0).toBeLessThanOrEqual(given.length)
      }),
    )
  })
})
