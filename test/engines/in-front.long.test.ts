import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { DemoFleet } from '../../engines/fleet/demo-fleet.ts'
import { Nginx } from '../../engines/fleet/nginx.ts'
import { freePorts, silent } from '../../engines/index.ts'
import type { ConfigInput } from '../../src/server/index.ts'
import { atEnd, FetchedStream, lacks, lacksKafka, RawClient, Sdk, until, userToken } from '../kit/index.ts'
import { apiKey, tokenSecret } from '../kit/tokens.ts'

const open = { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true } as const
const config = {
  demo: 'off',
  client: { token: { hmac_secret_key: tokenSecret }, allow_anonymous_connect_without_token: true },
  http_api: { key: apiKey },
  node: { secret: 'a-secret-of-nodes-for-tests-of-32-bytes' },
  channel: { namespaces: [{ name: 'kept', history_size: 100, history_ttl: '10m', force_recovery: true, ...open }] },
  shutdown: { timeout: '1s' },
} satisfies ConfigInput
const what = 'nodes behind a balancer'

describe.skipIf(lacksKafka(what) || lacks('postgres', what) || lacks('haproxy', what) || lacks('nginx', what))(what, () => {
  let fleet: DemoFleet
  let nginx: Nginx

  beforeAll(async () => {
    // The nodes take the three after the first.
    const [port = 0, , , , nginxPort = 0] = freePorts(5)
    fleet = await DemoFleet.start({ port, nodes: 3, brokers: 1, config, say: silent })
    const upstreams = fleet.nodes.map(({ name, plan }) => ({ name, address: `${plan.host}:${plan.port}` }))
    nginx = new Nginx(join(fleet.folder, 'nginx'), nginxPort, upstreams)
    await nginx.start()
  })
  afterAll(async () => {
    await nginx?.end()
    await fleet?.[Symbol.asyncDispose]()
  })

  const publish = async (url: string, channel: string, data: unknown) => {
    const body = JSON.stringify({ channel, data })
    const response = await fetch(`${url}/api/publish`, { method: 'POST', headers: { 'X-API-Key': apiKey }, body, keepalive: false })
    expect(await response.json()).toMatchObject({ result: { offset: expect.any(Number) } })
  }

  // By examples/fleet/haproxy.cfg and examples/fleet/nginx.conf.
  test.each(['HAProxy on layer 4', 'nginx'])(
    '[EN10] behind %s, clients of every kind get what is published at any node, and go on elsewhere when theirs ends',
    async balancer => {
      const url = balancer === 'nginx' ? nginx.url : fleet.haproxy.url
      const socket = `${url.replace('http', 'ws')}/connection/websocket`
      const channel = `kept:${balancer.slice(0, 2)}`
      const sdks = await Promise.all(['ann', 'bob', 'cem'].map(async user => new Sdk(socket, { token: await userToken(user) }).connect()))
      for (const sdk of sdks) atEnd(() => sdk[Symbol.dispose]())
      const subscriptions = await Promise.all(sdks.map(sdk => sdk.subscribe(channel).ready()))
      using raw = await RawClient.connect(socket, { token: await userToken('dee') })
      expect((await raw.call({ subscribe: { channel } })).error).toBeUndefined()
      using stream = new FetchedStream(`${url}/sse?channel=${channel}`)
      await stream.opened()
      for (let n = 1; n <= 10; n++) await publish(url, channel, n)
      await until('all have all', () => [raw.data(channel), stream.data(channel)].every(({ length }) => length === 10))
      for (const subscription of subscriptions) expect(await subscription.gets(10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])

      const [, node] = fleet.nodes
      await node?.end('SIGKILL')
      for (let n = 11; n <= 20; n++) await publish(url, channel, n)
      for (const subscription of subscriptions) {
        const data = await subscription.gets(20)
        expect(data).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
      }
      await node?.start()
      await publish(node?.url ?? '', channel, 21)
      for (const subscription of subscriptions) expect(await subscription.gets(21)).toHaveLength(21)
    },
  )

  test('[EN13] a node that says it is ready takes calls at once', async () => {
    const [, , node] = fleet.nodes
    for (let round = 1; round <= 3; round++) {
      await node?.end('SIGKILL')
      await node?.start()
      await publish(node?.url ?? '', 'kept:ready', round)
    }
  })

  test('[EN11] a node that drains keeps its clients until they go, and gets no new ones', async () => {
    const { haproxy, nodes } = fleet
    const [node] = nodes
    const sdks = await Promise.all(
      ['ann', 'bob', 'cem', 'dee', 'eva', 'flo'].map(async user => {
        const sdk = await new Sdk(`${haproxy.url.replace('http', 'ws')}/connection/websocket`, { token: await userToken(user) }).connect()
        atEnd(() => sdk[Symbol.dispose]())
        return sdk
      }),
    )
    await node?.end('SIGTERM')
    await until('all are connected', () => sdks.every(({ client }) => client.state === 'connected'))
    // Told to come back (3001), nobody was sent away for good.
    expect(sdks.flatMap(({ states }) => states.filter(state => state.startsWith('disconnected')))).toEqual([])
    expect(sdks.some(({ connections }) => connections > 1)).toBe(true)
    await node?.start()
  })
})
