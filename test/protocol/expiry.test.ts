import { describe, expect, test } from 'bun:test'
import { inSeconds, quiet, RawClient, Sdk, sign, startServer, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, history_size: 10, history_ttl: '1m' } as const
/** Tokens count until they end, and no longer: what the grace is for is tried by refreshing within it. */
const strict = { expired_close_delay: '0s' } as const

describe('the end of a token while connected', () => {
  test('[B31] the SDK asks for a new token before the old one ends, and the connection stays', async () => {
    await using server = await startServer({ client: { expired_close_delay: '2s' }, channel: { without_namespace: open } })
    let asked = 0
    using sdk = new Sdk(server.wsUrl, {
      token: await userToken('alice', { exp: inSeconds(1) }),
      getToken: () => {
        asked++
        return userToken('alice', { exp: inSeconds(3600) })
      },
    })
    await sdk.connect()
    const [session] = server.node.sessions.all()
    await until('the session was prolonged', () => (session?.expireAt ?? 0) > inSeconds(3000) * 1000)
    expect(asked).toBe(1)
    expect(sdk.connections).toBe(1)
  })

  test('[B32] a connection whose token ended is closed with 3005, and the SDK comes back with a new one', async () => {
    await using server = await startServer({ client: strict, channel: { without_namespace: open } })
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice', { exp: inSeconds(1) }) })
    expect(await raw.closes()).toEqual({ code: 3005, reason: 'connection expired' })
    let asked = 0
    using sdk = new Sdk(server.wsUrl, {
      token: await userToken('bob', { exp: inSeconds(1) }),
      getToken: async () => {
        // The first answer comes too late.
        if (asked++ === 0) await quiet(2500)
        return userToken('bob', { exp: inSeconds(3600) })
      },
    })
    await sdk.connect()
    await sdk.reaches('connecting 3005')
    await until('it is back', () => sdk.connections === 2)
  })

  test('[B33] a refresh tells the new time that is left; of another user, or invalid, it ends the connection; expired, it is error 110', async () => {
    await using server = await startServer({ channel: { without_namespace: open } })
    const connected = async () => RawClient.connect(server.wsUrl, { token: await userToken('alice', { exp: inSeconds(60) }) })
    using raw = await connected()
    const good = await raw.call({ refresh: { token: await userToken('alice', { exp: inSeconds(600) }) } })
    expect(good.refresh).toMatchObject({ expires: true })
    expect(Number(Reflect.get(Object(good.refresh), 'ttl'))).toBeWithin(595, 660)
    expect((await raw.call({ refresh: { token: await userToken('alice', { exp: inSeconds(-60) }) } })).error).toMatchObject({ code: 110 })
    raw.send({ id: 90, refresh: { token: await userToken('eve') } })
    expect(await raw.closes()).toMatchObject({ code: 3500 })
    using other = await connected()
    other.send({ id: 90, refresh: { token: 'rubbish' } })
    expect(await other.closes()).toMatchObject({ code: 3500 })
  })

  test('[B34] a subscription token that ends soon is refreshed by the SDK, and the subscription stays', async () => {
    await using server = await startServer({ channel: { without_namespace: open } })
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
    let asked = 0
    const subscription = await sdk
      .subscribe('$vip', {
        getToken: () => sign({ sub: 'alice', channel: '$vip', exp: inSeconds(asked++ === 0 ? 1 : 3600) }),
      })
      .ready()
    const [session] = server.node.sessions.all()
    const expireAt = () => session?.subscriptions.get('$vip')?.terms.expireAt ?? 0
    await until('the subscription was prolonged', () => expireAt() > inSeconds(3000) * 1000)
    expect(subscription.states).toEqual(['subscribing 0', 'subscribed'])
    expect(asked).toBe(2)
  })

  test('[B35] a subscription that is not refreshed ends with 2501 and the rest of the connection goes on', async () => {
    await using server = await startServer({ client: strict, channel: { without_namespace: open } })
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    const token = await sign({ sub: 'alice', channel: '$vip', exp: inSeconds(1) })
    const { subscribe } = await raw.call({ subscribe: { channel: '$vip', token } })
    expect(subscribe).toMatchObject({ expires: true, ttl: expect.any(Number) })
    await raw.call({ subscribe: { channel: 'news' } })
    await until('it ended', () => raw.pushes('$vip').some(push => push.unsubscribe !== undefined))
    expect(raw.pushes('$vip')[0]?.unsubscribe).toEqual({ code: 2501, reason: 'subscription expired' })
    await server.publish('$vip', 1)
    await server.publish('news', 2)
    await until('the other channel goes on', () => raw.publications('news').length === 1)
    expect(raw.publications('$vip')).toEqual([])
  })

  test('[B36] sub_refresh answers the time that is left, and refuses what a subscribe would refuse', async () => {
    await using server = await startServer({ channel: { without_namespace: open } })
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    const token = (exp: number, more = {}) => sign({ sub: 'alice', channel: '$vip', exp: inSeconds(exp), ...more })
    expect((await raw.call({ sub_refresh: { channel: '$vip', token: await token(60) } })).error?.code).toBe(107)
    await raw.call({ subscribe: { channel: '$vip', token: await token(60) } })
    const good = await raw.call({ sub_refresh: { channel: '$vip', token: await token(600) } })
    expect(Number(Reflect.get(Object(good.sub_refresh), 'ttl'))).toBeWithin(595, 660)
    expect((await raw.call({ sub_refresh: { channel: '$vip', token: await token(-60) } })).error?.code).toBe(109)
    expect((await raw.call({ sub_refresh: { channel: '$vip', token: await token(60, { sub: 'eve' }) } })).error?.code).toBe(103)
    expect((await raw.call({ sub_refresh: { channel: '$vip', token: '' } })).error?.code).toBe(103)
  })
})
