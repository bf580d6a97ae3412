import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { CompactSign, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type Clock, systemClock } from '../../kit/index.ts'
import { CommandError } from '../../protocol/index.ts'
import type { TokenSource } from '../config/index.ts'
import { signToken, TokenVerifier } from './tokens.ts'

const secret = 'a-secret-of-at-least-thirty-two-bytes'
const otherSecret = 'another-secret-of-thirty-two-bytes!!'
const noSource: TokenSource = { hmacSecretKey: undefined, jwksPublicEndpoint: undefined, audience: undefined, issuer: undefined }

/** A clock that stands at a Unix time in seconds. */
function clockAt(seconds: number): Clock {
  return { ...systemClock, now: () => seconds * 1000 }
}

function verifierOf(source: Partial<TokenSource>, clock = clockAt(1000)): TokenVerifier {
  return new TokenVerifier({ token: { ...noSource, ...source }, subscriptionToken: { ...noSource, ...source } }, clock)
}

const verifier = verifierOf({ hmacSecretKey: secret })

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function base64url(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

describe('tokens of typed languages and of other clocks', () => {
  test('[B207] a claim that is null counts as absent, whichever it is, in tokens of both kinds', async () => {
    const names = [
      'sub',
      'exp',
      'nbf',
      'iat',
      'expire_at',
      'aud',
      'iss',
      'jti',
      'info',
      'meta',
      'caps',
      'channels',
      'subs',
      'client',
      'override',
    ]
    const empty = Object.fromEntries(names.map(name => [name, null]))
    const sign = (claims: object) => new CompactSign(bytes(JSON.stringify(claims))).setProtectedHeader({ alg: 'HS256' }).sign(bytes(secret))
    expect(await verifier.connection(await sign({ ...empty, channel: null }))).toEqual(await verifier.connection(await sign({})))
    expect(await verifier.subscription(await sign({ ...empty, channel: 'a' }))).toEqual(
      await verifier.subscription(await sign({ channel: 'a' })),
    )
    const named = verifierOf({ hmacSecretKey: secret, audience: 'fanfare' })
    expect(await named.connection(await sign(empty))).toEqual({ kind: 'invalid', reason: 'aud: expected "fanfare"' })
  })

  test('[B208] a token may begin a few seconds ahead of this clock, and ends on time', async () => {
    const outcome = async (claims: object) => (await verifier.connection(await signToken(secret, claims))).kind
    expect(await outcome({ nbf: 1005 })).toBe('valid')
    expect(await outcome({ nbf: 1006 })).toBe('invalid')
    expect(await outcome({ iat: 1600 })).toBe('valid')
    expect(await outcome({ exp: 1001 })).toBe('valid')
    expect(await outcome({ exp: 1000 })).toBe('expired')
  })

  test('[B208] what is no set of claims, or no time, is no token', async () => {
    const outcome = async (payload: string) => {
      const token = await new CompactSign(bytes(payload)).setProtectedHeader({ alg: 'HS256' }).sign(bytes(secret))
      return (await verifier.connection(token)).kind
    }
    for (const payload of ['null', '[]', '"text"', '1', '', '{', '{"exp":"2000"}', '{"nbf":[]}', '{"iat":"now"}', '{"exp":{}}'])
      expect([payload, await outcome(payload)]).toEqual([payload, 'invalid'])
  })
})

describe('connection tokens', () => {
  test('[C15] a signed token says who is there', async () => {
    const caps = [{ channels: ['news:*'], match: 'wildcard', allow: ['sub', 'hst'] }] as const
    const token = await signToken(secret, {
      sub: 'alice',
      exp: 2000,
      info: { name: 'A' },
      meta: [1],
      caps: caps.map(cap => ({ ...cap, channels: [...cap.channels], allow: [...cap.allow] })),
    })
    expect(await verifier.connection(token)).toEqual({
      kind: 'valid',
      value: {
        user: 'alice',
        info: { name: 'A' },
        meta: [1],
        caps: [{ channels: ['news:*'], match: 'wildcard', allow: ['sub', 'hst'] }],
        expireAt: 2000,
        subs: undefined,
        token: {},
      },
    })
  })

  test('[C15] without a user it is for nobody', async () => {
    expect(await verifier.connection(await signToken(secret, {}))).toMatchObject({ kind: 'valid', value: { user: '' } })
  })

  test('[C15] its channels become subscriptions of the server’s', async () => {
    const token = await signToken(secret, { sub: 'a', channels: ['x', 'y'], subs: { y: { data: 1 }, z: { info: {} } } })
    expect(await verifier.connection(token)).toMatchObject({ value: { subs: { x: {}, y: { data: 1 }, z: { info: {} } } } })
  })

  test('[C16] it is good until the second it expires', async () => {
    const token = await signToken(secret, { sub: 'a', exp: 1000 })
    expect((await verifierOf({ hmacSecretKey: secret }, clockAt(999)).connection(token)).kind).toBe('valid')
    expect(await verifierOf({ hmacSecretKey: secret }, clockAt(1000)).connection(token)).toEqual({ kind: 'expired' })
  })

  test('[C16] an expired token with a wrong signature is invalid, not expired', async () => {
    const token = await signToken(otherSecret, { sub: 'a', exp: 1 })
    expect((await verifier.connection(token)).kind).toBe('invalid')
  })

  test('[C16] expire_at ends the connection at another time than the token, or never', async () => {
    const expiry = async (claims: { exp: number; expire_at: number }) => {
      const verified = await verifier.connection(await signToken(secret, claims))
      return verified.kind === 'valid' ? verified.value.expireAt : verified.kind
    }
    expect(await expiry({ exp: 2000, expire_at: 5000 })).toBe(5000)
    expect(await expiry({ exp: 2000, expire_at: 0 })).toBe(0)
  })

  test('[C16] a token is not good before its time', async () => {
    const token = await new SignJWT({ nbf: 1060 }).setProtectedHeader({ alg: 'HS256' }).sign(bytes(secret))
    expect((await verifier.connection(token)).kind).toBe('invalid')
  })

  test('[C17] a subscription token opens no connection, and the other way round', async () => {
    const forChannel = await signToken(secret, { sub: 'a', channel: 'x' })
    const forConnection = await signToken(secret, { sub: 'a' })
    expect(await verifier.connection(forChannel)).toEqual({
      kind: 'invalid',
      reason: 'channel: a subscription token cannot open a connection',
    })
    expect((await verifier.subscription(forConnection)).kind).toBe('invalid')
  })

  const claims: [object, string][] = [
    [{ sub: 5 }, 'sub'],
    [{ sub: 'x'.repeat(256) }, 'sub'],
    [{ channels: 'x' }, 'channels'],
    [{ channels: ['a\n'] }, 'channels[0]'],
    [{ subs: { '': {} } }, 'subs'],
    [{ caps: [{ channels: ['x'], allow: ['all'] }] }, 'caps[0].allow[0]'],
    [{ expire_at: '5' }, 'expire_at'],
  ]
  test.each(claims)('[C15] a token that says %j is invalid', async (payload, path) => {
    const token = await new CompactSign(bytes(JSON.stringify(payload))).setProtectedHeader({ alg: 'HS256' }).sign(bytes(secret))
    const verified = await verifier.connection(token)
    expect(verified.kind === 'invalid' && verified.reason).toStartWith(`${path}`)
  })
})

describe('what is not a token', () => {
  const header = base64url({ alg: 'HS256' })
  const signature = new Bun.CryptoHasher('sha256', secret).update(`${header}.${base64url({ sub: 'a' })}`).digest('base64url')
  const good = `${header}.${base64url({ sub: 'a' })}.${signature}`

  test('[C18] the token that the others are made from is good', async () => {
    expect((await verifier.connection(good)).kind).toBe('valid')
  })

  const table: [string, string][] = [
    ['nothing', ''],
    ['a word', 'token'],
    ['dots', '...'],
    ['another signature', `${good.slice(0, -4)}AAAA`],
    ['no signature', `${header}.${base64url({ sub: 'a' })}.`],
    ['a part too many', `${good}.x`],
    ['another payload', `${header}.${base64url({ sub: 'b' })}.${signature}`],
    ['bytes that are not base64url', `${header}.%%%.${signature}`],
    ['no algorithm', `${base64url({})}.${base64url({ sub: 'a' })}.${signature}`],
    ['the algorithm none', `${base64url({ alg: 'none' })}.${base64url({ sub: 'a' })}.`],
    ['the algorithm None', `${base64url({ alg: 'None' })}.${base64url({ sub: 'a' })}.`],
    ['an extension that must be understood', `${base64url({ alg: 'HS256', crit: ['x'], x: 1 })}.${base64url({})}.${signature}`],
    [
      'a payload that is not an object',
      `${header}.${base64url('5')}.${new Bun.CryptoHasher('sha256', secret).update(`${header}.${base64url('5')}`).digest('base64url')}`,
    ],
    ['a header that is not JSON', `${base64url('{')}.${base64url({})}.${signature}`],
    ['letters beyond ASCII', 'é.é.é'],
  ]
  test.each(table)('[C18] %s is invalid', async (_, token) => {
    expect(await verifier.connection(token)).toMatchObject({ kind: 'invalid' })
    expect(await verifier.subscription(token)).toMatchObject({ kind: 'invalid' })
  })

  test('[C18] with the secret, no other algorithm is taken', async () => {
    for (const alg of ['HS384', 'HS512']) {
      const token = await new SignJWT({ sub: 'a' }).setProtectedHeader({ alg }).sign(bytes(secret.repeat(2)))
      expect((await verifierOf({ hmacSecretKey: secret.repeat(2) }).connection(token)).kind).toBe('invalid')
    }
  })

  test('[C18] without any key, no token is good', async () => {
    expect((await verifierOf({}).connection(good)).kind).toBe('invalid')
    expect((await verifierOf({}).connection(`${header}.${base64url({ sub: 'a' })}.`)).kind).toBe('invalid')
  })

  test('[C19] audience and issuer must be the configured ones', async () => {
    const bound = verifierOf({ hmacSecretKey: secret, audience: 'fanfare', issuer: 'https://id.example' })
    const kind = async (claims: object) =>
      (await bound.connection(await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(bytes(secret)))).kind
    expect(await kind({ aud: 'fanfare', iss: 'https://id.example' })).toBe('valid')
    expect(await kind({ aud: ['other', 'fanfare'], iss: 'https://id.example' })).toBe('valid')
    expect(await kind({ aud: 'other', iss: 'https://id.example' })).toBe('invalid')
    expect(await kind({ aud: 'fanfare', iss: 'https://evil.example' })).toBe('invalid')
    expect(await kind({ aud: 'fanfare' })).toBe('invalid')
    expect(await kind({})).toBe('invalid')
  })
})

describe('subscription tokens', () => {
  test('[C17] one opens its channel, for its user', async () => {
    const token = await signToken(secret, { sub: 'alice', channel: '$room:1', client: 'c1', info: { color: 'red' }, exp: 2000 })
    expect(await verifier.subscription(token)).toEqual({
      kind: 'valid',
      value: { user: 'alice', channel: '$room:1', client: 'c1', info: { color: 'red' }, expireAt: 2000, token: {} },
    })
  })

  test('[C17] with keys of their own, those of connections do not open channels', async () => {
    const both = new TokenVerifier(
      { token: { ...noSource, hmacSecretKey: secret }, subscriptionToken: { ...noSource, hmacSecretKey: otherSecret } },
      clockAt(1000),
    )
    expect((await both.subscription(await signToken(otherSecret, { channel: 'x' }))).kind).toBe('valid')
    expect((await both.subscription(await signToken(secret, { channel: 'x' }))).kind).toBe('invalid')
    expect((await both.connection(await signToken(otherSecret, { sub: 'a' }))).kind).toBe('invalid')
  })
})

describe('public keys', () => {
  const keySet: { keys: object[] } = { keys: [] }
  let fetches = 0
  let failing = false
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch() {
      fetches++
      return failing ? new Response('no', { status: 500 }) : Response.json(keySet)
    },
  })
  const endpoint = `http://127.0.0.1:${server.port}/keys`
  const signers = new Map<string, CryptoKey>()

  beforeAll(async () => {
    for (const alg of ['RS256', 'ES256', 'EdDSA', 'PS256']) {
      const { publicKey, privateKey } = await generateKeyPair(alg)
      keySet.keys.push({ ...(await exportJWK(publicKey)), kid: alg, alg, use: 'sig' })
      signers.set(alg, privateKey)
    }
  })
  afterAll(() => server.stop(true))

  function sign(alg: string, kid = alg, claims = {}): Promise<string> {
    const key = signers.get(alg)
    if (key === undefined) throw new Error(`no key for ${alg}`)
    return new SignJWT({ sub: 'alice', ...claims }).setProtectedHeader({ alg, kid }).sign(key)
  }

  test('[C20] tokens of RS256, ES256 and EdDSA are checked with the keys that are fetched, once', async () => {
    fetches = 0
    const remote = verifierOf({ jwksPublicEndpoint: endpoint })
    for (const alg of ['RS256', 'ES256', 'EdDSA'])
      expect(await remote.connection(await sign(alg))).toMatchObject({ kind: 'valid', value: { user: 'alice' } })
    expect(await remote.connection(await sign('ES256', 'ES256', { exp: 1 }))).toEqual({ kind: 'expired' })
    expect(fetches).toBe(1)
  })

  test('[C20] other algorithms and unknown keys are refused', async () => {
    const remote = verifierOf({ jwksPublicEndpoint: endpoint })
    expect((await remote.connection(await sign('RS256', 'unknown'))).kind).toBe('invalid')
    expect((await remote.connection(await sign('PS256'))).kind).toBe('invalid')
    expect((await remote.connection(await sign('RS256', 'ES256'))).kind).toBe('invalid')
  })

  test('[C20] a public key is never taken for a secret', async () => {
    const published = JSON.stringify(keySet.keys[0])
    for (const text of [published, JSON.stringify(keySet)]) {
      const forged = await new SignJWT({ sub: 'eve' }).setProtectedHeader({ alg: 'HS256', kid: 'RS256' }).sign(bytes(text))
      expect((await verifierOf({ jwksPublicEndpoint: endpoint }).connection(forged)).kind).toBe('invalid')
    }
  })

  test('[C20] secret and public keys serve side by side', async () => {
    const both = verifierOf({ hmacSecretKey: secret, jwksPublicEndpoint: endpoint })
    expect((await both.connection(await signToken(secret, { sub: 'a' }))).kind).toBe('valid')
    expect((await both.connection(await sign('ES256'))).kind).toBe('valid')
  })

  test('[C21] while the keys cannot be fetched, a token is not called invalid: the client may try again', async () => {
    const remote = verifierOf({ jwksPublicEndpoint: endpoint })
    const token = await sign('ES256')
    failing = true
    const failure = await remote.connection(token).catch((error: unknown) => error)
    failing = false
    expect(failure).toBeInstanceOf(CommandError)
    expect(failure instanceof CommandError && failure.toReply()).toEqual({
      code: 100,
      message: 'internal server error: the public keys cannot be fetched',
      temporary: true,
    })
    expect((await remote.connection(token)).kind).toBe('valid')
  })
})
