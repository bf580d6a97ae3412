import { expect, test } from 'bun:test'
import { isTest, linksOf, sourcesIn } from './sources.ts'

/**
 * Imports of types that close a circle of files, each with its reason. Files that run together import each other's values in one direction
 * alone; a type may be imported against it where two files describe two sides of one thing.
 */
const typeCircles: Readonly<Record<string, string>> = {
  'cluster/child.ts -> cluster/children.ts': 'a child announces itself to its siblings, which make and list it',
  'hub/channel/subscription.ts -> hub/channel/channel.ts': 'a channel lists its subscriptions, and a subscription names its channel',
  'services/chat/command.ts -> services/chat/chat.ts': 'a command is given the whole service, which runs it',
  'services/chat/files/commands.ts -> services/chat/chat.ts': 'a command is given the whole service, which runs it',
  'services/chat/store/invited.ts -> services/chat/store/groups.ts': 'a group asks people, and an answer changes the group',
  'services/chat/store/searched.ts -> services/chat/store/search-segments.ts':
    'segments are of searched conversations, and a page names the segments that it has',
  'services/chat/web/copy-text.ts -> services/chat/web/desk.ts':
    'the desk is the state that every part of the page is given, and it holds the parts',
  'services/chat/web/desk.ts -> services/chat/web/attaching.ts':
    'the desk is the state that every part of the page is given, and it holds the parts',
  'services/chat/web/desk.ts -> services/chat/web/viewer.tsx':
    'the desk is the state that every part of the page is given, and it holds the parts',
  'services/chat/web/message-actions.ts -> services/chat/web/desk.ts':
    'the desk is the state that every part of the page is given, and it holds the parts',
  'services/chat/web/selection.tsx -> services/chat/web/desk.ts':
    'the desk is the state that every part of the page is given, and it holds the parts',
  'services/sports/draft.ts -> services/sports/match.ts': 'a draft is what a batch makes of a match, and the match makes it',
  'services/sports/event-matcher.ts -> services/sports/match.ts': 'the revisions that a match keeps are what is matched',
  'services/sports/feeds/adapters/sentence.ts -> services/sports/feeds/adapters/notes.ts':
    'a sentence tells a fact of the notes, which write it down',
  'services/sports/merge.ts -> services/sports/draft.ts': 'a merge changes the draft that asks for it',
  'services/sports/merge.ts -> services/sports/match.ts': 'the revisions that a match keeps are what is merged',
  'services/sports/squads.ts -> services/sports/draft.ts': 'squads are those of the draft that asks for them',
  'services/sports/squads.ts -> services/sports/match.ts': 'the revisions that a match keeps say who plays',
}

const files = sourcesIn('src').filter(source => !isTest(source))
const paths = new Set(files.map(({ path }) => path))
const links = files.flatMap(source => linksOf(source).map(link => ({ from: source.path, ...link }))).filter(({ to }) => paths.has(to))
const nameOf = ({ from, to }: { readonly from: string; readonly to: string }) => `${from.slice(4)} -> ${to.slice(4)}`

test('[Y83] no files import each other’s values in a circle', () => {
  const graph = graphOf(links.filter(({ isType }) => !isType))
  expect(links.filter(({ isType, from, to }) => !isType && reaches(graph, to, from)).map(nameOf)).toEqual([])
})

test('[Y83] a type that is imported in a circle is listed with the reason', () => {
  const graph = graphOf(links.filter(link => !(link.isType && nameOf(link) in typeCircles)))
  expect(links.filter(({ from, to }) => graph.get(from)?.has(to) && reaches(graph, to, from)).map(nameOf)).toEqual([])
})

test('[Y83] every listed import exists, is one of types, and closes a circle', () => {
  const whole = graphOf(links)
  const needless = Object.keys(typeCircles).filter(name => {
    const link = links.find(each => each.isType && nameOf(each) === name)
    return link === undefined || !reaches(whole, link.to, link.from)
  })
  expect(needless).toEqual([])
})

function graphOf(edges: readonly { readonly from: string; readonly to: string }[]): ReadonlyMap<string, ReadonlySet<string>> {
  const graph = new Map<string, Set<string>>()
  for (const { from, to } of edges) graph.set(from, (graph.get(from) ?? new Set()).add(to))
  return graph
}

function reaches(graph: ReadonlyMap<string, ReadonlySet<string>>, start: string, end: string): boolean {
  const seen = new Set<string>()
  const waiting = [start]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === end) return true
    if (seen.has(next)) continue
    seen.add(next)
    waiting.push(...(graph.get(next) ?? []))
  }
  return false
}
