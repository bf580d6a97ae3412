import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import { isTest, root, sourcesIn } from './sources.ts'

const files = sourcesIn('src').filter(source => !isTest(source))
const declared = /^export (?:abstract )?(?:class|interface|type) (\w+)/gm

test('[Y80] no two files of src export types of one name', () => {
  const byName = Map.groupBy(
    files.flatMap(({ path, text }) => [...text.matchAll(declared)].map(([, name = '']) => ({ name, path }))),
    ({ name }) => name,
  )
  expect([...byName].filter(([, places]) => places.length > 1).map(([name, places]) => [name, ...places.map(({ path }) => path)])).toEqual(
    [],
  )
})

/** Words that only this project used, each with the one that stands in its place. */
const retired: Readonly<Record<string, string>> = {
  abreast: 'has caught up',
  admission: 'pending subscription',
  admissions: 'pending subscriptions',
  announcer: 'publisher',
  complaint: 'log throttle',
  complaints: 'log throttle',
  courier: 'outbound HTTP',
  errand: 'task',
  errands: 'tasks',
  gate: 'guard',
  greet: 'connect handler',
  greeted: 'connect handler',
  greeter: 'connect handler',
  greeters: 'connect handlers',
  happening: 'event',
  happenings: 'events',
  keeper: 'provider, cache, flusher',
  keepers: 'providers',
  laggard: 'slow member',
  laggards: 'slow members',
  ledger: 'units of work',
  metronome: 'pacer',
  parcel: 'request',
  parcels: 'requests',
  policies: 'registry',
  portrait: 'view',
  portraits: 'views',
  poster: 'sender',
  pulse: 'heartbeat',
  restate: 'replace state',
  suspect: 'may have missed',
  turnstile: 'semaphore',
  vigil: 'scheduler',
  whereabouts: 'online users',
}
/** Where such a word is the word of the field. */
const meant: readonly string[] = ['src/services/sports/web/lineup-places.ts: keeper']

test('[Y81] no name in src has a word that was given up for one of the field', () => {
  const found = sourcesIn('src').flatMap(({ path, text }) => {
    const names = [path.split('/').at(-1) ?? '', ...(codeOf(text).match(/[A-Za-z_]\w*/g) ?? [])]
    return [...new Set(names.filter(name => wordsOf(name).some(word => Object.hasOwn(retired, word))))].map(name => `${path}: ${name}`)
  })
  expect(found).toEqual([...meant])
})

test('[Y82] every noun of GLOSSARY.md is exported by the file that it names', () => {
  const rows = [...readFileSync(join(root, 'GLOSSARY.md'), 'utf8').matchAll(/^\| (\w+) \| .* \| `([^`]+)` \|$/gm)]
  const texts = new Map(files.map(({ path, text }) => [path, text]))
  const missing = rows.filter(
    ([, noun, path = '']) => !new RegExp(`^export .*\\b(?:class|interface|type) ${noun}\\b`, 'm').test(texts.get(path) ?? ''),
  )
  expect(missing.map(([, noun, path]) => `${path}: ${noun}`)).toEqual([])
  expect(rows.length).toBeGreaterThan(40)
})

/** A path from the root or from `src`. What a run makes is in folders that begin with a dot. */
const paths =
  /`((?:src|test|sim|bench|engines|chaos|examples|docs|build|bin|kit|protocol|protobuf|hub|transport|broker|store|cluster|server|services|web|cli)\/[\w/.-]+)`/g

test('[Y88] every path that a page names exists', () => {
  const pages = ['*.md', 'docs/*.md'].flatMap(pattern => [...new Glob(pattern).scanSync(root)]).filter(page => page !== 'CHANGELOG.md')
  const named = pages.flatMap(page =>
    [...readFileSync(join(root, page), 'utf8').matchAll(paths)]
      .map(([, path = '']) => ({ page, path }))
      .filter(({ path }) => !path.includes('/.')),
  )
  expect(named.filter(({ path }) => !existsSync(join(root, path)) && !existsSync(join(root, 'src', path)))).toEqual([])
  expect(named.length).toBeGreaterThan(200)
})

/** Without comments and texts. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ' ').replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
}

/** The words of a name: `ackFlusher` and `ack-flusher.ts` have `ack` and `flusher`. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[ _.-]/)
}
