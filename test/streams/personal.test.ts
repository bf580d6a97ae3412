import { describe, expect, test } from 'bun:test'
import { atEnd, FetchedStream, RawClient, startServer, userToken } from '../kit/index.ts'

const open = { allow_subscribe_for_client: true, history_size: 100, history_ttl: '10m' } as const
const personal = { enabled: true, personal_channel_namespace: 'own' }

async function start(limit: number, maxLength = 255) {
  const namespaces = [
    { name: 'own', ...open },
    { name: 'kept', ...open },
  ]
  const server = await startServer({
    client: { channel_limit: limit, subscribe_to_user_personal_channel: personal },
    channel: { namespaces, max_length: maxLength },
  })
  atEnd(() => server[Symbol.asyncDispose]())
  return server
}

const refusedIn = (subs: Readonly<Record<string, object>>) => Object.keys(subs).filter(channel => 'error' in (subs[channel] ?? {}))

describe('a full list of channels', () => {
  test('[B215] leaves room for the user’s own channel, on an event stream and with the subscriptions of a token, and for nothing else', async () => {
    const server = await start(8)
    const names = Array.from({ length: 8 }, (_, index) => `kept:${index}`)
    const url = `${server.url}/sse?${names.map(name => `channel=${name}`).join('&')}`
    using stream = new FetchedStream(`${url}&token=${await userToken('alice')}`)
    const { subs } = await stream.opened()
    expect([Object.keys(subs).length, subs['own:#alice']?.error, refusedIn(subs)]).toEqual([9, undefined, []])
    using client = await RawClient.connect(server.wsUrl, {
      token: await userToken('bob', { subs: Object.fromEntries(names.map(name => [name, {}])) }),
    })
    expect(client.closedWith).toBeUndefined()
    await server.publish('own:#bob', 1)
    await server.publish('own:#alice', 1)
    expect(server.node.hub.get('own:#bob')?.live).toBe(1)
    await expect(client.call({ subscribe: { channel: 'kept:8' } })).resolves.toMatchObject({ error: { code: 106 } })
  })

  test('[B216] keeps the place of the user’s own channel in the cursor, however many others there are', async () => {
    const server = await start(128)
    const token = await userToken('alice')
    const url = `${server.url}/sse?${Array.from({ length: 128 }, (_, index) => `channel=kept:${index}`).join('&')}&token=${token}`
    using stream = new FetchedStream(url)
    await stream.opened()
    const { lastEventId } = stream
    stream[Symbol.dispose]()
    await server.publish('own:#alice', 'missed')
    using back = new FetchedStream(url, { 'Last-Event-ID': lastEventId })
    expect((await back.opened()).subs['own:#alice']?.recovered).toBe(true)
    expect(back.data('own:#alice')).toEqual(['missed'])
  })

  test('[E57] of the longest names fits into the URL of an event stream, beside a token, and into a change of its watchlist', async () => {
    const server = await start(128)
    const token = await userToken('alice', { meta: { padding: 'x'.repeat(3000) } })
    const names = (letter: string) => Array.from({ length: 128 }, (_, index) => `kept:${String(index).padEnd(250, letter)}`)
    const query = names('a').map(name => `channel=${name}`)
    using stream = new FetchedStream(`${server.url}/sse?${query.join('&')}&token=${token}`)
    const { session, subs } = await stream.opened()
    expect([Object.keys(subs).length, refusedIn(subs)]).toEqual([129, []])
    const changed = await fetch(`${server.url}/sse/${session}/subscriptions`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}` },
      body: JSON.stringify({ rev: 1, op: 'replace', channels: names('b') }),
    })
    expect(await changed.json()).toMatchObject({ rejected: [] })
  })
})
