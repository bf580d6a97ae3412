import { CommandError, errors } from '../protocol/index.ts'
import type { FanfareServer } from './create-server.ts'
import { sameSecret } from './same-secret.ts'

/** The user behind an HTTP request: by bearer token, or '' for a stranger. @throws CommandError 101, 109 */
export async function callerOf(server: FanfareServer, request: Request): Promise<string> {
  const token = bearerOf(request)
  if (token === undefined) return ''
  const verified = await server.verifier.connection(token)
  if (verified.kind === 'expired') throw new CommandError(errors.tokenExpired)
  if (verified.kind === 'invalid') throw new CommandError(errors.unauthorized)
  return verified.value.user
}

/** The same, counted against what one user, or one address of strangers, may ask for. @throws CommandError 101, 109, 111 */
export async function countedCallerOf(server: FanfareServer, request: Request, address: string): Promise<string> {
  const user = await callerOf(server, request)
  if (!server.node.rates.spendFor(user === '' ? `address:${address}` : user)) throw new CommandError(errors.tooManyRequests)
  return user
}

export function bearerOf(request: Request): string | undefined {
  const authorization = request.headers.get('authorization')
  return authorization?.startsWith('Bearer ') ? authorization.slice(7) : undefined
}

/** Whether the request carries the server's API key: as `X-API-Key`, or `Authorization: apikey <key>` as Centrifugo's clients send it. */
export function hasApiKey(server: FanfareServer, request: Request): boolean {
  const { key, insecure } = server.config.httpApi
  if (insecure) return true
  const authorization = request.headers.get('authorization')
  const given = request.headers.get('x-api-key') ?? (authorization?.startsWith('apikey ') ? authorization.slice(7) : undefined)
  return key !== undefined && given !== undefined && sameSecret(given, key)
}
