import { principalOf } from '../../hub/index.ts'
import type { Json } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import { credentialsOf, readJson } from '../../transport/index.ts'
import type { FanfareServer } from '../host/create-server.ts'
import { sameSecret } from '../identity/same-secret.ts'

/** The user behind an HTTP request: by bearer token, or '' for a stranger. @throws CommandError 101, 109, 111 */
export async function callerOf(server: FanfareServer, request: Request, address: string): Promise<string> {
  const token = bearerOf(request)
  if (token === undefined) return ''
  const verified = await server.node.tokens.connection(token, address)
  if (verified.kind === 'expired') throw new CommandError(errors.tokenExpired)
  if (verified.kind === 'invalid') throw server.node.refusals.unauthorized(verified.reason)
  return verified.value.user
}

/** The same, counted against what one user, or one address of strangers, may ask for. @throws CommandError 101, 109, 111 */
export async function countedCallerOf(server: FanfareServer, request: Request, address: string): Promise<string> {
  const user = await callerOf(server, request, address)
  if (!server.node.rates.spendFor(principalOf(user, address))) throw new CommandError(errors.tooManyRequests)
  return user
}

export function bearerOf(request: Request): string | undefined {
  return credentialsOf(request, 'bearer')
}

/** Whether the request carries the server's API key: as `X-API-Key`, or `Authorization: apikey <key>` as Centrifugo's clients send it. */
export function hasApiKey(server: FanfareServer, request: Request): boolean {
  const { key, insecure } = server.config.httpApi
  if (insecure) return true
  const given = request.headers.get('x-api-key') ?? credentialsOf(request, 'apikey')
  return key !== undefined && given !== undefined && sameSecret(given, key)
}

/** A key that was given is never repeated. */
function whyNoApiKey({ config }: FanfareServer, request: Request): string {
  const isGiven = request.headers.has('x-api-key') || credentialsOf(request, 'apikey') !== undefined
  if (config.httpApi.key === undefined) return 'http_api.key is not set, so that no key opens the server API'
  return isGiven ? 'the key that was given is not http_api.key' : 'no key was given'
}

/**
 * Lets nobody pass but a back end that holds the API key. Where none is asked for on this machine, a page in a browser on it must still not get in.
 * @throws CommandError 101 without the key, 103 for a page of elsewhere
 */
export function authorizeTrusted(server: FanfareServer, request: Request): void {
  server.guard.checkOrigin(request)
  if (hasApiKey(server, request)) return
  const told = server.node.refusals.note('api key', whyNoApiKey(server, request))
  throw new CommandError(errors.unauthorized, `the API key is expected in X-API-Key${told === undefined ? '' : `: ${told}`}`)
}

/** The JSON body of a back end that holds the API key. @throws CommandError 101, 103, 107 for a body that is not JSON, 413 */
export async function readTrusted(server: FanfareServer, request: Request): Promise<Json> {
  authorizeTrusted(server, request)
  const { limits } = server.node
  return readJson(request, limits.apiBytesMax, limits.json)
}
