import { z } from 'zod'
import { principalOf } from '../hub/index.ts'
import { readJson } from '../transport/index.ts'
import { countedCallerOf } from './caller.ts'
import type { FanfareServer } from './create-server.ts'

/** `POST /rpc/<method>` calls what a WebSocket calls as `rpc`; `GET /rpc` lists the methods with the schemas of their input. */
export function addRpcRoutes(server: FanfareServer): void {
  const { node, gate } = server
  server.route('GET', '/rpc', request => {
    const methods = [...node.methods].map(([method, { schema, anonymous }]) => ({
      method,
      anonymous,
      input: z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }),
    }))
    return Response.json({ methods }, { headers: gate.origins.headersFor(request) })
  })
  server.route('POST', '/rpc/*', async (request, params, address) => {
    gate.checkOrigin(request)
    const user = await countedCallerOf(server, request, address)
    const data = await readJson(request, node.limits.commandBytesMax, node.limits.json)
    const result = await node.call(params['*'] ?? '', data, { user, principal: principalOf(user, address) })
    return Response.json(result ?? {}, { headers: gate.origins.headersFor(request) })
  })
}
