import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Channel, Session } from '../hub/index.ts'
import { every, RingBuffer, type Timer } from '../kit/index.ts'
import { CommandError, errors } from '../protocol/index.ts'
import opsPage from '../web/ops/index.html'
import { hasApiKey } from './caller.ts'
import type { FanfareServer } from './create-server.ts'

const sampleMs = 1000
const samplesMax = 60
const rowsMax = 50

interface Sample {
  /** Unix milliseconds. */
  readonly t: number
  readonly accepted: number
  readonly appended: number
  readonly delivered: number
  readonly writes: number
  readonly bytesOut: number
  readonly sessions: number
  readonly rssMb: number
  readonly lagMs: number
}

/** What the operations page shows: the last minute second by second, and what is going on now. */
export class Ops {
  readonly #samples = new RingBuffer<Sample>()
  readonly #lag = monitorEventLoopDelay({ resolution: 10 })
  readonly #timer: Timer
  readonly #publishedBefore = new WeakMap<Channel, number>()
  readonly #rates = new WeakMap<Channel, number>()
  readonly #startedAt: number
  #before: { accepted: number; appended: number; delivered: number; writes: number; bytesOut: number }

  constructor(readonly server: FanfareServer) {
    this.#startedAt = server.clock.now()
    this.#before = { ...this.#totals() }
    this.#lag.enable()
    this.#timer = every(server.clock, sampleMs, () => this.#sample())
  }

  stats(): object {
    const { node, config } = this.server
    const { sessions, hub } = node
    const latest = this.#samples.at(this.#samples.size - 1)
    const memory = process.memoryUsage()
    const machine = this.server.tree.machine()
    return {
      node: {
        id: node.id,
        name: node.options.name,
        version: node.version,
        role: this.server.tree.role,
        mode: config.development ? 'development' : 'production',
        uptimeS: Math.round((node.now() - this.#startedAt) / 1000),
        pid: process.pid,
      },
      sessions: { websocket: machine.websockets, sse: machine.viewers - machine.websockets },
      subscriptions: [...hub.channels()].reduce((sum, { subscriptions }) => sum + subscriptions.length, 0),
      channelCount: hub.size,
      totals: { ...this.#totals(), dropped: node.counters.dropped },
      perSecond: {
        accepted: latest?.accepted ?? 0,
        appended: latest?.appended ?? 0,
        delivered: latest?.delivered ?? 0,
        writes: latest?.writes ?? 0,
        bytesOut: latest?.bytesOut ?? 0,
      },
      history: this.#samples.slice(0),
      memory: { rssMb: mb(memory.rss), heapMb: mb(memory.heapUsed) },
      lagMs: { p50: this.#lag.percentile(50) / 1e6, p99: this.#lag.percentile(99) / 1e6 },
      closes: Object.fromEntries(node.counters.closes),
      channels: top([...hub.channels()], channel => channel.subscriptions.length).map(channel => this.#channelRow(channel)),
      sessionsList: sessions
        .all()
        .slice(-rowsMax)
        .map(session => this.#sessionRow(session)),
    }
  }

  tree(): object {
    return { nodes: this.server.tree.reports().map(report => ({ ...report, parent: report.parent === '' ? null : report.parent })) }
  }

  close(): void {
    this.#timer.cancel()
    this.#lag.disable()
  }

  #totals() {
    const { accepted, appended } = this.server.node.counters
    const { delivered, writes, bytesOut } = this.server.tree.machine()
    return { accepted, appended, delivered, writes, bytesOut }
  }

  #sample(): void {
    const now = this.#totals()
    const before = this.#before
    this.#before = now
    this.#samples.push({
      t: this.server.clock.now(),
      accepted: now.accepted - before.accepted,
      appended: now.appended - before.appended,
      delivered: now.delivered - before.delivered,
      writes: now.writes - before.writes,
      bytesOut: now.bytesOut - before.bytesOut,
      sessions: this.server.tree.machine().viewers,
      rssMb: mb(process.memoryUsage.rss()),
      lagMs: this.#lag.percentile(99) / 1e6,
    })
    this.#lag.reset()
    if (this.#samples.size > samplesMax) this.#samples.shift()
    for (const channel of this.server.node.hub.channels()) {
      this.#rates.set(channel, channel.published - (this.#publishedBefore.get(channel) ?? channel.published))
      this.#publishedBefore.set(channel, channel.published)
    }
  }

  #channelRow(channel: Channel): object {
    const { name, namespace, subscriptions, published, feed } = channel
    return {
      channel: name,
      delivery: namespace.delivery,
      subscribers: subscriptions.length,
      published,
      perSecond: this.#rates.get(channel) ?? 0,
      offset: feed.position.offset,
    }
  }

  #sessionRow(session: Session): object {
    return {
      client: session.id,
      user: session.user,
      transport: session.wire.name,
      channels: session.subscriptions.size,
      bufferedBytes: session.socket.bufferedBytes() + session.outbox.queuedBytes,
      delivered: session.outbox.delivered,
      connectedS: Math.round((this.server.clock.now() - session.connectedAt) / 1000),
    }
  }
}

/** `/ops/stats` and `/ops/tree`: open in development mode, else by API key, since they name users and channels. The page asks for the key. */
export function addOpsRoutes(server: FanfareServer): void {
  server.page('/ops', opsPage)
  const guarded = (answer: () => object) => (request: Request) => {
    if (!server.config.development && !hasApiKey(server, request)) throw new CommandError(errors.unauthorized, 'an API key is needed')
    return Response.json(answer(), { headers: { 'Cache-Control': 'no-store' } })
  }
  server.route(
    'GET',
    '/ops/stats',
    guarded(() => server.ops.stats()),
  )
  server.route(
    'GET',
    '/ops/tree',
    guarded(() => server.ops.tree()),
  )
}

function mb(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10
}

function top<T>(items: T[], rank: (item: T) => number): T[] {
  return items.sort((left, right) => rank(right) - rank(left)).slice(0, rowsMax)
}
