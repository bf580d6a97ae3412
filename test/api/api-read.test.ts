import { describe, expect, test } from 'bun:test'
import { api, connectAs, subscribeTo, until } from '../kit/api.ts'
import { serveNews } from './news.ts'

describe('reading', () => {
  test('[A13] history pages forward from a position, backward from the end, and answers the position alone without a limit', async () => {
    const server = await serveNews()
    for (let n = 1; n <= 5; n++) await api(server, 'publish', { channel: 'news:a', data: n, tags: { n: String(n) } })
    const offsets = async (query: object) => {
      const { body } = await api(server, 'history', { channel: 'news:a', ...query })
      const { result } = body as { result: { publications: { offset: number }[]; epoch: string; offset: number } }
      expect(result.offset).toBe(5)
      return result.publications.map(({ offset }) => offset)
    }
    expect(await offsets({})).toEqual([])
    expect(await offsets({ limit: -1 })).toEqual([1, 2, 3, 4, 5])
    expect(await offsets({ limit: 2 })).toEqual([1, 2])
    expect(await offsets({ limit: 2, since: { offset: 2 } })).toEqual([3, 4])
    expect(await offsets({ limit: 2, reverse: true })).toEqual([5, 4])
    expect(await offsets({ limit: 2, reverse: true, since: { offset: 4, epoch: '' } })).toEqual([3, 2])
    const { body } = await api(server, 'history', { channel: 'news:a', limit: 1 })
    expect(body).toMatchObject({ result: { publications: [{ data: 1, offset: 1, tags: { n: '1' } }] } })
  })

  test('[A14] history_remove forgets the publications and keeps the position', async () => {
    const server = await serveNews()
    await api(server, 'publish', { channel: 'news:a', data: 1 })
    expect((await api(server, 'history_remove', { channel: 'news:a' })).body).toEqual({ result: {} })
    expect((await api(server, 'history', { channel: 'news:a', limit: 9 })).body).toMatchObject({ result: { publications: [], offset: 1 } })
    expect((await api(server, 'publish', { channel: 'news:a', data: 2 })).body).toMatchObject({ result: { offset: 2 } })
  })

  test('[A15] presence names who is in a channel, presence_stats counts clients and users', async () => {
    const server = await serveNews()
    const clients = [await connectAs(server, 'alice'), await connectAs(server, 'alice'), await connectAs(server, 'bob')]
    for (const client of clients) await subscribeTo(client, 'news:a')
    await until('three clients are present', async () =>
      JSON.stringify((await api(server, 'presence_stats', { channel: 'news:a' })).body).includes('"num_clients":3'),
    )
    expect((await api(server, 'presence_stats', { channel: 'news:a' })).body).toEqual({ result: { num_clients: 3, num_users: 2 } })
    const { body } = await api(server, 'presence', { channel: 'news:a' })
    const users = Object.values((body as { result: { presence: Record<string, { user: string }> } }).result.presence).map(
      ({ user }) => user,
    )
    expect(users.sort()).toEqual(['alice', 'alice', 'bob'])
  })

  test('[A16] channels lists what has subscribers, by pattern, with how many', async () => {
    const server = await serveNews()
    const alice = await connectAs(server, 'alice')
    for (const channel of ['news:a', 'news:ab', 'plain:a']) await subscribeTo(alice, channel)
    const { subscription } = await subscribeTo(await connectAs(server, 'bob'), 'news:a')
    const list = async (pattern?: string) =>
      ((await api(server, 'channels', pattern === undefined ? {} : { pattern })).body as { result: { channels: object } }).result.channels
    expect(await list()).toEqual({ 'news:a': { num_clients: 2 }, 'news:ab': { num_clients: 1 }, 'plain:a': { num_clients: 1 } })
    expect(Object.keys(await list('news:*')).sort()).toEqual(['news:a', 'news:ab'])
    expect(Object.keys(await list('{plain,news}:?')).sort()).toEqual(['news:a', 'plain:a'])
    expect(await list('other:*')).toEqual({})
    subscription.unsubscribe()
    await until('one subscriber is left', async () => JSON.stringify(await list('news:a')) === '{"news:a":{"num_clients":1}}')
  })

  test('[A17] info tells of the node: clients, users, channels, subscriptions, uptime', async () => {
    const server = await serveNews()
    await subscribeTo(await connectAs(server, 'alice'), 'news:a')
    await subscribeTo(await connectAs(server, 'alice'), 'news:a')
    const { body } = await api(server, 'info', '')
    expect(body).toMatchObject({
      result: {
        nodes: [
          {
            uid: server.node.id,
            name: expect.any(String),
            version: expect.any(String),
            num_clients: 2,
            num_users: 1,
            num_channels: 1,
            num_subs: 2,
            uptime: expect.any(Number),
          },
        ],
      },
    })
  })
})
