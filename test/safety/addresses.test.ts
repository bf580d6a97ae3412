import { describe, expect, test } from 'bun:test'
import { testServer } from '../kit/api.ts'
import { FetchedStream, RawClient, until, userToken } from '../kit/index.ts'

const namespaces = [
  { name: 'open', allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true },
  { name: 'members', allow_subscribe_for_client: true },
]
/** Everything comes from 127.0.0.1 here, which stands for a proxy in front. */
const behindProxy = (client: object = {}, more: object = {}) =>
  testServer({ channel: { namespaces }, client: { trusted_proxies: ['127.0.0.1', '10.0.0.0/8'], ...client }, ...more })
const from = (address: string) => ({ 'X-Forwarded-For': address })

describe('who a client is behind a proxy', () => {
  const once = { user_command_rate: { per_second: 1, burst: 1 } }
  const ask = async (server: { url: string }, headers: Record<string, string>) =>
    (await fetch(`${server.url}/rpc/none`, { method: 'POST', headers })).status

  test('[F92] the list is read from the right, and the first address that is no trusted proxy is the client', async () => {
    const server = await behindProxy(once)
    expect(await ask(server, from('198.51.100.1'))).toBe(404)
    expect(await ask(server, from('198.51.100.1'))).toBe(429)
    // What stands left of it the client may have written itself.
    for (const forged of ['203.0.113.9, 198.51.100.1', '203.0.113.9,198.51.100.1:4711, 10.1.2.3', '::ffff:198.51.100.1'])
      expect([forged, await ask(server, from(forged))]).toEqual([forged, 429])
    expect(await ask(server, from('198.51.100.2'))).toBe(404)
    expect(await ask(server, { Forwarded: 'for=198.51.100.3;proto=https' })).toBe(404)
    expect(await ask(server, { Forwarded: 'for=198.51.100.9, proto=https;For="198.51.100.3:80"' })).toBe(429)
    // A proxy that writes one header passes the other on as the client sent it.
    expect(await ask(server, { Forwarded: 'for=198.51.100.4', ...from('198.51.100.1') })).toBe(429)
    expect(await ask(server, { Forwarded: 'for="[2001:db8:1:2::1]:80"' })).toBe(404)
    expect(await ask(server, from('2001:db8:1:2:ffff::2'))).toBe(429)
    expect(await ask(server, from('2001:db8:1:3::1'))).toBe(404)
  })

  test('[F92] a trusted proxy is never limited as a client, and nobody else is believed', async () => {
    const server = await behindProxy({ ...once, address_connection_rate: { per_second: 1, burst: 1 } })
    for (let n = 0; n < 5; n++) {
      expect(await ask(server, {})).toBe(404)
      expect(await ask(server, from('unknown'))).toBe(404)
      expect((await fetch(`${server.url}/sse?channel=members:a`)).status).toBe(403)
    }
    const direct = await testServer({ client: once })
    expect(await ask(direct, from('198.51.100.1'))).toBe(404)
    expect(await ask(direct, from('198.51.100.2'))).toBe(429)
  })

  test('[F80] a user who is called like an address does not share its rate', async () => {
    const server = await behindProxy(once)
    expect(await ask(server, { ...from('198.51.100.1'), Authorization: `Bearer ${await userToken('address:198.51.100.1')}` })).toBe(404)
    expect(await ask(server, from('198.51.100.1'))).toBe(404)
  })

  test('[F93] tokens that are no good are counted by address, and then not looked at', async () => {
    const server = await behindProxy({ address_failed_token_rate: { per_second: 1, burst: 3 } })
    const show = (address: string, token: string) => ask(server, { ...from(address), Authorization: `Bearer ${token}` })
    const good = await userToken('ada')
    const answers: number[] = []
    for (let n = 0; n < 5; n++) answers.push(await show('198.51.100.1', 'rubbish'))
    expect(answers).toEqual([401, 401, 401, 429, 429])
    expect([await show('198.51.100.1', good), await show('198.51.100.2', good)]).toEqual([429, 404])
    const stream = await fetch(`${server.url}/sse?channel=open:a&token=rubbish`, { headers: from('198.51.100.1') })
    expect(stream.status).toBe(429)
    using client = await RawClient.open(server.wsUrl, { headers: from('198.51.100.1') })
    expect((await client.call({ connect: { token: good } })).error?.code).toBe(111)
  })
})

describe('room', () => {
  test('[F94] a stream without an accepted channel is not opened, with a status that an EventSource does not try again after', async () => {
    const server = await testServer({ channel: { namespaces } })
    const none = await fetch(`${server.url}/sse`)
    expect([none.status, await none.json()]).toEqual([
      400,
      { error: { code: 107, message: 'bad request: channel: name at least one' }, subs: {} },
    ])
    const refused = await fetch(`${server.url}/sse?channel=members:a&channel=nowhere:b`, { headers: { Accept: 'text/event-stream' } })
    expect([refused.status, await refused.json()]).toMatchObject([
      403,
      { error: { code: 103 }, subs: { 'members:a': { error: { code: 103 } }, 'nowhere:b': { error: { code: 102 } } } },
    ])
    expect(server.node.sessions.size).toBe(0)
    using partly = new FetchedStream(`${server.url}/sse?channel=members:a&channel=open:b`)
    expect(Object.keys((await partly.opened()).subs)).toEqual(['members:a', 'open:b'])
  })

  test('[F95] strangers of one address have a limited number of connections, and neither others nor known users are kept out by them', async () => {
    const server = await behindProxy({ address_connection_limit: 3, allow_anonymous_connect_without_token: true })
    const open = (address: string, headers: Record<string, string> = {}) =>
      new FetchedStream(`${server.url}/sse?channel=open:a`, { ...from(address), ...headers })
    const streams = Array.from({ length: 3 }, () => open('198.51.100.1'))
    for (const stream of streams) await stream.opened()
    expect((await open('198.51.100.1').response).status).toBe(503)
    // The others behind the address will go: clients come back.
    expect((await open('198.51.100.1', { Accept: 'text/event-stream' }).response).status).toBe(200)
    using socket = await RawClient.open(server.wsUrl, { headers: from('198.51.100.1') })
    socket.send({ id: 1, connect: {} })
    expect((await socket.closes()).code).toBe(3013)
    streams.push(open('198.51.100.2'), open('198.51.100.1', { Authorization: `Bearer ${await userToken('ada')}` }))
    for (const stream of streams) await stream.opened()
    streams[0]?.[Symbol.dispose]()
    await until('one has gone', () => server.node.sessions.room.strangers === 3)
    streams.push(open('198.51.100.1'))
    await streams.at(-1)?.opened()
    for (const stream of streams) stream[Symbol.dispose]()
    await until('all have gone', () => server.node.sessions.size === 0)
    expect(server.node.sessions.room.strangers).toBe(0)
  })

  test('[F95] so have sockets that do not say who they are', async () => {
    const server = await behindProxy({ address_connection_limit: 2 })
    using first = await RawClient.open(server.wsUrl, { headers: from('198.51.100.1') })
    using second = await RawClient.open(server.wsUrl, { headers: from('198.51.100.1') })
    await expect(RawClient.open(server.wsUrl, { headers: from('198.51.100.1') })).rejects.toThrow('refused')
    using other = await RawClient.open(server.wsUrl, { headers: from('198.51.100.2') })
    expect((await first.call({ connect: { token: await userToken('ada') } })).error).toBeUndefined()
    using third = await RawClient.open(server.wsUrl, { headers: from('198.51.100.1') })
    expect([second.closedWith, other.closedWith, third.closedWith]).toEqual([undefined, undefined, undefined])
  })

  test('[F96] a part of the room is kept for known users', async () => {
    const server = await testServer({
      channel: { namespaces },
      client: { connection_limit: 10, allow_anonymous_connect_without_token: true },
    })
    const strangers = Array.from({ length: 8 }, () => new FetchedStream(`${server.url}/sse?channel=open:a`))
    for (const stream of strangers) await stream.opened()
    const refused = await fetch(`${server.url}/sse?channel=open:a`)
    expect([refused.status, refused.headers.has('retry-after')]).toEqual([503, true])
    using socket = await RawClient.open(server.wsUrl)
    socket.send({ id: 1, connect: {} })
    expect((await socket.closes()).code).toBe(3013)
    using ada = await RawClient.connect(server.wsUrl, { token: await userToken('ada') })
    expect(ada.closedWith).toBeUndefined()
    for (const stream of strangers) stream[Symbol.dispose]()
  })
})
