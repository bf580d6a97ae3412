import { expect, test } from 'bun:test'
import { bytesText, millisText, shortCount, spanText } from './figures.ts'
import { curve } from './sparkline.tsx'

test.each([
  [0, '0'],
  [7, '7'],
  [3.25, '3.3'],
  [999, '999'],
  [1000, '1.00k'],
  [12_345, '12.3k'],
  [999_600, '1.00M'],
  [4_560_000, '4.56M'],
])('[W6] %d is counted as %s', (value, text) => {
  expect(shortCount(value)).toBe(text)
})

test('[W6] bytes, spans and milliseconds carry their unit', () => {
  expect([512, 18_200_000_000].map(bytesText)).toEqual(['512 B', '18.2 GB'])
  expect([42, 300, 12_000, 187_200].map(spanText)).toEqual(['42 s', '5 min', '3 h 20 min', '2 d 4 h'])
  expect([0.42, 3.1, 120.4].map(millisText)).toEqual(['0.42 ms', '3.1 ms', '120 ms'])
})

test('[W6] a curve begins at zero, ends at the right, and a row of zeros lies on the ground', () => {
  expect(curve([0, 5, 10], 106, 46).line).toBe('M0 43L50 23L100 3')
  expect(curve([0, 0], 106, 46).line).toBe('M0 43L100 43')
  expect(curve([], 106, 46)).toEqual({ line: '', area: '', last: undefined })
})
