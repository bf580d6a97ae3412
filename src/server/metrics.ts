import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { FanfareServer } from './create-server.ts'
import { addHookMetrics } from './hooks/index.ts'

/** `/metrics` in Prometheus text. The hot path counts plain numbers; they are read here when asked for. */
export function addMetricsRoute(server: FanfareServer): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'fanfare_' })
  addCounters(server, registry)
  addGauges(server, registry)
  addHookMetrics(server.hooks, registry)
  server.route('GET', '/metrics', async () => new Response(await registry.metrics(), { headers: { 'Content-Type': registry.contentType } }))
}

/** Accepted, appended and delivered are three different things: a call that passed, a place in history, a write to a subscriber. */
function addCounters({ node, tree }: FanfareServer, registry: Registry): void {
  const { counters } = node
  const read: readonly (readonly [name: string, help: string, value: () => number])[] = [
    ['publications_accepted_total', 'Publish calls that passed every check.', () => counters.accepted],
    ['publications_appended_total', 'Publications appended by the broker.', () => counters.appended],
    [
      'publications_delivered_total',
      'Publications written to subscribers, one for each subscriber.',
      () => tree.machine.figures().delivered,
    ],
    ['frames_dropped_total', 'Ephemeral frames that slow sessions did not get.', () => tree.machine.figures().dropped],
    [
      'link_deliveries_total',
      'Publications handed to the nodes below, one for each node, however many viewers stand below it.',
      () => tree.machine.figures().relayed,
    ],
    ['socket_writes_total', 'Writes to client connections.', () => tree.machine.figures().writes],
    ['socket_sent_bytes_total', 'Bytes written to client connections.', () => tree.machine.figures().bytesOut],
    ['commands_total', 'Commands received from clients.', () => tree.machine.figures().commands],
    ['recoveries_total', 'Subscriptions that recovered everything they had missed.', () => tree.machine.figures().recovered],
    ['recoveries_failed_total', 'Subscriptions whose missed publications were gone.', () => tree.machine.figures().unrecovered],
  ]
  for (const [name, help, value] of read) addReadCounter(registry, name, help, value)
  addCodeCounter(registry, 'command_errors_total', 'Commands answered with an error, by code.', () => tree.machine.figures().errors)
  addCodeCounter(registry, 'connections_closed_total', 'Connections closed by the server, by code.', () => tree.machine.figures().closes)
}

function addReadCounter(registry: Registry, name: string, help: string, value: () => number): void {
  const counter = new Counter({ name: `fanfare_${name}`, help, registers: [registry], collect: () => set() })
  function set() {
    counter.reset()
    counter.inc(value())
  }
}

function addCodeCounter(registry: Registry, name: string, help: string, byCode: () => Readonly<Record<string, number>>): void {
  const counter = new Counter({ name: `fanfare_${name}`, help, labelNames: ['code'], registers: [registry], collect: () => set() })
  function set() {
    counter.reset()
    for (const [code, count] of Object.entries(byCode())) counter.inc({ code }, count)
  }
}

function addGauges({ tree }: FanfareServer, registry: Registry): void {
  const sessions = new Gauge({
    name: 'fanfare_sessions',
    help: 'Open sessions by transport.',
    labelNames: ['transport'],
    registers: [registry],
    collect: () => count(),
  })
  function count() {
    const { viewers, websockets } = tree.machine.figures()
    sessions.set({ transport: 'websocket' }, websockets)
    sessions.set({ transport: 'sse' }, viewers - websockets)
  }
  const channels: Gauge = new Gauge({
    name: 'fanfare_channels',
    help: 'Channels with subscribers on this node.',
    registers: [registry],
    collect: () => channels.set(tree.machine.figures().channels),
  })
}
