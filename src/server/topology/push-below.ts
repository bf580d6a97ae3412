import { type Children, protocol } from '../../cluster/index.ts'
import { type Node, pushTo, type SessionPush } from '../../hub/index.ts'

/** Sends to one client, here or on a node below. False where nobody has it, and where the node that has it could not say so. */
export async function pushBelow(pushed: SessionPush, node: Node, children: Children): Promise<boolean> {
  if (pushTo(node, pushed)) return true
  // In this turn, so that what is pushed one after the other arrives so.
  const asked = [...children.all()]
    .filter(({ channels }) => channels.has(pushed.channel))
    .map(({ link }) => link.request(protocol.push, pushed))
  return (await Promise.allSettled(asked)).some(answer => answer.status === 'fulfilled' && answer.value === true)
}
