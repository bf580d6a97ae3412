import { describe, expect, test } from 'bun:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { inSeconds, RawClient, Sdk, sign, startServer, tokenSecret, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_publish_for_client: true } as const

describe('connecting with the SDK', () => {
  test('[B1] a token of the shared secret connects, and the reply names client, version, ping and pong', async () => {
    await using server = await startServer()
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
    expect(sdk.states).toEqual(['connecting 0', 'connected'])
    expect(server.node.sessions.all().map(session => session.user)).toEqual(['alice'])
    using raw = await RawClient.open(server.wsUrl)
    const { connect } = await raw.call({ connect: { token: await userToken('bob') } })
    expect(connect).toMatchObject({ client: expect.stringMatching(/^[0-9a-f-]{36}$/), version: expect.any(String), ping: 25, pong: true })
    expect(connect?.expires).toBeUndefined()
    expect(raw.socket.protocol).toBe('centrifuge-json')
  })

  test('[B2] a token of a key in the JWKS connects; one of another key does not', async () => {
    const known = await generateKeyPair('ES256')
    const other = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(known.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
    let asked = 0
    using keys = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => {
        asked++
        return Response.json({ keys: [jwk] })
      },
    })
    await using server = await startServer({ client: { token: { jwks_public_endpoint: `http://127.0.0.1:${keys.port}/keys` } } })
    const token = (key: CryptoKey) => new SignJWT({ sub: 'carol' }).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(key)
    using sdk = await new Sdk(server.wsUrl, { token: await token(known.privateKey) }).connect()
    expect(server.node.sessions.of('carol')).toHaveLength(1)
    using second = await new Sdk(server.wsUrl, { token: await token(known.privateKey) }).connect()
    expect(second.connections + sdk.connections).toBe(2)
    expect(asked).toBe(1)
    using stranger = new Sdk(server.wsUrl, { token: await token(other.privateKey) })
    stranger.client.connect()
    await stranger.reaches('disconnected 3500')
    using confused = new Sdk(server.wsUrl, { token: await userToken('mallory') })
    confused.client.connect()
    await confused.reaches('disconnected 3500')
  })

  test('[B3] a token that is forged, unsigned, not yet valid, or for a subscription is refused with 3500, and the SDK stays away', async () => {
    await using server = await startServer()
    const none = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"alice"}')}.`.replaceAll('=', '')
    const tokens = [
      await sign({ sub: 'alice' }, 'another-secret-of-at-least-32-bytes'),
      none,
      'not a token',
      await sign({ sub: 'alice', nbf: inSeconds(3600) }),
      await sign({ sub: 'alice', channel: 'room' }),
      `${await userToken('alice')}x`,
    ]
    for (const token of tokens) {
      using sdk = new Sdk(server.wsUrl, { token })
      sdk.client.connect()
      await sdk.reaches('disconnected 3500')
      expect(sdk.connections).toBe(0)
    }
  })

  test('[B4] an expired token is answered with 109, and the SDK comes back with a new one, its subscriptions with it', async () => {
    await using server = await startServer({ channel: { without_namespace: open } })
    using sdk = new Sdk(server.wsUrl, {
      token: await userToken('alice', { exp: inSeconds(-60) }),
      getToken: () => userToken('alice', { exp: inSeconds(3600) }),
    })
    const subscription = sdk.subscribe('news')
    await sdk.connect()
    await subscription.ready()
    expect(sdk.errors).toContainEqual({ type: 'connect', code: 109 })
    expect(subscription.states).toEqual(['subscribing 0', 'subscribed'])
  })

  test('[B5] without a token a stranger is refused with 101, is let in where the configuration says so, and as anybody when insecure', async () => {
    await using closed = await startServer()
    using refused = new Sdk(closed.wsUrl)
    refused.client.connect()
    await refused.reaches('disconnected 101')

    await using anonymous = await startServer({
      client: { allow_anonymous_connect_without_token: true },
      channel: { without_namespace: open },
    })
    using stranger = await new Sdk(anonymous.wsUrl).connect()
    const denied = stranger.subscribe('news')
    await denied.reaches('unsubscribed 103')

    await using insecure = await startServer({ client: { insecure: true } })
    using anybody = await new Sdk(insecure.wsUrl).connect()
    await anybody.subscribe('news').ready()
    await anybody.client.publish('news', { n: 1 })
  })

  test('[B6] a name, a version, headers and data may come with a connect, and fields that a newer SDK sends are let pass', async () => {
    await using server = await startServer()
    using sdk = await new Sdk(server.wsUrl, {
      token: await userToken('alice'),
      name: 'browser',
      version: '1.2.3',
      data: { device: 'phone' },
      headers: { 'x-trace': '1' },
    }).connect()
    expect(sdk.connections).toBe(1)
    using raw = await RawClient.open(server.wsUrl)
    const reply = await raw.call({ connect: { token: await userToken('bob'), flag: 3, novelty: { a: 1 } }, trace: 'x' })
    expect(reply.connect).toBeDefined()
  })

  test('[B7] a request that is no upgrade is answered as such', async () => {
    await using server = await startServer()
    expect((await fetch(server.wsUrl.replace('ws', 'http'))).status).toBe(426)
  })

  test('[B73] while the key server is away a connect is answered with 100, and the SDK gets in when it is back', async () => {
    const pair = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
    let isUp = false
    using keys = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => (isUp ? Response.json({ keys: [jwk] }) : new Response('', { status: 503 })),
    })
    await using server = await startServer({ client: { token: { jwks_public_endpoint: `http://127.0.0.1:${keys.port}/keys` } } })
    const token = await new SignJWT({ sub: 'carol' }).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(pair.privateKey)
    using sdk = new Sdk(server.wsUrl, { token })
    sdk.client.connect()
    await until('it was refused for now', () => sdk.errors.some(({ code }) => code === 100))
    isUp = true
    await sdk.reaches('connected')
  })

  test('[B74] subscription tokens may have a key of their own, which opens no connection', async () => {
    const other = 'a-second-secret-for-tests-of-32-bytes'
    await using server = await startServer({
      client: { token: { hmac_secret_key: tokenSecret }, subscription_token: { enabled: true, hmac_secret_key: other } },
      channel: { without_namespace: open },
    })
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
    await sdk.subscribe('$own', { token: await sign({ sub: 'alice', channel: '$own' }, other) }).ready()
    const refused = sdk.subscribe('$other', { token: await sign({ sub: 'alice', channel: '$other' }) })
    await refused.reaches('unsubscribed 103')
    using stranger = new Sdk(server.wsUrl, { token: await sign({ sub: 'alice' }, other) })
    stranger.client.connect()
    await stranger.reaches('disconnected 3500')
  })

  test('[B75] audience and issuer are held where the configuration names them', async () => {
    const token = { hmac_secret_key: tokenSecret, audience: 'fanfare', issuer: 'backend' }
    await using server = await startServer({ client: { token } })
    const outcome = async (claims: object) => {
      using sdk = new Sdk(server.wsUrl, { token: await sign({ sub: 'alice', ...claims }) })
      sdk.client.connect()
      await until('it is decided', () => sdk.states.length === 2)
      return sdk.states[1]
    }
    expect(await outcome({ aud: 'fanfare', iss: 'backend' })).toBe('connected')
    expect(await outcome({ aud: ['other', 'fanfare'], iss: 'backend' })).toBe('connected')
    for (const claims of [{}, { aud: 'fanfare' }, { iss: 'backend' }, { aud: 'other', iss: 'backend' }])
      expect(await outcome(claims)).toBe('disconnected 3500')
  })
})
