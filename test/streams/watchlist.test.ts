import { describe, expect, test } from 'bun:test'
import { between, seededRandom } from '../../src/kit/index.ts'
import { encodeCursor } from '../../src/protocol/index.ts'
import { FetchedStream, startServer, type TestServer, until, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const
const namespaces = [
  { name: 'kept', ...open, history_size: 1000, history_ttl: '10m' },
  { name: 'board', ...open, delivery: 'conflated' as const, interval: '10ms' },
  { name: 'members', allow_subscribe_for_client: true },
]
const start = (client = {}) => startServer({ client, channel: { namespaces }, sse: { watchlist_linger: '60s' } })

interface Change {
  readonly rev: number
  readonly op: 'add' | 'remove' | 'replace'
  readonly channels: readonly string[]
}

interface Reply {
  readonly rev?: number
  readonly accepted?: readonly string[]
  readonly rejected?: readonly { readonly channel: string; readonly code: number }[]
  readonly error?: { readonly code: number; readonly message: string }
}

async function change(server: TestServer, session: string, body: Change | object, token?: string): Promise<Reply & { status: number }> {
  const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` }
  const response = await fetch(`${server.url}/sse/${session}/subscriptions`, { method: 'POST', headers, body: JSON.stringify(body) })
  const reply = (await response.json()) as Reply
  return { status: response.status, ...reply }
}

const barrierAt = (stream: FetchedStream, rev: number) => stream.pushes.findIndex(push => Reflect.get(push, 'subs')?.rev === rev)

describe('a watchlist', () => {
  test('[E20] channels can be added, removed and replaced while the stream is live, and the stream carries the barrier', async () => {
    await using server = await start()
    await server.publish('board:x', { bid: 1 }, { key: 'K' })
    using stream = new FetchedStream(`${server.url}/sse?channel=kept:a`)
    const { session } = await stream.opened()
    expect(await change(server, session, { rev: 1, op: 'add', channels: ['kept:b', 'board:x', 'members:c', 'nowhere:d'] })).toEqual({
      status: 200,
      rev: 1,
      accepted: ['kept:b', 'board:x'],
      rejected: [
        { channel: 'members:c', code: 103, message: 'permission denied' },
        { channel: 'nowhere:d', code: 102, message: 'unknown channel' },
      ],
    } as never)
    await until('the barrier came', () => barrierAt(stream, 1) !== -1)
    const subscribed = stream.pushes.filter(push => push.subscribe !== undefined)
    expect(subscribed.map(({ channel }) => channel)).toEqual(['kept:b', 'board:x'])
    expect(subscribed[1]?.subscribe?.data).toEqual({ K: { bid: 1 } })
    for (const name of ['kept:a', 'kept:b']) await server.publish(name, 1)
    await until('both came', () => stream.data('kept:b').length === 1 && stream.data('kept:a').length === 1)
    await change(server, session, { rev: 2, op: 'remove', channels: ['kept:a'] })
    await change(server, session, { rev: 3, op: 'replace', channels: ['kept:b', 'kept:e'] })
    await until('the barrier came', () => barrierAt(stream, 3) !== -1)
    await server.publish('board:x', { bid: 2 }, { key: 'K' })
    for (const name of ['kept:a', 'kept:e', 'kept:b']) await server.publish(name, 2)
    await until('what remains came', () => stream.data('kept:b').length === 2)
    expect([stream.data('kept:a'), stream.data('kept:e'), stream.data('board:x')]).toEqual([[1], [2], []])
  })

  test('[E21] rev rises by one: a repetition gets the same answer and changes nothing, a gap is 409', async () => {
    await using server = await start()
    using stream = new FetchedStream(`${server.url}/sse?channel=kept:a`)
    const { session } = await stream.opened()
    const first = await change(server, session, { rev: 1, op: 'add', channels: ['kept:b'] })
    expect(await change(server, session, { rev: 1, op: 'add', channels: ['kept:b'] })).toEqual(first)
    expect(await change(server, session, { rev: 3, op: 'add', channels: ['kept:c'] })).toMatchObject({
      status: 409,
      error: { code: 409, message: expect.stringContaining('rev_gap') },
    })
    expect((await change(server, session, { rev: 2, op: 'add', channels: ['kept:c'] })).status).toBe(200)
    expect((await change(server, session, { rev: 1, op: 'add', channels: ['kept:b'] })).status).toBe(409)
    await until('the barrier came', () => barrierAt(stream, 2) !== -1)
    expect(stream.pushes.filter(push => Reflect.get(push, 'subs') !== undefined)).toHaveLength(2)
  })

  test('[E22] only the user of the stream may change it, and only one that is there', async () => {
    await using server = await start()
    const alice = await userToken('alice')
    using stream = new FetchedStream(`${server.url}/sse?channel=kept:a&token=${alice}`)
    const { session } = await stream.opened()
    const body: Change = { rev: 1, op: 'add', channels: ['members:b'] }
    expect((await change(server, session, body)).status).toBe(403)
    expect((await change(server, session, body, await userToken('eve'))).status).toBe(403)
    expect((await change(server, session, body, 'rubbish')).status).toBe(401)
    expect((await change(server, session, body, await userToken('alice', { exp: 1 }))).status).toBe(401)
    expect((await change(server, 'no.such-session', body, alice)).status).toBe(404)
    expect((await change(server, session, body, alice)).accepted).toEqual(['members:b'])
    stream[Symbol.dispose]()
    await until('it is gone', () => server.node.sessions.size === 0)
    expect((await change(server, session, { ...body, rev: 2 }, alice)).status).toBe(404)
  })

  test('[E23] a change that is malformed is 400 with the path of what is wrong, and changes nothing', async () => {
    await using server = await start()
    using stream = new FetchedStream(`${server.url}/sse?channel=kept:a`)
    const { session } = await stream.opened()
    const wrong: [object, string][] = [
      [{ op: 'add', channels: [] }, 'rev'],
      [{ rev: 0, op: 'add', channels: [] }, 'rev'],
      [{ rev: 1.5, op: 'add', channels: [] }, 'rev'],
      [{ rev: 1, op: 'toggle', channels: [] }, 'op'],
      [{ rev: 1, op: 'add' }, 'channels'],
      [{ rev: 1, op: 'add', channels: [1] }, 'channels[0]'],
      [{ rev: 1, op: 'add', channels: 'a' }, 'channels'],
      [{ rev: 1, op: 'add', channels: [], more: 1 }, 'more'],
    ]
    for (const [body, path] of wrong)
      expect(await change(server, session, body)).toMatchObject({
        status: 400,
        error: { code: 107, message: expect.stringContaining(path) },
      })
    expect((await change(server, session, { rev: 1, op: 'add', channels: [''] })).rejected?.[0]?.code).toBe(107)
    expect((await change(server, session, { rev: 2, op: 'add', channels: ['kept:b'] })).status).toBe(200)
  })

  test('[E24] a full watchlist can be replaced by another full one, and more than it holds is refused one by one', async () => {
    await using server = await start({ channel_limit: 4 })
    using stream = new FetchedStream(`${server.url}/sse?channel=kept:1&channel=kept:2&channel=kept:3&channel=kept:4`)
    const { session } = await stream.opened()
    const added = await change(server, session, { rev: 1, op: 'add', channels: ['kept:5'] })
    expect(added.rejected?.map(({ code }) => code)).toEqual([106])
    const next = ['kept:5', 'kept:6', 'kept:7', 'kept:8']
    expect((await change(server, session, { rev: 2, op: 'replace', channels: next })).accepted).toEqual(next)
  })

  test('[E25] channels that the token opened are not the watchlist’s to replace', async () => {
    await using server = await start()
    const token = await userToken('alice', { channels: ['kept:own'] })
    using stream = new FetchedStream(`${server.url}/sse?channel=kept:a&token=${token}`)
    const { session } = await stream.opened()
    for (const rev of [1, 2, 3])
      expect((await change(server, session, { rev, op: 'replace', channels: [`kept:${rev}`] }, token)).status).toBe(200)
    await server.publish('kept:own', 1)
    await until('it still comes', () => stream.data('kept:own').length === 1)
  })

  test('[E26] a changed watchlist survives a broken stream: the cursor brings it back, here and on another server', async () => {
    await using server = await start()
    await using other = await start()
    const token = await userToken('alice')
    const url = (at: TestServer) => `${at.url}/sse?channel=kept:a&token=${token}`
    const stream = new FetchedStream(url(server))
    const { session } = await stream.opened()
    await change(server, session, { rev: 1, op: 'replace', channels: ['kept:b', 'members:c'] }, token)
    await until('the barrier came', () => barrierAt(stream, 1) !== -1)
    await server.publish('kept:b', 1)
    await until('it came', () => stream.data('kept:b').length === 1)
    stream[Symbol.dispose]()
    await until('it is gone', () => server.node.sessions.size === 0)
    await server.publish('kept:b', 2)
    const headers = { 'Last-Event-ID': stream.lastEventId }
    using back = new FetchedStream(url(server), headers)
    const connect = await back.opened()
    expect(Object.keys(connect.subs)).toEqual(['kept:b', 'members:c'])
    expect(connect).toMatchObject({ session, rev: 1 })
    expect(back.data('kept:b')).toEqual([2])
    expect((await change(server, session, { rev: 2, op: 'add', channels: ['kept:d'] }, token)).status).toBe(200)
    using elsewhere = new FetchedStream(url(other), headers)
    const there = await elsewhere.opened()
    expect(Object.keys(there.subs)).toEqual(['kept:b', 'members:c'])
    expect(there.subs['kept:b']).toMatchObject({ recovered: false, was_recovering: true })
    expect((await change(other, there.session, { rev: (there.rev ?? 0) + 1, op: 'add', channels: ['kept:d'] }, token)).status).toBe(200)
  })

  test('[Y60] has each channel once, also where a cursor names it twice', async () => {
    await using server = await start()
    const watchlist = { session: 'gone.stream', rev: 3, channels: ['kept:a', 'kept:b', 'kept:a'] }
    const headers = { 'Last-Event-ID': encodeCursor([], watchlist) }
    using stream = new FetchedStream(`${server.url}/sse?channel=kept:a`, headers)
    const { session, subs } = await stream.opened()
    expect(Object.entries(subs).map(([channel, entry]) => [channel, entry.error])).toEqual([
      ['kept:a', undefined],
      ['kept:b', undefined],
    ])
    await server.publish('kept:a', 1)
    await until('it came', () => stream.data('kept:a').length === 1)
    await change(server, session, { rev: 1, op: 'remove', channels: ['kept:a'] })
    await until('the barrier came', () => barrierAt(stream, 1) !== -1)
    await server.publish('kept:a', 2)
    await server.publish('kept:b', 2)
    await until('the other still comes', () => stream.data('kept:b').length === 1)
    expect(stream.data('kept:a')).toEqual([1])
  })

  test('[E41] whose last channel was taken away comes back to the stream all the same, to be given others', async () => {
    await using server = await start()
    const token = await userToken('alice')
    const url = `${server.url}/sse?channel=kept:a&token=${token}`
    const stream = new FetchedStream(url)
    const { session } = await stream.opened()
    await change(server, session, { rev: 1, op: 'remove', channels: ['kept:a'] }, token)
    await until('the barrier came', () => barrierAt(stream, 1) !== -1)
    stream[Symbol.dispose]()
    await until('it is gone', () => server.node.sessions.size === 0)
    using back = new FetchedStream(url, { 'Last-Event-ID': stream.lastEventId })
    expect((await back.response).status).toBe(200)
    expect((await back.opened()).subs).toEqual({})
    expect((await change(server, session, { rev: 2, op: 'add', channels: ['kept:b'] }, token)).accepted).toEqual(['kept:b'])
  })

  test('[E27] a cursor of somebody else’s stream neither ends that stream nor shows what it may not', async () => {
    await using server = await start()
    using stream = new FetchedStream(`${server.url}/sse?channel=kept:a&token=${await userToken('alice')}`)
    const { session } = await stream.opened()
    await change(server, session, { rev: 1, op: 'add', channels: ['members:c'] }, await userToken('alice'))
    await until('the barrier came', () => barrierAt(stream, 1) !== -1)
    using stolen = new FetchedStream(`${server.url}/sse?channel=kept:a&last_event_id=${stream.lastEventId}`)
    const { subs, session: theirs } = await stolen.opened()
    expect(theirs).not.toBe(session)
    expect(subs['members:c']?.error?.code).toBe(103)
    await server.publish('kept:a', 1)
    await until('the stream goes on', () => stream.data('kept:a').length === 1)
    expect(stream.ended).toBe(false)
  })

  test('[E28] through a thousand random changes under load, nothing of a removed channel comes behind its barrier', async () => {
    await using server = await start()
    const random = seededRandom(20_260_101)
    using stream = new FetchedStream(`${server.url}/sse?channel=kept:0`)
    const { session } = await stream.opened()
    const all = Array.from({ length: 24 }, (_, index) => (index % 3 === 2 ? `board:${index}` : `kept:${index}`))
    const pick = () => all.filter(() => random.next() < 0.15)
    /** What must be watched after each rev. */
    const model: Set<string>[] = [new Set(['kept:0'])]
    let n = 0
    for (let rev = 1; rev <= 1000; rev++) {
      const op = (['add', 'remove', 'replace'] as const)[between(random, 0, 2)] ?? 'add'
      const channels = pick()
      const before = model[rev - 1] ?? new Set()
      const after =
        op === 'add' ? before.union(new Set(channels)) : op === 'remove' ? before.difference(new Set(channels)) : new Set(channels)
      model.push(after)
      const reply = change(server, session, { rev, op, channels })
      for (const name of all) if (random.next() < 0.3) void server.publish(name, { n: ++n })
      expect(await reply).toMatchObject({ status: 200, rev, rejected: [] })
      if (rev % 10 === 0) expect(new Set(server.node.sessions.all()[0]?.subscriptions.keys())).toEqual(after)
    }
    await until('the last barrier came', () => barrierAt(stream, 1000) !== -1)
    let at = 0
    let strays = 0
    let publications = 0
    for (const push of stream.pushes) {
      const rev: unknown = Reflect.get(Object(Reflect.get(push, 'subs')), 'rev')
      if (typeof rev === 'number') {
        expect(rev).toBe(at + 1)
        at = rev
      } else if (push.pub !== undefined && push.channel !== undefined) {
        publications++
        // What is added is live from before its barrier on; what is removed is silent from its barrier on.
        if (!model[at]?.has(push.channel) && !model[at + 1]?.has(push.channel)) strays++
      }
    }
    expect([at, strays]).toEqual([1000, 0])
    expect(publications).toBeGreaterThan(500)
  })
})
