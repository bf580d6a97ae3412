import { type Children, protocol } from '../../cluster/index.ts'
import type { Node } from '../../hub/index.ts'

/** How many subscriptions each channel has that passes, here and on all nodes below. Fails where one of them does not answer: a part would look like all. */
export async function surveyChannels(
  pattern: string,
  passes: (channel: string) => boolean,
  node: Node,
  children: Children,
): Promise<Record<string, number>> {
  const counts = new Map<string, number>()
  const add = (channel: string, count: number) => counts.set(channel, (counts.get(channel) ?? 0) + count)
  for (const { name, live } of node.hub.channels()) if (live > 0 && passes(name)) add(name, live)
  const below = await Promise.all([...children.all()].map(({ link }) => link.request(protocol.channels, { pattern })))
  for (const answer of below) for (const [channel, count] of Object.entries(answer)) add(channel, count)
  return Object.fromEntries(counts)
}
