import { readJson } from '../../transport/index.ts'
import type { FanfareServer } from '../host/create-server.ts'
import { countedCallerOf } from './caller.ts'

/** `GET /sse` opens an event stream; `POST /sse/<session>/subscriptions` changes the channels of one, on whichever node it is. */
export function addStreamRoutes(server: FanfareServer): void {
  const { node, guard } = server
  server.route('GET', '/sse', (request, _params, address) => server.sse.open(request, address))
  server.route('POST', '/sse/:session/subscriptions', async (request, params, address) => {
    const user = await countedCallerOf(server, request, address)
    const change = await readJson(request, node.limits.commandBytesMax, node.limits.json)
    const reply = await server.tree.changeWatch({ session: params.session ?? '', user, change })
    return Response.json(reply, { headers: guard.origins.headersFor(request) })
  })
}
