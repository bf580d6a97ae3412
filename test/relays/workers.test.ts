import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { apiKey, connectAll, FanfareProcess, FetchedStream, LeanClient, metricsOf, Sdk, until, userToken } from '../kit/index.ts'
import { kept, nodeSecret } from '../kit/servers/tree.ts'

const room = { name: 'room', ...kept, presence: true, allow_presence_for_subscriber: true }
const channel = { namespaces: [{ name: 'kept', ...kept }, room] }

/** The processes that this one started. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
}

/** A process that has ended may wait to be buried. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

const hasProc = existsSync('/proc/self/task')

interface Stats {
  readonly sessions: { readonly websocket: number; readonly sse: number }
  readonly subscriptions: number
  readonly totals: { readonly delivered: number }
  readonly channels: readonly { readonly channel: string; readonly subscribers: number }[]
  readonly sessionsList: readonly unknown[]
}

const asAdmin = { 'X-API-Key': apiKey }
const ops = async <T>({ url }: FanfareProcess, path: string) => (await (await fetch(`${url}${path}`, { headers: asAdmin })).json()) as T
const statsOf = (server: FanfareProcess) => ops<Stats>(server, '/ops/stats')
const workersOf = async (server: FanfareProcess) =>
  (await ops<{ nodes: { role: string; viewers: number }[] }>(server, '/ops/tree')).nodes.filter(({ role }) => role === 'worker')

async function publish({ url }: FanfareProcess, name: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) {
    const body = JSON.stringify({ channel: name, data: { n }, idempotency_key: `${name} ${n}` })
    const post = () => fetch(`${url}/api/publish`, { method: 'POST', headers: asAdmin, body, keepalive: false })
    // The process that has the connection may be the one that was killed: then it is said again, and counts once.
    const response = await until('the call is answered', () => post().catch(() => undefined))
    expect(response.status).toBe(200)
  }
}

async function followers(server: FanfareProcess, count: number): Promise<LeanClient[]> {
  const tokens = await Promise.all(Array.from({ length: count }, (_, n) => userToken(`user${n}`)))
  const clients = tokens.map(token => new LeanClient(server.wsUrl, ['kept:1'], { token }))
  await connectAll(clients)
  return clients
}

describe.skipIf(!hasProc)('workers', () => {
  test('[T40] connections spread over processes that are one server: publications, presence, figures', async () => {
    await using server = await FanfareProcess.start({ workers: 3, channel })
    await until('both workers are in the tree', async () => (await workersOf(server)).length === 2)
    const clients = await followers(server, 60)
    const headers = { Authorization: `Bearer ${await userToken('streams')}` }
    const streams = Array.from({ length: 12 }, () => new FetchedStream(`${server.url}/sse?channel=kept:1`, headers))
    for (const stream of streams) expect((await stream.response).status).toBe(200)
    const sdks = await Promise.all(
      Array.from({ length: 6 }, async (_, n) => new Sdk(server.wsUrl, { token: await userToken(`present${n}`) }).connect()),
    )
    const rooms = await Promise.all(sdks.map(sdk => sdk.subscribe('room:1').ready()))
    // Who came a moment ago is announced to the other processes at the end of the tick.
    for (const { subscription } of rooms) await until('everyone is seen', async () => (await subscription.presenceStats()).numClients === 6)
    await publish(server, 'kept:1', 1, 10)
    await until('all have all', () => clients.every(client => client.channels.get('kept:1')?.count === 10))
    await until('the figures are those of all', async () => {
      const { sessions, totals, subscriptions } = await statsOf(server)
      return sessions.websocket === 66 && sessions.sse === 12 && totals.delivered >= 600 && subscriptions >= 66
    })
    const spread = await workersOf(server)
    expect(spread.every(({ viewers }) => viewers > 5 && viewers < 60)).toBe(true)
    const { channels, sessionsList } = await statsOf(server)
    expect(channels.find(row => row.channel === 'kept:1')?.subscribers).toBe(72)
    expect(sessionsList).toHaveLength(50)
    const metrics = await metricsOf(server)
    expect(metrics).toContain('fanfare_sessions{transport="websocket"} 66')
    expect(Number(/^fanfare_publications_delivered_total (\d+)/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(600)
    expect(Number(/^fanfare_commands_total (\d+)/m.exec(metrics)?.[1])).toBeGreaterThanOrEqual(132)
    for (const client of [...clients, ...streams]) 'close' in client ? client.close() : client[Symbol.dispose]()
    for (const sdk of sdks) sdk[Symbol.dispose]()
  })

  test('[T41] a worker that is killed is started again; its clients come back and miss nothing, and what it counted stays counted', async () => {
    await using server = await FanfareProcess.start({ workers: 2, channel })
    const [worker = 0] = childrenOf(server.pid)
    const sdks = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => new Sdk(server.wsUrl, { token: await userToken(`user${n}`) }).connect()),
    )
    const subscriptions = await Promise.all(sdks.map(sdk => sdk.subscribe('kept:1').ready()))
    await publish(server, 'kept:1', 1, 10)
    await Promise.all(subscriptions.map(subscription => subscription.gets(10)))
    await until('the worker has reported', async () => (await statsOf(server)).totals.delivered >= 200)
    process.kill(worker, 'SIGKILL')
    await publish(server, 'kept:1', 11, 40)
    await Promise.all(subscriptions.map(subscription => subscription.gets(40)))
    for (const { data, recoveries } of subscriptions) {
      expect(data).toEqual(Array.from({ length: 40 }, (_, n) => ({ n: n + 1 })))
      expect(recoveries.slice(1).every(({ recovered }) => recovered)).toBe(true)
    }
    expect(sdks.some(({ connections }) => connections > 1)).toBe(true)
    await until('another worker is there', async () => (await workersOf(server)).length === 1)
    expect(childrenOf(server.pid)).not.toContain(worker)
    expect(server.log.some(({ msg }) => msg === 'a worker ended and is started again')).toBe(true)
    expect((await statsOf(server)).totals.delivered).toBeGreaterThanOrEqual(200)
    for (const sdk of sdks) sdk[Symbol.dispose]()
  })

  test('[T42] when the server is killed its workers end with it', async () => {
    await using server = await FanfareProcess.start({ workers: 3, channel })
    const workers = childrenOf(server.pid)
    expect(workers).toHaveLength(2)
    server.signal('SIGKILL')
    await until('no worker is left', () => !workers.some(isAlive))
  })

  test('[T43] a drain sends the clients of all processes away over its window, and ends with code 0', async () => {
    await using server = await FanfareProcess.start({ workers: 3, channel, shutdown: { timeout: '1500ms' } })
    const clients = await followers(server, 60)
    const closes: number[] = []
    for (const client of clients) client.onClosed = code => closes.push(code)
    const workers = childrenOf(server.pid)
    // As a service manager does it: to every process of the group.
    for (const pid of [server.pid, ...workers]) process.kill(pid, 'SIGTERM')
    expect(await server.ended()).toBe(0)
    await until('all have read why', () => closes.length === clients.length)
    expect(new Set(closes)).toEqual(new Set([3001]))
    await until('no worker is left', () => !workers.some(isAlive))
  })

  test('[T44] a port that another server has, workers or not, is refused in a line; a relay has workers of its own', async () => {
    await using server = await FanfareProcess.start({ workers: 2, channel, node: { secret: nodeSecret } })
    const second = new FanfareProcess({ workers: 2 })
    second.port = server.port
    await expect(second.start()).rejects.toThrow(`port: ${server.port} is taken on 127.0.0.1`)
    await second[Symbol.asyncDispose]()
    const upstream = [server.url.replace('http', 'ws')]
    await using relay = await FanfareProcess.start({ workers: 2, upstream, node: { secret: nodeSecret } }, 'relay')
    const clients = await followers(relay, 40)
    await publish(relay, 'kept:1', 1, 5)
    await until('all have all', () => clients.every(client => client.channels.get('kept:1')?.count === 5))
    const isSpread = async () => {
      const { nodes } = await ops<{ nodes: { role: string; parent: string | null; viewers: number }[] }>(server, '/ops/tree')
      const edge = nodes.find(({ role }) => role === 'edge')
      return nodes.filter(({ role, viewers }) => (role === 'edge' || role === 'worker') && viewers > 0).length === 2 && edge !== undefined
    }
    await until('both processes of the relay have viewers', isSpread)
    expect((await statsOf(server)).sessions).toEqual({ websocket: 0, sse: 0 })
    for (const client of clients) client.close()
  })
})
