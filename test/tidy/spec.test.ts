import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isTest, root, sourcesIn } from './sources.ts'

const spec = readFileSync(join(root, 'SPEC.md'), 'utf8')
/** A rule is a list item that begins with its id in bold. */
const rules = [...spec.matchAll(/^- \*\*([A-Z]+\d+)\*\* /gm)].map(([, id = '']) => id)
const titles = sourcesIn('src', 'sim', 'test', 'bench')
  // Suites that several implementations pass hold titles as well.
  .filter(source => isTest(source) || source.path.startsWith('test/contract/'))
  .map(({ text }) => text)
  .join('\n')

test('[Y11] every rule of SPEC.md is carried by the title of a test', () => {
  const carried = new Set([...titles.matchAll(/\[[^\]]*\]/g)].flatMap(([title]) => title.match(/\b[A-Z]+\d+\b/g) ?? []))
  expect(rules.filter(id => !carried.has(id))).toEqual([])
})

test('[Y11] no rule has two meanings', () => {
  expect(rules.filter((id, index) => rules.indexOf(id) !== index)).toEqual([])
  expect(rules.length).toBeGreaterThan(50)
})
