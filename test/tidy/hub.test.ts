import { expect, test } from 'bun:test'
import { importsOf, isTest, type Source, sourcesIn } from './sources.ts'

const sources = sourcesIn('src/hub').filter(source => !isTest(source))
const byPath = new Map(sources.map(source => [source.path, source]))

/** A channel lists its subscriptions and a subscription names its channel: two sides of one thing, of which each imports the other's type alone. */
const twoSides: ReadonlySet<string> = new Set(['src/hub/channel/channel.ts', 'src/hub/channel/subscription.ts'])

test('[B271] no file of the hub is reached from itself but a channel and its subscriptions, by their types', () => {
  const circles = sources.filter(source => nextTo(source).some(other => reached(other).has(source))).map(({ path }) => path)
  expect(circles.filter(path => !twoSides.has(path))).toEqual([])
  for (const path of twoSides) {
    const loads = (byPath.get(path)?.text ?? '').replaceAll(/^import type [^'"]*from '[^']*'$/gm, '')
    expect(importsOf({ path, text: loads }).filter(target => twoSides.has(target))).toEqual([])
  }
})

test('[B271] the node stands on top of the hub: none of its parts imports it', () => {
  const above = sources.filter(source => importsOf(source).includes('src/hub/node.ts')).map(({ path }) => path)
  expect(above).toEqual(['src/hub/index.ts'])
})

function nextTo(source: Source): Source[] {
  return importsOf(source).flatMap(target => byPath.get(target) ?? [])
}

function reached(from: Source): Set<Source> {
  const seen = new Set([from])
  for (const source of seen) for (const other of nextTo(source)) seen.add(other)
  return seen
}
