import type { Topology, Trouble } from '../../cluster/index.ts'
import type { Node } from '../../hub/index.ts'
import type { ConnectionGuard } from '../../transport/index.ts'
import type { Routing } from './routing.ts'

export interface HealthContext extends Routing {
  readonly node: Pick<Node, 'id'>
  readonly guard: Pick<ConnectionGuard, 'isDraining'>
  readonly topology: Pick<Topology, 'troubles'>
  /** Where something is kept here. */
  readonly disk: { trouble(): string | undefined } | undefined
}

/**
 * `/healthz`: the process lives and its event loop turns. `/readyz`: new clients are well served here. A relay that has been without a
 * parent for some seconds goes on for the clients that it has, but others had better go elsewhere. So does a node that cannot keep anything, and
 * one of a fleet that does not reach what the nodes share. `away` names every such part.
 */
export function addHealthRoutes(context: HealthContext): void {
  const { node, guard, topology, disk } = context
  context.route('GET', '/healthz', () => Response.json({ status: 'ok', node: node.id }))
  context.route('GET', '/readyz', () => {
    if (guard.isDraining) return Response.json({ status: 'draining', node: node.id }, { status: 503 })
    const full = disk?.trouble()
    const troubles: readonly Trouble[] = [...topology.troubles(), ...(full === undefined ? [] : [{ part: 'disk', reason: full } as const])]
    const [first] = troubles
    if (first === undefined) return Response.json({ status: 'ready', node: node.id })
    const { reason } = first
    const away = Object.fromEntries(troubles.map(trouble => [trouble.part, trouble.reason]))
    return Response.json({ status: 'degraded', reason, away, node: node.id }, { status: 503 })
  })
}
