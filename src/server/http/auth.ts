import { z } from 'zod'
import { type Node, principalOf } from '../../hub/index.ts'
import { type Clock, isVisible, type Random, randomId } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import { type ConnectionGuard, check, readJson } from '../../transport/index.ts'
import type { Config } from '../config/index.ts'
import { bearerOf, countedCallerOf } from '../identity/caller.ts'
import type { Tickets } from '../identity/tickets.ts'
import { signToken } from '../identity/tokens.ts'
import type { Routing } from './routing.ts'

const guestSchema = z.strictObject({ name: z.string().trim().min(1).max(64).refine(isVisible, 'expected a name that can be seen') })
const guestTtlS = 24 * 3600

export interface AuthContext extends Routing {
  readonly clock: Clock
  readonly random: Random
  readonly config: Pick<Config, 'client' | 'development'>
  readonly node: Node
  readonly guard: ConnectionGuard
  readonly tickets: Tickets
}

/** `POST /auth/guest {name}` makes a user up, in development mode alone. `POST /auth/ticket` turns a token into one for a URL: once, for a minute. */
export function addAuthRoutes(context: AuthContext): void {
  const { config, node, guard } = context
  const { hmacSecretKey } = config.client.token
  context.route('POST', '/auth/ticket', async (request, _params, address) => {
    await countedCallerOf(context, request, address)
    const token = bearerOf(request)
    if (token === undefined) throw new CommandError(errors.unauthorized)
    return Response.json(context.tickets.issue(token), { headers: guard.origins.headersFor(request) })
  })
  if (!config.development || hmacSecretKey === undefined) return
  context.route('POST', '/auth/guest', async (request, _params, address) => {
    guard.checkOrigin(request)
    if (!node.rates.spendFor(principalOf('', address))) throw new CommandError(errors.tooManyRequests)
    const { name } = check(guestSchema, await readJson(request, node.limits.commandBytesMax, node.limits.json))
    const slug = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
    const user = `${slug === '' ? 'guest' : slug}-${randomId(context.random, 3)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, 'x')}`
    const exp = Math.floor(context.clock.now() / 1000) + guestTtlS
    const token = await signToken(hmacSecretKey, { sub: user, exp, info: { name } })
    return Response.json({ token, user }, { headers: guard.origins.headersFor(request) })
  })
}
