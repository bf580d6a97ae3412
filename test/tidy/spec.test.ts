import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import { isTest, root, sourcesIn } from './sources.ts'

const spec = readFileSync(join(root, 'SPEC.md'), 'utf8')
/** A rule is a list item that begins with its id in bold. */
const rules = [...spec.matchAll(/^- \*\*([A-Z]+\d+)\*\* /gm)].map(([, id = '']) => id)
const tests = sourcesIn('src', 'sim', 'test', 'bench')
  // Suites that several implementations pass hold titles as well.
  .filter(source => isTest(source) || source.path.startsWith('test/contract/'))
const titles = tests.map(({ text }) => text).join('\n')

test('[Y11] every rule of SPEC.md is carried by the title of a test', () => {
  const carried = new Set([...titles.matchAll(/\[[^\]]*\]/g)].flatMap(([title]) => title.match(/\b[A-Z]+\d+\b/g) ?? []))
  expect(rules.filter(id => !carried.has(id))).toEqual([])
})

test('[Y11] no rule has two meanings', () => {
  expect(rules.filter((id, index) => rules.indexOf(id) !== index)).toEqual([])
  expect(rules.length).toBeGreaterThan(50)
})

const defined = new Set([...rules, ...[...spec.matchAll(/^\| ([RP]\d+) \|/gm)].map(([, id = '']) => id)])

test('[Y85] every id in the title of a test is a rule of SPEC.md', () => {
  const unknown = tests.flatMap(({ path, text }) =>
    [...text.matchAll(/\[((?:[A-Z]{1,2}\d+(?:, )?)+)\]/g)]
      .flatMap(([, title = '']) => title.split(', '))
      .filter(id => !defined.has(id))
      .map(id => `${path}: ${id}`),
  )
  expect(unknown).toEqual([])
})

/** What looks like the id of a rule and is none. */
const others = new Set(['HS256', 'RS256', 'ES256', 'MP3', 'MP4', 'S3'])

test('[Y86] every id of a rule in a comment or a page is a rule of SPEC.md', () => {
  const comments = sourcesIn('src', 'sim', 'bench', 'engines', 'chaos', 'test', 'examples')
    .filter(({ path }) => !path.startsWith('test/tidy/'))
    .flatMap(({ path, text }) => [...text.matchAll(/\/\*\*[\s\S]*?\*\/|\/\/[^\n]*/g)].map(([comment]) => ({ path, text: comment })))
  const pages = ['README.md', 'ARCHITECTURE.md', 'GLOSSARY.md', ...new Glob('docs/*.md').scanSync(root)]
  const read = pages.map(path => ({ path, text: readFileSync(join(root, path), 'utf8') }))
  const unknown = [...comments, ...read].flatMap(({ path, text }) =>
    (text.match(/\b[A-Z]{1,2}\d{1,3}\b/g) ?? []).filter(id => !defined.has(id) && !others.has(id)).map(id => `${path}: ${id}`),
  )
  expect(unknown).toEqual([])
})

test('[Y87] every section of SPEC.md names the folders of its tests', () => {
  const sections = spec
    .split(/^## /m)
    .slice(1)
    .filter(section => /^- \*\*|^\| [RP]\d/m.test(section))
  const folders = sections.map(section => [...(/^(?:Tests|Measured by): (.*)\.$/m.exec(section)?.[1] ?? '').matchAll(/`([^`]+)`/g)])
  expect(folders.filter(each => each.length === 0)).toEqual([])
  expect(
    folders
      .flat()
      .map(([, folder = '']) => folder)
      .filter(folder => !existsSync(join(root, folder))),
  ).toEqual([])
})
