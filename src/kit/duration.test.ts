import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatDuration, parseDuration } from './duration.ts'

describe('durations', () => {
  test('[U4] read as the sum of their parts', () => {
    const texts = ['0s', '250ms', '30s', '1.5s', '1h30m', '2d', '1m1s1ms']
    expect(texts.map(parseDuration)).toEqual([0, 250, 30_000, 1500, 5_400_000, 172_800_000, 61_001])
  })

  test('[U4] anything without a unit, with a sign or with something else in it is refused', () => {
    for (const text of ['', '30', '-1s', '1 s', '1s ', 's', '1x', '1.s', '.5s', '1e3s', 'Infinitys'])
      expect(parseDuration(text)).toBeUndefined()
  })

  test('[U4] what is written reads back as the same', () => {
    fc.assert(fc.property(fc.nat(2 ** 40), ms => expect(parseDuration(formatDuration(ms))).toBe(ms)))
    expect(formatDuration(90_000)).toBe('1m30s')
  })
})
