import { describe, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { Browser, eventually, FetchedStream, lacks, type TestServer, testServer, tokenSecret, until, userToken } from '../kit/index.ts'
import { startCentral, startRelay } from '../kit/servers/tree.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const
const namespaces = [{ name: 'kept', ...open, history_size: 1000, history_ttl: '10m' }]
const single = {
  subscribe_to_user_personal_channel: { enabled: true, personal_channel_namespace: 'kept', single_connection: true },
} as const

async function start(client = {}): Promise<TestServer> {
  const server = await testServer({ client, channel: { namespaces }, sse: { ended_retry: '100ms' } })
  return server
}

const sessionsOf = (server: TestServer, user: string) => [...server.node.sessions.of(user)]

describe('a stream that ended', () => {
  test('[E50] for good says so with its last id and a wait, and whoever comes back with it is answered 204; without it all is as new', async () => {
    const server = await start({ allowed_origins: ['https://good.example'] })
    const url = `${server.url}/sse?channel=kept:a&token=${await userToken('alice')}`
    using stream = new FetchedStream(url)
    await stream.opened()
    await server.node.broker.control({ kind: 'disconnect', user: 'alice', code: 3503, reason: 'force disconnect' })
    await until('it has ended', () => stream.ended)
    expect([stream.lastEventId, stream.retries.at(-1)]).toEqual(['end:3503', 100])
    expect(stream.events.at(-1)?.data.disconnect).toEqual({ code: 3503, reason: 'force disconnect', reconnect: false })
    // What the cursor of the event before it was is not said again, so that nobody goes on from it by chance.
    const back = await fetch(url, { headers: { 'Last-Event-ID': 'end:3503', Accept: 'text/event-stream', Origin: 'https://good.example' } })
    expect([back.status, await back.text(), back.headers.get('access-control-allow-origin')]).toEqual([204, '', 'https://good.example'])
    expect((await fetch(`${url}&last_event_id=end:3503`)).status).toBe(204)
    expect(sessionsOf(server, 'alice')).toEqual([])
    using fresh = new FetchedStream(url)
    expect((await fresh.opened()).subs['kept:a']?.error).toBeUndefined()
  })

  test('[E51] for now leaves the cursor as it was: who comes back resumes, once and without a gap', async () => {
    const server = await start()
    const url = `${server.url}/sse?channel=kept:a&token=${await userToken('alice')}`
    using stream = new FetchedStream(url)
    await stream.opened()
    await server.publish('kept:a', 1)
    await until('it came', () => stream.data('kept:a').length === 1)
    await server.node.broker.control({ kind: 'disconnect', user: 'alice', code: 4000, reason: 'come back' })
    await until('it has ended', () => stream.ended)
    expect(stream.events.at(-1)).toMatchObject({ id: undefined, data: { disconnect: { code: 4000, reconnect: true } } })
    await server.publish('kept:a', 2)
    using back = new FetchedStream(url, { 'Last-Event-ID': stream.lastEventId })
    expect((await back.opened()).subs['kept:a']?.recovered).toBe(true)
    expect(back.data('kept:a')).toEqual([2])
  })
})

/** Opens an EventSource in the page, under a name. */
const follow = (page: Page, name: string, url: string) =>
  page.evaluate(
    ([key, address]) =>
      new Promise<void>(resolve => {
        const source = new EventSource(address)
        Reflect.set(globalThis, key, source)
        source.addEventListener('message', () => resolve(), { once: true })
      }),
    [name, url] as const,
  )

const stateOf = (page: Page, name: string): Promise<number> => page.evaluate(key => Reflect.get(globalThis, key).readyState, name)
const [opened, closed] = [1, 2]

describe.skipIf(lacks('chromium', 'EventSource after an end for good'))('the browser’s own EventSource', () => {
  test('[E52] stops where its user has connected elsewhere, and the newer one stays: at the node, and below a relay', async () => {
    const central = await startCentral({ client: { token: { hmac_secret_key: tokenSecret }, ...single }, sse: { ended_retry: '100ms' } })
    const relay = await startRelay([central], {
      client: { token: { hmac_secret_key: tokenSecret }, ...single },
      sse: { ended_retry: '100ms' },
    })
    await using browser = await Browser.launch()
    for (const [user, server] of Object.entries({ alice: central, bob: relay })) {
      const page = await browser.open(`${server.url}/healthz`)
      const url = `/sse?channel=kept:a&token=${await userToken(user)}`
      await follow(page, 'first', url)
      await follow(page, 'second', url)
      await until('the first has stopped', async () => (await stateOf(page, 'first')) === closed)
      await eventually(async () => [await stateOf(page, 'second'), sessionsOf(server, user).length], [opened, 1])
      await server.node.broker.control({ kind: 'disconnect', user, code: 3503, reason: 'force disconnect' })
      await until('the second has stopped', async () => (await stateOf(page, 'second')) === closed)
      await follow(page, 'third', url)
      await eventually(async () => [await stateOf(page, 'third'), sessionsOf(server, user).length], [opened, 1])
    }
    expect(browser.errors).toEqual([])
  })
})
