import { CompactSign, compactVerify, decodeProtectedHeader, type JWTClaimVerificationOptions, errors as jose, UnsecuredJWT } from 'jose'
import { z } from 'zod'
import { type Identity, Revocations, type SubscriptionGrant, type TokenMark, type Verified, type Verifier } from '../../hub/index.ts'
import type { Clock, Fetch } from '../../kit/index.ts'
import { describeIssue } from '../../protocol/index.ts'
import type { TokenSource } from '../config/index.ts'
import { channel, identityFields, optional, optionalJson, serverSubscriptions } from './identity-schema.ts'
import { PublicKeys } from './public-keys.ts'
import { whyInvalid, whyNoKey } from './token-reasons.ts'

const time = z.number().min(0)

const standard = {
  /** The user; absent or '' for an anonymous one. */
  sub: z
    .string()
    .max(255)
    .nullish()
    .transform(user => user ?? ''),
  exp: time.optional(),
  iat: time.optional(),
  /** By it the token can be revoked. */
  jti: z
    .union([z.string(), z.number(), z.null()])
    .transform(uid => (uid === null ? undefined : String(uid)))
    .optional(),
  /** When the connection or subscription ends, where that is not when the token does; 0 for never. */
  expire_at: optional(time),
  info: optionalJson,
}

const connectionClaims = z.object({
  ...standard,
  ...identityFields,
  /** A subscription token opens one channel; it must not open a connection. */
  channel: optional(z.literal('', 'a subscription token cannot open a connection')),
})

const subscriptionClaims = z.object({
  ...standard,
  channel,
  client: optional(z.string().max(255)),
  override: optional(z.record(z.string(), z.unknown())),
})

/** The claims of a connection token. Times are Unix seconds. */
export type ConnectionClaims = z.input<typeof connectionClaims>
/** The claims of a subscription token. Times are Unix seconds. */
export type SubscriptionClaims = z.input<typeof subscriptionClaims>

const algorithmsOfJwks = ['RS256', 'ES256', 'EdDSA']

/** How far the clock of whoever signs may be ahead of ours: what `nbf` says begins so many seconds earlier. An end is an end: it asks for a new token. */
const clockLeewayS = 5

const claimsSchema = z.record(z.string(), z.unknown())

/** Checks JWT of one kind. Algorithms are pinned to the key: HS256 to the secret, public-key ones to the JWKS; `none` has no key at all. */
class KeyRing {
  readonly #secret: Uint8Array | undefined
  readonly #jwks: PublicKeys | undefined
  readonly #expected: JWTClaimVerificationOptions

  constructor(
    readonly source: TokenSource,
    readonly clock: Clock,
    fetch: Fetch,
  ) {
    const { hmacSecretKey, jwksPublicEndpoint, audience, issuer } = source
    this.#secret = hmacSecretKey === undefined ? undefined : new TextEncoder().encode(hmacSecretKey)
    this.#jwks = jwksPublicEndpoint === undefined ? undefined : new PublicKeys(jwksPublicEndpoint, clock, fetch)
    this.#expected = { ...(audience === undefined ? {} : { audience }), ...(issuer === undefined ? {} : { issuer }) }
  }

  /** @throws CommandError 100 (temporary) while the key server does not answer: the token may be good. */
  async verify<T extends z.ZodType<{ readonly expire_at?: number | undefined }>>(token: string, schema: T): Promise<Verified<z.output<T>>> {
    try {
      const payload = await this.#payloadOf(token)
      if (payload === undefined) return { kind: 'invalid', reason: whyNoKey(token, this.source) }
      const claims = schema.safeParse(payload)
      if (!claims.success) return { kind: 'invalid', reason: describeIssue(claims.error) }
      // The grant has ended, though the token has not: it would grant the time for a refresh again and again.
      const { expire_at: end = 0 } = claims.data
      return end !== 0 && end * 1000 <= this.clock.now() ? { kind: 'expired' } : { kind: 'valid', value: claims.data }
    } catch (error) {
      if (error instanceof jose.JWTExpired) return { kind: 'expired' }
      // TypeError is what jose says of a text that is not a token at all, and SyntaxError what is said of a payload that is not JSON.
      if (error instanceof jose.JOSEError || error instanceof TypeError || error instanceof SyntaxError)
        return { kind: 'invalid', reason: whyInvalid(error, token, this.source) }
      throw error
    }
  }

  async #payloadOf(token: string): Promise<unknown> {
    const signed = await this.#signedPart(token)
    return signed && this.#checked(JSON.parse(new TextDecoder().decode(signed)))
  }

  /** The claims if one of the keys signed them; undefined if there is no key for the algorithm. */
  async #signedPart(token: string): Promise<Uint8Array | undefined> {
    const { alg } = decodeProtectedHeader(token)
    if (alg === 'HS256') return this.#secret && (await compactVerify(token, this.#secret, { algorithms: ['HS256'] })).payload
    return this.#jwks && (await compactVerify(token, this.#jwks.find, { algorithms: algorithmsOfJwks })).payload
  }

  /**
   * Checks times, audience and issuer. Typed languages write empty fields as `null`, which `jwtVerify` takes for a wrong type: the claims
   * are rid of them first, and then checked as those of a token without a signature, since theirs has been looked at.
   */
  #checked(payload: unknown): unknown {
    const claims = claimsSchema.safeParse(payload)
    if (!claims.success) throw new jose.JWTInvalid('the payload must be an object')
    const given = Object.fromEntries(Object.entries(claims.data).filter(([, value]) => value !== null))
    const { nbf } = given
    const begun = typeof nbf === 'number' ? { ...given, nbf: nbf - clockLeewayS } : given
    UnsecuredJWT.decode(new UnsecuredJWT(begun).encode(), { ...this.#expected, currentDate: new Date(this.clock.now()) })
    return given
  }
}

/** Reads connection and subscription tokens with the keys of the configuration. */
export class TokenVerifier implements Verifier {
  readonly #connection: KeyRing
  readonly #subscription: KeyRing

  constructor(
    sources: { readonly token: TokenSource; readonly subscriptionToken: TokenSource },
    readonly clock: Clock,
    readonly revocations = new Revocations(clock),
    fetch: Fetch = globalThis.fetch,
  ) {
    this.#connection = new KeyRing(sources.token, clock, fetch)
    this.#subscription = new KeyRing(sources.subscriptionToken, clock, fetch)
  }

  async connection(token: string): Promise<Verified<Identity>> {
    const verified = await this.#connection.verify(token, connectionClaims)
    if (verified.kind !== 'valid') return verified
    const { sub, info, meta, caps, exp, expire_at, channels, subs } = verified.value
    const mark = markOf(verified.value)
    if (this.revocations.coversConnection(sub, mark)) return revoked
    const all = serverSubscriptions({ channels, subs })
    return { kind: 'valid', value: { user: sub, info, meta, caps, expireAt: expire_at ?? exp, subs: all, token: mark } }
  }

  async subscription(token: string): Promise<Verified<SubscriptionGrant>> {
    const verified = await this.#subscription.verify(token, subscriptionClaims)
    if (verified.kind !== 'valid') return verified
    const { sub, channel, client, info, exp, expire_at } = verified.value
    const mark = markOf(verified.value)
    if (this.revocations.coversSubscription(sub, channel, mark)) return revoked
    return {
      kind: 'valid',
      value: { user: sub, channel, client: client === '' ? undefined : client, info, expireAt: expire_at ?? exp, token: mark },
    }
  }
}

const revoked = { kind: 'invalid', reason: 'it was revoked' } as const

function markOf({ jti, iat }: { readonly jti?: string | undefined; readonly iat?: number | undefined }): TokenMark {
  return { ...(jti === undefined ? {} : { uid: jti }), ...(iat === undefined ? {} : { issuedAt: iat }) }
}

/** A token signed with HS256. */
export function signToken(secret: string, claims: ConnectionClaims | SubscriptionClaims): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify(claims))
  return new CompactSign(payload).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(new TextEncoder().encode(secret))
}
