import { describe, expect, test } from 'bun:test'
import { api, atEnd, testServer, until } from '../kit/api.ts'
import { FetchedStream, userToken } from '../kit/index.ts'
import { type Asked, BackEnd, status } from './back-end.ts'

const history = { history_size: 10, history_ttl: '1m' }
const namespaces = [
  { name: 'asked', subscribe_hook: true, ...history },
  { name: 'open', allow_subscribe_for_client: true, ...history },
]

/** A back end that fails for the channels in `failing`, and refuses those in `refused`. */
async function start(client: object = {}) {
  const failing = new Set<string>()
  const refused = new Set<string>()
  /** Those of which one question is answered when the test says so. */
  const slow = new Set<string>()
  const held: (() => void)[] = []
  const channelOf = ({ body }: Asked) => String(body.channel)
  const backEnd = new BackEnd().on('subscribe', asked => {
    if (failing.has(channelOf(asked))) return status(500)
    if (slow.delete(channelOf(asked))) return new Promise(resolve => held.push(() => resolve({ result: {} })))
    return refused.has(channelOf(asked)) ? { error: { code: 103, message: 'not for you' } } : { result: {} }
  })
  const server = await testServer({
    hooks: backEnd.hooks(['subscribe'], { retries: 0 }),
    client,
    channel: { namespaces },
    sse: { channel_retry: '20ms' },
  })
  const token = await userToken('alice')
  const stream = (channels: readonly string[], lastEventId = '', as = token) => {
    const query = channels.map(channel => `channel=${channel}`).join('&')
    const opened = new FetchedStream(`${server.url}/sse?${query}&token=${as}`, lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId })
    atEnd(() => opened[Symbol.dispose]())
    return opened
  }
  const change = async (session: string, body: object) => {
    const headers = { Authorization: `Bearer ${token}` }
    const response = await fetch(`${server.url}/sse/${session}/subscriptions`, { method: 'POST', headers, body: JSON.stringify(body) })
    return response.json() as Promise<unknown>
  }
  const asksOf = (channel: string) => backEnd.of('subscribe').filter(asked => channelOf(asked) === channel).length
  /** A channel that goes on failing is asked for again and again: as long as that takes, nobody asks for another. */
  const settles = async (failed: string) => {
    const before = asksOf(failed)
    await until('it was asked for again', () => asksOf(failed) >= before + 3)
  }
  return { server, failing, refused, slow, held, token, stream, change, asksOf, settles }
}

describe('a stream of which one channel cannot be decided on for the moment', () => {
  test('[E53] goes on with the others; the server asks again for the one, and puts it in with all that was missed', async () => {
    const { server, failing, stream, asksOf } = await start()
    const channels = ['asked:bad', 'asked:good', 'open:a']
    const before = stream(channels)
    await before.opened()
    await server.publish('asked:bad', 1)
    await until('it came', () => before.data('asked:bad').length === 1)
    before[Symbol.dispose]()
    await server.publish('asked:bad', 2)

    failing.add('asked:bad')
    const [goodAsked, badAsked] = [asksOf('asked:good'), asksOf('asked:bad')]
    const during = stream(channels, before.lastEventId)
    const { subs } = await during.opened()
    expect(subs['asked:bad']?.error).toMatchObject({ code: 100, temporary: true })
    await server.publish('open:a', 'live')
    await until('the others live', () => during.data('open:a').length === 1)
    await until('it was asked for again', () => asksOf('asked:bad') >= badAsked + 3)
    expect([during.ended, asksOf('asked:good')]).toEqual([false, goodAsked + 1])
    // Who is cut off meanwhile has not lost the place.
    const cut = during.lastEventId

    failing.clear()
    await until('it is in', () => during.pushes.some(({ channel, subscribe }) => channel === 'asked:bad' && subscribe !== undefined))
    const entry = during.pushes.find(({ subscribe }) => subscribe !== undefined)?.subscribe
    expect([entry?.recovered, entry?.publications?.map(({ data }) => data)]).toEqual([true, [2]])
    await server.publish('asked:bad', 3)
    await until('it is live', () => during.data('asked:bad').length === 1)
    expect(during.data('asked:bad')).toEqual([3])
    const after = stream(channels, cut)
    expect((await after.opened()).subs['asked:bad']?.recovered).toBe(true)
    expect(after.data('asked:bad')).toEqual([2, 3])
    const latest = stream(channels, during.lastEventId)
    expect((await latest.opened()).subs['asked:bad']).toMatchObject({ recovered: true, publications: [] })
  })

  test('[E54] says so where it is refused in the end, and asks no more; nor for one that was taken off the list, ended by the server, or whose stream is over', async () => {
    const { server, failing, refused, stream, change, asksOf, settles } = await start()
    const late = ['asked:refused', 'asked:removed', 'asked:ended', 'asked:over', 'asked:clock']
    for (const channel of late) failing.add(channel)
    const other = stream(['asked:over', 'open:a'])
    const { client } = await other.opened()
    const one = stream(['open:a', ...late.filter(channel => channel !== 'asked:over')])
    const { session } = await one.opened()

    refused.add('asked:refused')
    failing.delete('asked:refused')
    await until('it is said', () => one.pushes.some(({ channel }) => channel === 'asked:refused'))
    expect(one.pushes.find(({ channel }) => channel === 'asked:refused')).toMatchObject({
      error: { code: 103, message: 'not for you' },
    } as never)
    expect(await change(session, { rev: 1, op: 'remove', channels: ['asked:removed'] })).toMatchObject({ rev: 1 })
    await api(server, 'unsubscribe', { user: 'alice', channel: 'asked:ended' })
    await api(server, 'disconnect', { user: 'alice', client })
    await until('the other has ended', () => other.ended)
    await until('it is said', () => one.pushes.some(({ channel }) => channel === 'asked:ended'))

    const asked = late.map(asksOf)
    await settles('asked:clock')
    expect(late.map(asksOf).slice(0, -1)).toEqual(asked.slice(0, -1))
    failing.clear()
    await until('the last is in', () => one.pushes.some(({ channel, subscribe }) => channel === 'asked:clock' && subscribe !== undefined))
    expect(one.pushes.flatMap(({ channel, subscribe }) => (subscribe === undefined ? [] : [channel]))).toEqual(['asked:clock'])
    const back = stream(['open:a', ...late], one.lastEventId)
    expect(Object.keys((await back.opened()).subs).sort()).toEqual(['asked:clock', 'asked:ended', 'open:a'])
  })

  test('[E55] keeps its place on the list while it waits, through a change and a reconnect', async () => {
    const { failing, stream, change } = await start()
    failing.add('asked:late')
    const one = stream(['open:a', 'asked:late'])
    const { session } = await one.opened()
    expect(await change(session, { rev: 1, op: 'add', channels: ['open:b', 'asked:late'] })).toMatchObject({
      accepted: ['open:b', 'asked:late'],
    })
    await until('the barrier came', () => one.pushes.some(push => Reflect.get(push, 'subs')?.rev === 1))
    one[Symbol.dispose]()
    const back = stream(['open:a', 'asked:late'], one.lastEventId)
    expect(Object.keys((await back.opened()).subs).sort()).toEqual(['asked:late', 'open:a', 'open:b'])
    failing.clear()
    await until('it is in', () => back.pushes.some(({ channel, subscribe }) => channel === 'asked:late' && subscribe !== undefined))
  })

  test('[E70] may be taken off the list and put on it again while somebody is being asked about it', async () => {
    const { server, failing, slow, held, stream, change } = await start()
    failing.add('asked:late')
    const one = stream(['open:a', 'asked:late'])
    const { session } = await one.opened()
    slow.add('asked:late')
    failing.clear()
    await until('it is being asked about', () => held.length === 1)
    await change(session, { rev: 1, op: 'remove', channels: ['asked:late'] })
    expect(await change(session, { rev: 2, op: 'add', channels: ['asked:late'] })).toEqual({
      rev: 2,
      accepted: ['asked:late'],
      rejected: [],
    })
    for (const answer of held) answer()
    await change(session, { rev: 3, op: 'add', channels: ['open:b'] })
    await server.publish('asked:late', 'live')
    await until('it is live', () => one.data('asked:late').length > 0)
    expect(one.pushes.filter(({ channel }) => channel === 'asked:late').map(push => ('subscribe' in push ? 'subscribe' : 'pub'))).toEqual([
      'subscribe',
      'pub',
    ])
  })

  test('[E71] is asked for again at the cost of its user, and waits where the rate is spent', async () => {
    const { server, failing, token, stream, asksOf } = await start({ user_command_rate: { per_second: 1, burst: 200 } })
    const many = Array.from({ length: 50 }, (_, n) => `asked:${n}`)
    for (const channel of [...many, 'asked:clock']) failing.add(channel)
    // Another user's has a rate of its own, and says how often each of these would be asked for.
    await stream(['open:a', 'asked:clock'], '', await userToken('bob')).opened()
    await stream(['open:a', ...many]).opened()
    const call = () => fetch(`${server.url}/rpc/nothing`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } })
    await until('the rate is spent', async () => (await call()).status === 429)
    const asks = () => many.reduce((sum, channel) => sum + asksOf(channel), 0)
    const [before, ofOther] = [asks(), asksOf('asked:clock')]
    await until('the other is asked for', () => asksOf('asked:clock') >= ofOther + 4)
    expect(asks() - before).toBeLessThan(many.length * 2)
  })
})
