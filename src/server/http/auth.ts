import { z } from 'zod'
import { principalOf } from '../../hub/index.ts'
import { isVisible, randomId } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import { check, readJson } from '../../transport/index.ts'
import type { FanfareServer } from '../host/create-server.ts'
import { signToken } from '../identity/tokens.ts'
import { bearerOf, countedCallerOf } from './caller.ts'

const guestSchema = z.strictObject({ name: z.string().trim().min(1).max(64).refine(isVisible, 'expected a name that can be seen') })
const guestTtlS = 24 * 3600

/** `POST /auth/guest {name}` makes a user up, in development mode alone. `POST /auth/ticket` turns a token into one for a URL: once, for a minute. */
export function addAuthRoutes(server: FanfareServer): void {
  const { config, node } = server
  const { hmacSecretKey } = config.client.token
  server.route('POST', '/auth/ticket', async (request, _params, address) => {
    await countedCallerOf(server, request, address)
    const token = bearerOf(request)
    if (token === undefined) throw new CommandError(errors.unauthorized)
    return Response.json(server.tickets.issue(token), { headers: server.guard.origins.headersFor(request) })
  })
  if (!config.development || hmacSecretKey === undefined) return
  server.route('POST', '/auth/guest', async (request, _params, address) => {
    server.guard.checkOrigin(request)
    if (!node.rates.spendFor(principalOf('', address))) throw new CommandError(errors.tooManyRequests)
    const { name } = check(guestSchema, await readJson(request, node.limits.commandBytesMax, node.limits.json))
    const slug = name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
    const user = `${slug === '' ? 'guest' : slug}-${randomId(server.random, 3)
      .toLowerCase()
      .replace(/[^a-z0-9]/g, 'x')}`
    const exp = Math.floor(server.clock.now() / 1000) + guestTtlS
    const token = await signToken(hmacSecretKey, { sub: user, exp, info: { name } })
    return Response.json({ token, user }, { headers: server.guard.origins.headersFor(request) })
  })
}
