import { expect, test } from 'bun:test'
import * as shipped from '../../src/cli/services.ts'
import { importsOf, isTest, type Source, sourcesIn } from './sources.ts'

/** Who may import whom: a folder of `src` and those that it stands on. Its own folder is always allowed. */
const foundations: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  protocol: ['kit'],
  protobuf: ['kit', 'protocol'],
  hub: ['kit', 'protocol', 'protobuf'],
  transport: ['kit', 'protocol', 'hub'],
  broker: ['kit', 'protocol', 'hub'],
  store: ['kit', 'protocol', 'hub'],

  cluster: ['kit', 'protocol', 'hub', 'broker', 'store', 'transport'],
  server: ['kit', 'protocol', 'hub', 'transport', 'broker', 'store', 'cluster', 'web'],
  services: ['kit', 'protocol', 'web'],
  cli: ['kit', 'protocol', 'hub', 'store', 'server', 'services', 'web'],
  web: ['kit', 'protocol'],
}

const sources = sourcesIn('src').filter(source => !isTest(source))

test('[Y1] a folder imports only what it stands on', () => {
  expect(sources.flatMap(source => importsOf(source).flatMap(target => complaint(source, target)))).toEqual([])
})

test('[Y1] services never import each other', () => {
  const crossing = sources.flatMap(source => {
    const [, , service] = source.path.split('/')
    if (!source.path.startsWith('src/services/')) return []
    return importsOf(source).filter(target => target.startsWith('src/services/') && target.split('/')[2] !== service)
  })
  expect(crossing).toEqual([])
})

test('[Y50] of the server, services import its entry for services alone, as those of others do', () => {
  const theirs = sources.filter(({ path }) => path.startsWith('src/services/'))
  const others = theirs.flatMap(source => importsOf(source).filter(target => folderOf(target) === '' && target !== 'src/service.ts'))
  expect(others).toEqual([])
  expect(theirs.filter(source => importsOf(source).includes('src/service.ts')).length).toBeGreaterThan(10)
  const entry = sources.find(({ path }) => path === 'src/service.ts')
  expect(entry && importsOf(entry).map(folderOf)).toEqual(['cluster', 'hub', 'kit', 'protocol', 'server', 'store'])
})

test('[Y51] nothing in the server or below it names a service', () => {
  const names = Object.keys(shipped)
  expect(names.length).toBeGreaterThan(1)
  // Also as the first part of a name, or a later one: `chatRoutes`, `openChat`.
  const parts = names.flatMap(name => [`\\b${name}`, `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`])
  const rule = new RegExp(parts.join('|'))
  const below = /^src\/(?:kit|protocol|protobuf|hub|transport|broker|store|cluster|relay|server)\//
  const naming = sources
    .filter(({ path }) => below.test(path))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) => (rule.test(withoutComment(line)) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    )
  expect(naming).toEqual([])
})

test('[Y52] a service that ships is one line outside of its folder', () => {
  const lines = sources.flatMap(({ path, text }) =>
    path.startsWith('src/services/')
      ? []
      : text.split('\n').flatMap(line => (/services\/\w+\/index\.ts/.test(line) ? [`${path}: ${line}`] : [])),
  )
  expect(lines).toEqual(Object.keys(shipped).map(name => `src/cli/services.ts: export { ${name} } from '../services/${name}/index.ts'`))
})

test('[Y2] a page imports the protocol, its own model and client, and the shared web, never the server', () => {
  expect(straysOf('web', ['src/protocol', 'src/web', 'src/kit'], ['web', 'model', 'client'])).toEqual([])
})

test("[Y2] a service's client imports the protocol and its own model, never a page or the server", () => {
  expect(straysOf('client', ['src/protocol', 'src/kit'], ['client', 'model'])).toEqual([])
})

test('[Y3] another folder is entered by its index', () => {
  const doors = sources.flatMap(source =>
    importsOf(source)
      .filter(target => folderOf(target) !== folderOf(source.path) && folderOf(target) !== '')
      .filter(target => !/\/index\.tsx?$/.test(target) && !/\.(json|html|css|svg)$/.test(target))
      .map(target => `${source.path} imports ${target}`),
  )
  expect(doors).toEqual([])
})

test('[Y4] nothing in src imports sim, bench, engines, chaos, test or examples', () => {
  const targets = sources.flatMap(importsOf).filter(target => /^(sim|bench|engines|chaos|test|examples)\//.test(target))
  expect(targets).toEqual([])
})

test('[Y5] there are no cycles between the folders of src', () => {
  const edges = new Map<string, Set<string>>()
  for (const source of sources) {
    const from = folderOf(source.path)
    for (const target of importsOf(source)) {
      const to = folderOf(target)
      if (from !== '' && to !== '' && from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to))
    }
  }
  for (const start of edges.keys()) expect(reachable(edges, start), `${start} is reached from itself`).not.toContain(start)
})

test('[Y30] only the folder of deliveries asks which delivery a channel has', () => {
  const rule = /\bdelivery(?:\.name)?\s*[!=]==\s*['"`]|\bswitch \((?:\w+\.)*delivery(?:\.name)?\)/
  const asking = sources
    .filter(({ path }) => !path.startsWith('src/hub/delivery/'))
    .flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, index) => (rule.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    )
  expect(asking).toEqual([])
})

/** What files of a part of the services import besides some folders of `src` and some parts of their own service. */
function straysOf(part: string, folders: readonly string[], parts: readonly string[]): string[] {
  return sources
    .filter(({ path }) => path.startsWith('src/services/') && path.split('/')[3] === part)
    .flatMap(source => {
      const own = source.path.split('/').slice(0, 3).join('/')
      const allowed = [...folders, ...parts.map(folder => `${own}/${folder}`)].map(folder => `${folder}/`)
      return importsOf(source)
        .filter(target => !allowed.some(folder => target.startsWith(folder)))
        .map(target => `${source.path} imports ${target}`)
    })
}

function complaint({ path }: Source, target: string): string[] {
  const from = folderOf(path)
  const to = folderOf(target)
  if (from === '' || to === '' || from === to || foundations[from]?.includes(to)) return []
  return [`${path} imports ${target}`]
}

/** Rules of a domain are named in comments: "(sports S12)". */
function withoutComment(line: string): string {
  return line.replace(/^\s*(?:\/?\*|\/\/).*|\s\/\/ .*/, '')
}

/** The first folder below `src`, or '' outside of one. */
function folderOf(path: string): string {
  const parts = path.split('/')
  return parts[0] === 'src' && parts.length > 2 ? (parts[1] ?? '') : ''
}

function reachable(edges: ReadonlyMap<string, ReadonlySet<string>>, start: string): string[] {
  const seen = new Set<string>()
  const waiting = [...(edges.get(start) ?? [])]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    waiting.push(...(edges.get(next) ?? []))
  }
  return [...seen]
}
