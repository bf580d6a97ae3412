import { changeWatchlist, check, readJson, watchlistChangeSchema } from '../transport/index.ts'
import { callerOf } from './caller.ts'
import type { FanfareServer } from './create-server.ts'

/** `POST /sse/<session>/subscriptions`: changes the channels of a live event stream. */
export function addStreamRoutes(server: FanfareServer): void {
  const { node, gate } = server
  server.route('POST', '/sse/:session/subscriptions', async (request, params) => {
    const user = await callerOf(server, request)
    const change = check(watchlistChangeSchema, await readJson(request, node.limits.frameBytesMax, node.limits.json))
    const reply = await changeWatchlist(server.sse, params.session ?? '', user, change)
    return Response.json(reply, { headers: gate.origins.headersFor(request) })
  })
}
