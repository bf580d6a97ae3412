import { expect, test } from 'bun:test'
import { SignJWT } from 'jose'
import { type Clock, systemClock } from '../../kit/index.ts'
import type { TokenSource } from '../config/index.ts'
import { explainToken } from './explain-token.ts'
import { signToken, TokenVerifier } from './tokens.ts'

const secret = 'a-secret-of-at-least-thirty-two-bytes'
const clock: Clock = { ...systemClock, now: () => 1_000_000 }
const noSource: TokenSource = { hmacSecretKey: undefined, jwksPublicEndpoint: undefined, audience: undefined, issuer: undefined }

function verifierOf(source: Partial<TokenSource>): TokenVerifier {
  const all = { ...noSource, ...source }
  return new TokenVerifier({ token: all, subscriptionToken: all }, clock)
}

async function explained(token: string, source: Partial<TokenSource> = { hmacSecretKey: secret }): Promise<string> {
  const { kind, verdict, reason } = await explainToken(verifierOf(source), token)
  return `${kind} ${verdict}: ${reason}`
}

const withHs512 = (claims: object) =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS512' }).sign(new TextEncoder().encode(secret.repeat(2)))

test('[C40] a token is explained: what it opens, until when, and what is wrong with it', async () => {
  expect(await explained(await signToken(secret, { sub: 'a', exp: 2000 }))).toBe(
    'connection valid: good until 1970-01-01T00:33:20.000Z (exp)',
  )
  expect(await explained(await signToken(secret, { sub: 'a' }))).toBe('connection valid: good without an end')
  expect(await explained(await signToken(secret, { sub: 'a', channel: 'x' }))).toBe('subscription valid: good without an end')
  expect(await explained(await signToken(secret, { sub: 'a', exp: 820 }))).toBe('connection expired: expired 3m ago (exp)')
  expect(await explained(await signToken(secret, { sub: 'a', exp: 2000, expire_at: 999 }))).toBe(
    'connection expired: expired 1s ago (expire_at)',
  )
  expect(await explained(await signToken('another-secret-of-thirty-two-bytes!!', { sub: 'a' }))).toBe(
    'connection invalid: its signature was not made with this server’s hmac_secret_key',
  )
  expect(await explained(await withHs512({ sub: 'a' }))).toBe(
    'connection invalid: its `alg` is "HS512", and this server takes HS256 (hmac_secret_key)',
  )
  expect(await explained(await signToken(secret, { sub: 'a' }), {})).toBe(
    'connection invalid: its `alg` is "HS256", and this server has no key to check tokens with',
  )
  expect(await explained(await signToken(secret, { sub: 'a' }), { hmacSecretKey: secret, audience: 'chat' })).toBe(
    'connection invalid: aud: expected "chat"',
  )
})

test('[C40] a claim of the wrong type is named, and what is no token is called so', async () => {
  const sub42 = await new SignJWT(JSON.parse('{"sub":42}')).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret))
  expect(await explained(sub42)).toMatch(/^connection invalid: sub: .*string.*number/)
  for (const text of ['', 'x', 'a.b.c', 'ticket.abc', `${'a'.repeat(5000)}.b.c`])
    expect(await explained(text)).toMatch(/^connection invalid: /)
})

test('[C40] no reason repeats the token or the secret', async () => {
  const token = await signToken(secret, { sub: 'alice-the-user', exp: 1 })
  const [header = '', payload = '', signature = ''] = token.split('.')
  const cut = `${header}.${payload}.${signature.slice(0, -4)}AAAA`
  const given = [token, cut, `${header}.${payload}`, `${header}.${payload}.${signature}.x`, payload, await withHs512({ sub: 'alice' })]
  for (const text of given) {
    const reason = await explained(text)
    for (const hidden of [header, payload, signature, secret]) expect(reason).not.toContain(hidden)
  }
})

test('[C40] while the keys cannot be fetched nothing is said against the token', async () => {
  const token = await new SignJWT({ sub: 'a' })
    .setProtectedHeader({ alg: 'ES256', kid: 'k' })
    .sign((await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])).privateKey)
  const { verdict } = await explainToken(verifierOf({ jwksPublicEndpoint: 'http://127.0.0.1:1/keys' }), token)
  expect(verdict).toBe('unchecked')
})
