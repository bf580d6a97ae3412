import { principalOf } from '../../hub/index.ts'
import { readJson } from '../../transport/index.ts'
import type { FanfareServer } from '../host/create-server.ts'
import { countedCallerOf } from './caller.ts'
import { Catalogue } from './catalogue.ts'

/** `POST /rpc/<method>` calls what a WebSocket calls as `rpc`; `GET /rpc` lists the methods with the schemas of their input. */
export function addRpcRoutes(server: FanfareServer): void {
  const { node, guard } = server
  const catalogue = new Catalogue(node.methods)
  server.route('GET', '/rpc', request => {
    const headers = { 'Content-Type': 'application/json', ...guard.origins.headersFor(request) }
    return new Response(catalogue.json(), { headers })
  })
  server.route('POST', '/rpc/*', async (request, params, address) => {
    guard.checkOrigin(request)
    const user = await countedCallerOf(server, request, address)
    const data = await readJson(request, node.limits.commandBytesMax, node.limits.json)
    const result = await node.call(params['*'] ?? '', data, { user, principal: principalOf(user, address) })
    return server.answers.of(user, Response.json(result ?? {}, { headers: guard.origins.headersFor(request) }))
  })
}
