import { expect, test } from 'bun:test'
import { apiKey, inSeconds, RawClient, sign, startServer, until, userToken } from '../kit/index.ts'

const yearS = 365 * 24 * 3600
/** As some back ends write "for ever"; more seconds than the 32 bits in which typed clients count them. */
const forEver = 9_999_999_999
const ttlOf = (answer: unknown) => Reflect.get(Object(answer), 'ttl')

test('[B201] a time that is left is told as a year at most, which every client can count: to connect, refresh, subscribe and sub_refresh', async () => {
  await using server = await startServer({ channel: { without_namespace: {} } })
  const token = await userToken('alice', { exp: forEver })
  using raw = await RawClient.open(server.wsUrl)
  expect((await raw.call({ connect: { token } })).connect).toMatchObject({ expires: true, ttl: yearS })
  expect((await raw.call({ refresh: { token } })).refresh).toMatchObject({ expires: true, ttl: yearS })
  const grant = await sign({ sub: 'alice', channel: '$a', exp: forEver, expire_at: Number.MAX_VALUE })
  expect((await raw.call({ subscribe: { channel: '$a', token: grant } })).subscribe).toMatchObject({ expires: true, ttl: yearS })
  expect((await raw.call({ sub_refresh: { channel: '$a', token: grant } })).sub_refresh).toEqual({ expires: true, ttl: yearS })
  const soon = await sign({ sub: 'alice', channel: '$a', exp: inSeconds(100) })
  expect(ttlOf((await raw.call({ sub_refresh: { channel: '$a', token: soon } })).sub_refresh)).toBeWithin(90, 160)
})

test('[B201] and so it is told by the server API, while the connection lasts as long as it was given', async () => {
  await using server = await startServer()
  using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice', { exp: inSeconds(100) }) })
  await fetch(`${server.url}/api/refresh`, {
    method: 'POST',
    headers: { 'X-API-Key': apiKey },
    body: JSON.stringify({ user: 'alice', expire_at: forEver }),
  })
  const { push } = await until('the push is there', () => raw.messages.find(message => message.push !== undefined))
  expect(push).toMatchObject({ refresh: { expires: true, ttl: yearS } })
  expect(server.node.sessions.all()[0]?.expireAt).toBe(forEver * 1000)
})
