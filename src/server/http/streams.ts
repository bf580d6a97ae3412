import type { Topology } from '../../cluster/index.ts'
import type { Node } from '../../hub/index.ts'
import { type ConnectionGuard, readJson, type SseTransport } from '../../transport/index.ts'
import { countedCallerOf } from '../identity/caller.ts'
import type { Routing } from './routing.ts'

export interface StreamsContext extends Routing {
  readonly node: Node
  readonly guard: ConnectionGuard
  readonly sse: SseTransport
  readonly topology: Pick<Topology, 'changeWatch'>
}

/** `GET /sse` opens an event stream; `POST /sse/<session>/subscriptions` changes the channels of one, on whichever node it is. */
export function addStreamRoutes(context: StreamsContext): void {
  const { node, guard, sse, topology } = context
  context.route('GET', '/sse', (request, _params, address) => sse.open(request, address))
  context.route('POST', '/sse/:session/subscriptions', async (request, params, address) => {
    const user = await countedCallerOf(context, request, address)
    const change = await readJson(request, node.limits.commandBytesMax, node.limits.json)
    const reply = await topology.changeWatch({ session: params.session ?? '', user, change })
    return Response.json(reply, { headers: guard.origins.headersFor(request) })
  })
}
