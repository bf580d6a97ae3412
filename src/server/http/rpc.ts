import { type Node, principalOf } from '../../hub/index.ts'
import { type Answers, type ConnectionGuard, readJson } from '../../transport/index.ts'
import { countedCallerOf } from '../identity/caller.ts'
import { Catalogue } from './catalogue.ts'
import type { Routing } from './routing.ts'

export interface RpcContext extends Routing {
  readonly node: Node
  readonly guard: ConnectionGuard
  readonly answers: Answers
}

/** `POST /rpc/<method>` calls what a WebSocket calls as `rpc`; `GET /rpc` lists the methods with the schemas of their input. */
export function addRpcRoutes(context: RpcContext): void {
  const { node, guard, answers } = context
  const catalogue = new Catalogue(node.methods)
  context.route('GET', '/rpc', request => {
    const headers = { 'Content-Type': 'application/json', ...guard.origins.headersFor(request) }
    return new Response(catalogue.json(), { headers })
  })
  context.route('POST', '/rpc/*', async (request, params, address) => {
    guard.checkOrigin(request)
    const user = await countedCallerOf(context, request, address)
    const data = await readJson(request, node.limits.commandBytesMax, node.limits.json)
    const result = await node.call(params['*'] ?? '', data, { user, principal: principalOf(user, address) })
    return answers.of(user, Response.json(result ?? {}, { headers: guard.origins.headersFor(request) }))
  })
}
