import { expect, test } from 'bun:test'
import { nameParameters, rangeOf } from './serving.ts'

test('[M146] one range is read as RFC 9110 has it; what is none is answered with all', () => {
  const ranges: Record<string, unknown> = {
    'bytes=0-9': { from: 0, to: 9 },
    'bytes=5-': { from: 5, to: 99 },
    'bytes=-5': { from: 95, to: 99 },
    'bytes=-500': { from: 0, to: 99 },
    'bytes=90-200': { from: 90, to: 99 },
    'bytes=0-1,3-4': undefined,
    'items=0-1': undefined,
    'bytes=-': undefined,
    nonsense: undefined,
  }
  for (const [header, range] of Object.entries(ranges)) expect(rangeOf(header, 100)).toEqual(range as never)
  for (const header of ['bytes=100-', 'bytes=9-8', 'bytes=-0']) expect(() => rangeOf(header, 100)).toThrow('range_not_satisfiable')
})

test('[F155] a name in a header is ASCII, and beside it as it is', () => {
  expect(nameParameters('a"b\\c%.txt')).toBe(`filename="a_b_c_.txt"; filename*=UTF-8''a%22b%5Cc%25.txt`)
  expect(nameParameters("l'été (1).jpg")).toBe(`filename="l'_t_ (1).jpg"; filename*=UTF-8''l%27%C3%A9t%C3%A9%20%281%29.jpg`)
})
