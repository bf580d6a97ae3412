import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { z } from 'zod'
import { Browser, inSeconds, lacks, sign, startServer, type TestServer, userToken } from '../kit/index.ts'
import { type TourGuide, tour } from './tour.ts'

const kept = { history_size: 100, history_ttl: '10m', presence: true, join_leave: true } as const
const allowed = {
  allow_subscribe_for_client: true,
  allow_publish_for_subscriber: true,
  allow_presence_for_subscriber: true,
  allow_history_for_subscriber: true,
} as const

async function start(): Promise<TestServer> {
  const server = await startServer({
    channel: {
      namespaces: [{ name: 'tour', ...kept, ...allowed, allowed_delta_types: ['fossil'], delta_publish: true }],
    },
  })
  server.server.command('echo', z.object({ text: z.string() }), input => input)
  server.server.command('cut', z.object({}), async (_input, { session }) => {
    session?.socket.close(1011, 'cut by the test')
    for (const n of [4, 5, 6, 7, 8]) await server.publish('tour:room', { n, text: 'häßlich 漢字 😀 '.repeat(20) })
    return {}
  })
  server.server.command('expiry', z.object({}), (_input, { session }) => ({
    left: ((session?.expireAt ?? 0) - server.server.clock.now()) / 1000,
  }))
  return server
}

const guide = async (server: TestServer): Promise<TourGuide> => ({
  url: server.wsUrl,
  token: await userToken('tourist', { exp: inSeconds(4) }),
  nextToken: await userToken('tourist', { exp: inSeconds(3600) }),
  subscriptionToken: await sign({ sub: 'tourist', channel: '$vip' }),
})

const sights = [
  'connected',
  'subscribed and saw the join',
  'published 1,2,3',
  'presence tourist, 1 client, 1 user',
  'history 3,2 of 3',
  'rpc {"text":"ß"}',
  'refused 103',
  'subscribed by token',
  'recovered true/true 1,2,3,4,5,6,7,8',
  'refreshed on connection 2',
  'disconnected',
]

describe('the published SDK', () => {
  test('[B66] does in Bun everything that a client does', async () => {
    await using server = await start()
    expect(await tour(await guide(server))).toEqual(sights)
  })

  test.skipIf(lacks('chromium', 'the SDK in a browser'))('[B66] does the same in a real browser', async () => {
    await using server = await start()
    const built = await Bun.build({ entrypoints: [join(import.meta.dir, 'tour-page.ts')], target: 'browser' })
    const script = await built.outputs[0]?.text()
    server.server.route(
      'GET',
      '/tour',
      () => new Response('<!doctype html><script src="/tour.js"></script>', { headers: { 'Content-Type': 'text/html' } }),
    )
    server.server.route('GET', '/tour.js', () => new Response(script, { headers: { 'Content-Type': 'text/javascript; charset=utf-8' } }))
    await using browser = await Browser.launch()
    const page = await browser.open(`${server.url}/tour`)
    const seen = await page.evaluate(input => Reflect.get(globalThis, 'tour')(input), await guide(server))
    expect(seen).toEqual(sights)
    expect(browser.errors).toEqual([])
  })
})
