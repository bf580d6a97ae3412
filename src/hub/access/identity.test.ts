import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Capability, permits } from './identity.ts'

const wildcard = (pattern: string): readonly Capability[] => [{ channels: [pattern], match: 'wildcard', allow: ['sub'] }]

describe('capabilities', () => {
  test('[U31] a star stands for any characters, and for nothing else', () => {
    const cases: readonly (readonly [pattern: string, channel: string, yes: boolean])[] = [
      ['news:*', 'news:a', true],
      ['news:*', 'news:', true],
      ['news:*', 'newsx', false],
      ['*', 'anything', true],
      ['*:end', 'a:end', true],
      ['*:end', 'a:end:b', false],
      ['a*b*c', 'abc', true],
      ['a*b*c', 'aXbYbZc', true],
      ['a*b*c', 'aXc', false],
      ['a*a', 'a', false],
      ['news:a', 'news:a', true],
      ['news:a', 'news:ab', false],
      ['news.*', 'newsXa', false],
    ]
    for (const [pattern, channel, yes] of cases)
      expect([pattern, channel, permits(wildcard(pattern), channel, 'sub')]).toEqual([pattern, channel, yes])
  })

  test('[U31] matches exactly what the same pattern as a regular expression does', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 8 })
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*'), maxLength: 6 })
    fc.assert(
      fc.property(pattern, text, (given, channel) => {
        const expected = new RegExp(`^${given.replaceAll('*', '.*')}$`, 's').test(channel)
        expect(permits(wildcard(given), channel, 'sub')).toBe(expected)
      }),
      { numRuns: 2000 },
    )
  })

  test('[U31] without the word wildcard a star is a star, and only what is allowed is allowed', () => {
    expect(permits([{ channels: ['news:*'], allow: ['sub'] }], 'news:a', 'sub')).toBe(false)
    expect(permits([{ channels: ['news:*'], allow: ['sub'] }], 'news:*', 'sub')).toBe(true)
    expect(permits(wildcard('news:*'), 'news:a', 'pub')).toBe(false)
    expect(permits(undefined, 'news:a', 'sub')).toBe(false)
  })
})
