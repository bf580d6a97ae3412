import { type Node, principalOf } from '../../hub/index.ts'
import type { Json } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import { type ConnectionGuard, credentialsOf, readJson } from '../../transport/index.ts'
import type { Config } from '../config/index.ts'
import { sameSecret } from './same-secret.ts'

/** What is needed to identify a caller over HTTP. */
export interface CallerContext {
  readonly node: Pick<Node, 'tokens' | 'rates' | 'refusals'>
}

/** What knows the API key. */
export interface ApiKeyContext {
  readonly config: Pick<Config, 'httpApi'>
}

/** What is needed to recognise a back end, and to bound its requests. */
export interface TrustedContext extends ApiKeyContext {
  readonly node: Pick<Node, 'refusals' | 'limits'>
  readonly guard: Pick<ConnectionGuard, 'checkOrigin'>
}

/** The user behind an HTTP request: by bearer token, or '' for a stranger. @throws CommandError 101, 109, 111 */
async function callerOf({ node }: CallerContext, request: Request, address: string): Promise<string> {
  const token = bearerOf(request)
  if (token === undefined) return ''
  const verified = await node.tokens.connection(token, address)
  if (verified.kind === 'expired') throw new CommandError(errors.tokenExpired)
  if (verified.kind === 'invalid') throw node.refusals.unauthorized(verified.reason)
  return verified.value.user
}

/** The same, counted against what one user, or one address of strangers, may ask for. @throws CommandError 101, 109, 111 */
export async function countedCallerOf(context: CallerContext, request: Request, address: string): Promise<string> {
  const user = await callerOf(context, request, address)
  if (!context.node.rates.spendFor(principalOf(user, address))) throw new CommandError(errors.tooManyRequests)
  return user
}

export function bearerOf(request: Request): string | undefined {
  return credentialsOf(request, 'bearer')
}

/** Whether the request carries the server's API key: as `X-API-Key`, or `Authorization: apikey <key>` as Centrifugo's clients send it. */
export function hasApiKey({ config }: ApiKeyContext, request: Request): boolean {
  const { key, insecure } = config.httpApi
  if (insecure) return true
  const given = request.headers.get('x-api-key') ?? credentialsOf(request, 'apikey')
  return key !== undefined && given !== undefined && sameSecret(given, key)
}

/** A key that was given is never repeated. */
function whyNoApiKey({ config }: ApiKeyContext, request: Request): string {
  const isGiven = request.headers.has('x-api-key') || credentialsOf(request, 'apikey') !== undefined
  if (config.httpApi.key === undefined) return 'http_api.key is not set, so that no key opens the server API'
  return isGiven ? 'the key that was given is not http_api.key' : 'no key was given'
}

/**
 * Lets nobody pass but a back end that holds the API key. Where none is asked for on this machine, a page in a browser on it must still not get in.
 * @throws CommandError 101 without the key, 103 for a page of elsewhere
 */
export function authorizeTrusted(context: TrustedContext, request: Request): void {
  context.guard.checkOrigin(request)
  if (hasApiKey(context, request)) return
  const told = context.node.refusals.note('api key', whyNoApiKey(context, request))
  throw new CommandError(errors.unauthorized, `the API key is expected in X-API-Key${told === undefined ? '' : `: ${told}`}`)
}

/** The JSON body of a back end that holds the API key. @throws CommandError 101, 103, 107 for a body that is not JSON, 413 */
export async function readTrusted(context: TrustedContext, request: Request): Promise<Json> {
  authorizeTrusted(context, request)
  const { limits } = context.node
  return readJson(request, limits.apiBytesMax, limits.json)
}
