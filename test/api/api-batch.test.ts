import { describe, expect, test } from 'bun:test'
import { api, atEnd, connectAs, testServer, until, userToken } from '../kit/api.ts'
import { serveNews } from './news.ts'

describe('batch', () => {
  test('[A22] a batch answers each command in its place, and one that fails does not hold up the rest', async () => {
    const server = await serveNews()
    const { status, body } = await api(server, 'batch', {
      commands: [
        { publish: { channel: 'news:a', data: 1 } },
        { publish: { channel: 'unknown:a', data: 1 } },
        { history: { channel: 'news:a', limit: 5 } },
        { publish: { channel: 'news:a' } },
        { nothing: {} },
        { publish: {}, history: {} },
        { presence_stats: { channel: 'news:a' } },
      ],
    })
    expect(status).toBe(200)
    expect(body).toEqual({
      replies: [
        { publish: { offset: 1, epoch: expect.any(String) } },
        { error: { code: 102, message: 'unknown channel' } },
        { history: { publications: [{ data: 1, offset: 1 }], epoch: expect.any(String), offset: 1 } },
        { error: { code: 107, message: 'bad request: commands[3].publish.data: missing' } },
        { error: { code: 104, message: 'method not found: commands[4].nothing' } },
        { error: { code: 107, message: 'bad request: commands[5]: expected one command' } },
        { presence_stats: { num_clients: 0, num_users: 0 } },
      ],
    })
  })

  test('[A22] a batch that is none is a 400 with the path', async () => {
    const server = await serveNews()
    expect(await api(server, 'batch', { commands: [1] })).toMatchObject({
      status: 400,
      body: { error: { code: 107, message: expect.stringContaining('commands[0]') } },
    })
  })

  test.each(['memory', 'disk'] as const)(
    '[A23] ten publications of one batch are one write to each subscriber (history on %s)',
    async store => {
      const server = await testServer({
        channel: {
          namespaces: [
            { name: 'news', history_size: 100, history_ttl: '1m', history_store: store, allow_subscribe_for_client: true },
            { name: 'plain', allow_subscribe_for_client: true },
          ],
        },
      })
      const frames: string[] = []
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/connection/websocket`)
      atEnd(() => socket.close())
      socket.onmessage = ({ data }) => frames.push(String(data))
      await new Promise(resolve => {
        socket.onopen = resolve
      })
      socket.send(`{"id":1,"connect":{"token":"${await userToken('alice')}"}}\n{"id":2,"subscribe":{"channel":"news:a"}}`)
      await until('it is subscribed', () => frames.join().includes('"id":2'))
      for (const parallel of [false, true]) {
        const before = frames.length
        const commands = Array.from({ length: 10 }, (_, n) => ({ publish: { channel: 'news:a', data: n } }))
        const writes = server.node.counters.writes
        await api(server, 'batch', { commands, parallel })
        await until('ten publications are there', () => frames.slice(before).join('\n').split('"pub"').length === 11)
        expect(frames.length - before).toBe(1)
        expect(server.node.counters.writes - writes).toBe(1)
        const order = [...(frames.at(-1) ?? '').matchAll(/"data":(\d)/g)].map(match => Number(match[1]))
        expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      }
    },
  )

  test('[A24] commands of a batch follow each other: what is published after a subscribe arrives, and history shows what was published before', async () => {
    const server = await serveNews()
    const client = await connectAs(server, 'alice')
    const got: unknown[] = []
    client.on('publication', ({ data }) => got.push(data))
    const { body } = await api(server, 'batch', {
      commands: [
        { subscribe: { user: 'alice', channel: 'news:new' } },
        { publish: { channel: 'news:new', data: 'first' } },
        { history: { channel: 'news:new' } },
        { unsubscribe: { user: 'alice', channel: 'news:new' } },
        { publish: { channel: 'news:new', data: 'second' } },
      ],
    })
    expect(body).toMatchObject({ replies: [{}, {}, { history: { offset: 1 } }, {}, { publish: { offset: 2 } }] })
    await until('got has 0 more', () => got.length > 0)
    await client.rpc('nothing', {}).catch(() => undefined)
    expect(got).toEqual(['first'])
  })
})
