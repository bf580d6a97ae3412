import { expect, test } from 'bun:test'
import { isTest, sourcesIn } from './sources.ts'

/** What is read of a page at once, as it is at that moment. */
const reads = [
  'allInnerTexts',
  'allTextContents',
  'boundingBox',
  'content',
  'count',
  'evaluate',
  'evaluateAll',
  'getAttribute',
  'innerHTML',
  'innerText',
  'inputValue',
  'isChecked',
  'isDisabled',
  'isEnabled',
  'isHidden',
  'isVisible',
  'state',
  'textContent',
  'texts',
  'title',
]
const looking = new RegExp(`\\bexpect\\([^\\n]*\\bawait\\b[^\\n]*\\.(?:${reads.join('|')})\\(`)

test('[Y110] a test of a page waits for what it reads there', () => {
  expect(looking.test("expect(await page.locator('p').innerText()).toBe('so')")).toBe(true)
  const tests = sourcesIn('test').filter(source => isTest(source) && !source.path.startsWith('test/tidy/'))
  const early = tests.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (looking.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  )
  expect(early).toEqual([])
})
