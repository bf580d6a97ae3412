import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { SteppedClock } from '../../kit/index.ts'
import { CommandError } from '../../protocol/index.ts'
import { TokenVerifier } from './tokens.ts'

const none = { hmacSecretKey: undefined, jwksPublicEndpoint: undefined, audience: undefined, issuer: undefined }

describe('keys that rotate', () => {
  let keys: JWK[] = []
  let fetches = 0
  let answer: (() => Response) | undefined
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => {
      fetches++
      return answer?.() ?? Response.json({ keys })
    },
  })
  afterAll(() => server.stop(true))

  const signerOf = async (kid: string) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }
    return { jwk, sign: (name = kid) => new SignJWT({ sub: kid }).setProtectedHeader({ alg: 'ES256', kid: name }).sign(privateKey) }
  }
  let clock = new SteppedClock()
  let verifier: TokenVerifier
  beforeEach(() => {
    clock = new SteppedClock()
    const token = { ...none, jwksPublicEndpoint: `http://127.0.0.1:${server.port}/keys` }
    verifier = new TokenVerifier({ token, subscriptionToken: token }, clock)
    fetches = 0
    answer = undefined
  })
  const outcome = (token: string) =>
    verifier.connection(token).then(
      ({ kind }) => kind,
      error => (error instanceof CommandError ? error.toReply() : error),
    )
  const temporary = { code: 100, message: expect.stringContaining('the public keys'), temporary: true }

  test('[B205] a token of a key that came since the last fetch is refused for the moment, and opens once the keys may be fetched again', async () => {
    const [a, b] = [await signerOf('a'), await signerOf('b')]
    keys = [a.jwk]
    expect(await outcome(await a.sign())).toBe('valid')
    keys = [a.jwk, b.jwk]
    expect(await outcome(await b.sign())).toEqual(temporary)
    expect(await outcome(await a.sign())).toBe('valid')
    clock.advance(5_000)
    expect(await outcome(await b.sign())).toBe('valid')
    expect(fetches).toBe(2)
  })

  test('[B205] invented names make nobody else wait longer, and have the keys fetched once in five seconds at most', async () => {
    const [a, b] = [await signerOf('a'), await signerOf('b')]
    keys = [a.jwk]
    expect(await outcome(await a.sign())).toBe('valid')
    for (let turn = 0; turn < 20; turn++) {
      clock.advance(1_000)
      if (turn === 11) keys = [a.jwk, b.jwk]
      await outcome(await a.sign(`invented ${turn}`))
    }
    expect(fetches).toBe(5)
    expect(await outcome(await b.sign())).toBe('valid')
    expect(fetches).toBe(5)
  })

  test('[B205] a name that nobody has is invalid once the keys were fetched for it, and so is one of another algorithm', async () => {
    const a = await signerOf('a')
    keys = [{ ...a.jwk, alg: 'ES384' }]
    expect(await outcome(await a.sign('nobody'))).toBe('invalid')
    expect(await outcome(await a.sign('a'))).toBe('invalid')
    expect(await outcome(await a.sign('nobody'))).toEqual(temporary)
    clock.advance(5_000)
    expect(await outcome(await a.sign('nobody'))).toBe('invalid')
  })

  test('[B206] an answer with too much in it, none that is a key set, and a redirect are as no answer, and are no more than read', async () => {
    const a = await signerOf('a')
    keys = [a.jwk]
    const token = await a.sign()
    let sent = 0
    const endless = new ReadableStream({
      pull: controller => {
        sent += 65_536
        controller.enqueue(new Uint8Array(65_536).fill(32))
      },
    })
    const answers = [
      () => new Response(endless),
      () => new Response('no JSON'),
      () => Response.json({ keys: 'none' }),
      () => Response.redirect(`http://127.0.0.1:${server.port}/elsewhere`),
    ]
    for (const given of answers) {
      answer = given
      expect(await outcome(token)).toEqual(temporary)
    }
    expect(sent).toBeLessThan(16 * 1024 * 1024)
    answer = undefined
    expect(await outcome(token)).toBe('valid')
  })

  test('[B206] many who come at once are served by one fetch, and a key that was withdrawn opens nothing after ten minutes', async () => {
    const [a, b] = [await signerOf('a'), await signerOf('b')]
    keys = [a.jwk]
    const token = await a.sign()
    expect(await Promise.all(Array.from({ length: 50 }, () => outcome(token)))).toEqual(Array(50).fill('valid'))
    expect(fetches).toBe(1)
    keys = [b.jwk]
    clock.advance(599_000)
    expect(await outcome(token)).toBe('valid')
    clock.advance(1_000)
    expect(await outcome(token)).toBe('invalid')
  })
})
