import { describe, expect, test } from 'bun:test'
import { api, connectAs, RawClient, sdk, until, userToken } from '../kit/api.ts'
import { inSeconds } from '../kit/index.ts'
import { serveNews } from './news.ts'

describe('clients', () => {
  test('[A18] subscribe puts a user’s sessions into a channel, with data and info; unsubscribe takes them out', async () => {
    const server = await serveNews()
    const client = sdk(server, { token: await userToken('alice') })
    const log: unknown[] = []
    client.on('subscribed', ({ channel, data }) => log.push(['subscribed', channel, data]))
    client.on('publication', ({ channel, data }) => log.push(['publication', channel, data]))
    client.on('unsubscribed', ({ channel }) => log.push(['unsubscribed', channel]))
    client.connect()
    await client.ready()
    const target = { user: 'alice', channel: 'news:a' }
    expect((await api(server, 'subscribe', { ...target, data: { hello: 1 }, info: { seat: 7 } })).body).toEqual({ result: {} })
    await api(server, 'publish', { channel: 'news:a', data: 'in' })
    const { body } = await api(server, 'presence', { channel: 'news:a' })
    expect(JSON.stringify(body)).toContain('"chan_info":{"seat":7}')
    await api(server, 'unsubscribe', target)
    await api(server, 'publish', { channel: 'news:a', data: 'out' })
    await until('log has 3', () => log.length >= 3)
    expect(log).toEqual([
      ['subscribed', 'news:a', { hello: 1 }],
      ['publication', 'news:a', 'in'],
      ['unsubscribed', 'news:a'],
    ])
  })

  test('[A18] subscribe with recover_since brings what was missed', async () => {
    const server = await serveNews()
    const client = await connectAs(server, 'alice')
    const got: unknown[] = []
    client.on('publication', ({ data }) => got.push(data))
    for (const data of [1, 2, 3]) await api(server, 'publish', { channel: 'news:a', data })
    const { body } = await api(server, 'history', { channel: 'news:a' })
    const { epoch } = (body as { result: { epoch: string } }).result
    await api(server, 'subscribe', { user: 'alice', channel: 'news:a', recover_since: { offset: 1, epoch } })
    await until('got has 2', () => got.length === 2)
    expect(got).toEqual([2, 3])
  })

  test('[A19] disconnect closes a user’s sessions for good, but those of the whitelist; a code of one’s own is passed on', async () => {
    const server = await serveNews()
    const one = await connectAs(server, 'alice')
    const two = await connectAs(server, 'alice')
    const bob = await connectAs(server, 'bob')
    const codes: unknown[] = []
    one.on('disconnected', ({ code, reason }) => codes.push([code, reason]))
    two.on('disconnected', ({ code, reason }) => codes.push([code, reason]))
    const idOf = (user: string, index: number) => server.node.sessions.of(user)[index]?.id ?? ''
    await api(server, 'disconnect', { user: 'alice', whitelist: [idOf('alice', 1)] })
    await until('codes has 1', () => codes.length === 1)
    await api(server, 'disconnect', { user: 'alice', client: idOf('alice', 0), disconnect: { code: 4700, reason: 'banned' } })
    await until('codes has 2', () => codes.length === 2)
    expect(codes).toEqual([
      [3503, 'force disconnect'],
      [4700, 'banned'],
    ])
    expect(bob.state as string).toBe('connected')
  })

  test('[A19] disconnect with a code that asks to come back makes the SDK come back', async () => {
    const server = await serveNews()
    const client = await connectAs(server, 'alice')
    const connecting: number[] = []
    client.on('connecting', ({ code }) => connecting.push(code))
    await api(server, 'disconnect', { user: 'alice', disconnect: { code: 4001, reason: 'again' } })
    await until('connecting has 1', () => connecting.length === 1)
    await client.ready()
    expect(connecting).toEqual([4001])
  })

  test('[A20] an event stream is addressed by the session id that it was given', async () => {
    const server = await serveNews()
    const response = await fetch(`${server.url}/sse?channel=news:a&token=${await userToken('alice')}`)
    const reader = response.body?.getReader()
    let text = ''
    const read = async () => {
      const { value, done } = (await reader?.read()) ?? { done: true, value: undefined }
      text += value === undefined ? '' : new TextDecoder().decode(value)
      return done
    }
    while (!text.includes('"connect"')) await read()
    const session = /"session":"([^"]+)"/.exec(text)?.[1] ?? ''
    await api(server, 'disconnect', { user: 'alice', session: 'another' })
    expect(server.node.sessions.of('alice')).toHaveLength(1)
    await api(server, 'disconnect', { user: 'alice', session })
    while (!(await read()));
    expect(text).toContain('"disconnect":{"code":3503')
  })

  test('[A21] refresh moves the end of a session, and expired: true ends it with 3005', async () => {
    const server = await serveNews({ client: { expired_close_delay: '0s' } })
    const exp = inSeconds(600)
    const client = await connectAs(server, 'alice')
    const codes: number[] = []
    client.on('connecting', ({ code }) => codes.push(code))
    await api(server, 'refresh', { user: 'alice', expire_at: exp })
    expect(server.node.sessions.of('alice').map(({ expireAt }) => expireAt)).toEqual([exp * 1000])
    await api(server, 'refresh', { user: 'alice', expired: true })
    await until('codes has 1', () => codes.length === 1)
    expect(codes).toEqual([3005])
  })

  test('[B145] refresh tells the client how long it has, and an end that has passed ends it at once', async () => {
    const server = await serveNews()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice', { exp: inSeconds(60) }) })
    await api(server, 'refresh', { user: 'alice', expire_at: inSeconds(600) })
    await api(server, 'refresh', { user: 'alice', expire_at: 0 })
    await until('both came', () => raw.pushes().length === 2)
    const [first, second] = raw.pushes().map(({ refresh }) => refresh)
    expect(first?.expires).toBe(true)
    expect(first?.ttl).toBeWithin(595, 660)
    expect(second).toEqual({ expires: false })
    await api(server, 'refresh', { user: 'alice', expire_at: inSeconds(-1) })
    expect((await raw.closes()).code).toBe(3005)
  })

  test('[B146] a disconnect may have a code of its own without a reason', async () => {
    const server = await serveNews()
    using raw = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    await api(server, 'disconnect', { user: 'alice', disconnect: { code: 4500 } })
    expect(await raw.closes()).toEqual({ code: 4500, reason: '' })
  })
})
