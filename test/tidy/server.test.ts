import { expect, test } from 'bun:test'
import { importsOf, isTest, type Source, sourcesIn } from './sources.ts'

const sources = sourcesIn('src/server').filter(source => !isTest(source))
const byPath = new Map(sources.map(source => [source.path, source]))

test('[Y41] what an application consists of reaches nothing outside of the process by itself', () => {
  const rules = [
    // What counts and compares there touches nothing.
    /from 'node:(?!(?:crypto|net)')/,
    /from 'bun:/,
    /\bBun\.(?:serve|listen|connect|spawn|file|write|sleep|sql|SQL)\b/,
    /(?<!-)\bprocess\.\w/,
    /\bnew WebSocket\(/,
    // Those of the folders below that do.
    /\b(?:HttpTransport|WebSocketTransport|connectByWebSocket|upgradeLink)\b/,
    /^(?!import type ).*\/(?:store|web|host)\/index\.ts'/,
  ]
  const parts = loadedBy('src/server/application/application.ts')
  expect(parts.length).toBeGreaterThan(20)
  expect(parts.flatMap(source => linesMatching(source, rules))).toEqual([])
  expect(parts.filter(({ path }) => path.startsWith('src/server/host/')).map(({ path }) => path)).toEqual([])
})

/** The files of the server that run where this one does: types alone load nothing. */
function loadedBy(path: string): Source[] {
  const first = byPath.get(path)
  const loads = (source: Source) =>
    importsOf({ path: source.path, text: source.text.replaceAll(/^(?:import|export) type [^'"]*from '[^']*'$/gm, '') })
  return first === undefined ? [] : [...reachedFrom([first], source => loads(source).flatMap(next => byPath.get(next) ?? []))]
}

function reachedFrom(starts: readonly Source[], next: (source: Source) => readonly Source[]): Set<Source> {
  const seen = new Set(starts)
  for (const source of seen) for (const other of next(source)) seen.add(other)
  return seen
}

function linesMatching({ path, text }: Source, rules: readonly RegExp[]): string[] {
  return text.split('\n').flatMap((line, index) => (rules.some(rule => rule.test(line)) ? [`${path}:${index + 1}: ${line.trim()}`] : []))
}
