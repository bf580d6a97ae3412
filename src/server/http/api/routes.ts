import type { Topology } from '../../../cluster/index.ts'
import type { Node } from '../../../hub/index.ts'
import { CommandError, errors, type ProtocolError } from '../../../protocol/index.ts'
import { check, statusOf } from '../../../transport/index.ts'
import { authorizeTrusted, readTrusted, type TrustedContext } from '../../identity/caller.ts'
import type { Routing } from '../routing.ts'
import { batchSchema, runBatch } from './batch.ts'
import { type ApiContext, type Outcome, settle } from './command.ts'
import { apiCommands } from './commands.ts'

export interface ApiRoutesContext extends Routing, TrustedContext, Pick<ApiContext, 'revoke'> {
  readonly node: Node
  readonly topology: Pick<Topology, 'reports' | 'channels'>
}

/** The server API, for back ends that hold its key. */
export function addApiRoutes(server: ApiRoutesContext): void {
  const { node, topology } = server
  const context: ApiContext = {
    node,
    startedAt: node.clock.now(),
    nodes: () => topology.reports(),
    survey: pattern => topology.channels(pattern),
    revoke: revocation => server.revoke(revocation),
  }
  for (const [name, command] of apiCommands) {
    server.route('POST', `/api/${name}`, async request => {
      const params = await readTrusted(server, request)
      return answer(await settle(command.call(params, context), node), request)
    })
  }
  server.route('POST', '/api/batch', async request => {
    const batch = check(batchSchema, await readTrusted(server, request))
    return jsonResponse(`{"replies":[${(await runBatch(batch, apiCommands, context)).join(',')}]}`, 200)
  })
  server.route('POST', '/api/*', async (request, params) => {
    authorizeTrusted(server, request)
    throw new CommandError(errors.methodNotFound, params['*'])
  })
}

/** A command that failed answers 200 with the error, as in Centrifugo; a caller may ask for an HTTP status by `X-Centrifugo-Error-Mode: transport`. */
function answer(outcome: Outcome, request: Request): Response {
  if (outcome.kind === 'done') return jsonResponse(`{"result":${outcome.result}}`, 200)
  const { code, message }: ProtocolError = outcome.error
  if (request.headers.get('x-centrifugo-error-mode') === 'transport') return jsonResponse(JSON.stringify({ code, message }), statusOf(code))
  return jsonResponse(JSON.stringify({ error: { code, message } }), 200)
}

function jsonResponse(text: string, status: number): Response {
  return new Response(text, { status, headers: { 'Content-Type': 'application/json' } })
}
