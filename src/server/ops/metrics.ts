import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Topology } from '../../cluster/index.ts'
import type { Node } from '../../hub/index.ts'
import type { Clock } from '../../kit/index.ts'
import { addHookMetrics, type Hooks } from '../hooks/index.ts'
import { fleetMetrics } from './fleet-metrics.ts'
import { heapBytes } from './heap-bytes.ts'
import type { Metric } from './metric.ts'

/** How long an answer is given again: scrapers ask every few seconds, and gathering takes milliseconds. */
const freshMs = 1_000

/** Measured by the library in ways that mislead on this runtime (reserved memory as heap), or that cost a scrape more than they tell. */
const misleading = [
  'process_heap_bytes',
  'process_virtual_memory_bytes',
  'nodejs_heap_size_total_bytes',
  'nodejs_heap_size_used_bytes',
  'nodejs_external_memory_bytes',
  'nodejs_heap_space_size_total_bytes',
  'nodejs_heap_space_size_used_bytes',
  'nodejs_heap_space_size_available_bytes',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
]

export interface MetricsOptions {
  readonly clock: Clock
  readonly node: Pick<Node, 'counters'>
  readonly topology: Pick<Topology, 'hostStats' | 'fleet' | 'troubles'>
  readonly hooks: Hooks
  /** Where something is kept here. */
  readonly disk: { readonly failures: number; trouble(): string | undefined } | undefined
}

/** Figures in Prometheus text. The hot path counts plain numbers; they are read here when asked for. */
export class Metrics {
  readonly #registry = new Registry()
  #answered: { readonly at: number; readonly text: Promise<string> } | undefined

  constructor(readonly options: MetricsOptions) {
    collectDefaultMetrics({ register: this.#registry, prefix: 'fanfare_' })
    for (const name of misleading) this.#registry.removeSingleMetric(`fanfare_${name}`)
    for (const metric of [...countersOf(options), ...gaugesOf(options), ...fleetMetrics(options.topology)]) this.add(metric)
    addHookMetrics(options.hooks, this.#registry)
  }

  /** The metrics gathered within the last second, once for all requests. */
  async answer(): Promise<Response> {
    const { clock } = this.options
    const now = clock.now()
    if (this.#answered === undefined || now - this.#answered.at >= freshMs || now < this.#answered.at)
      this.#answered = { at: now, text: this.#registry.metrics() }
    return new Response(await this.#answered.text, { headers: { 'Content-Type': this.#registry.contentType } })
  }

  /** @throws where there is one of this name */
  add({ name, help, label, read }: Metric): void {
    const options = { name: `fanfare_${name}`, help, registers: [this.#registry], labelNames: label === undefined ? [] : [label] }
    const figure = name.endsWith('_total')
      ? new Counter({ ...options, collect: () => set((labels, value) => figure.inc(labels, value)) })
      : new Gauge({ ...options, collect: () => set((labels, value) => figure.inc(labels, value)) })
    function set(put: (labels: Record<string, string>, value: number) => void): void {
      figure.reset()
      const value = read()
      if (typeof value === 'number') put({}, value)
      else for (const [key, count] of Object.entries(value)) put({ [label ?? 'kind']: key }, count)
    }
  }
}

/** Accepted, appended and delivered are three different things: a call that passed, a place in history, a write to a subscriber. */
function countersOf({ node, topology, disk }: MetricsOptions): Metric[] {
  const { counters } = node
  const figures = () => topology.hostStats.figures()
  return [
    { name: 'publications_accepted_total', help: 'Publish calls that passed every check.', read: () => counters.accepted },
    { name: 'publications_appended_total', help: 'Publications appended by the broker.', read: () => counters.appended },
    {
      name: 'publications_delivered_total',
      help: 'Publications written to subscribers, one for each subscriber.',
      read: () => figures().delivered,
    },
    { name: 'frames_dropped_total', help: 'Ephemeral frames that slow sessions did not get.', read: () => figures().dropped },
    {
      name: 'link_deliveries_total',
      help: 'Publications handed to the nodes below, one for each node, however many viewers stand below it.',
      read: () => figures().relayed,
    },
    { name: 'socket_writes_total', help: 'Writes to client connections.', read: () => figures().writes },
    { name: 'socket_sent_bytes_total', help: 'Bytes written to client connections.', read: () => figures().bytesOut },
    { name: 'commands_total', help: 'Commands received from clients.', read: () => figures().commands },
    { name: 'recoveries_total', help: 'Subscriptions that recovered everything they had missed.', read: () => figures().recovered },
    { name: 'recoveries_failed_total', help: 'Subscriptions whose missed publications were gone.', read: () => figures().unrecovered },
    {
      name: 'command_errors_total',
      help: 'Commands and HTTP requests answered with an error, by code.',
      label: 'code',
      read: () => figures().errors,
    },
    { name: 'store_write_failures_total', help: 'Writes that the disk refused.', read: () => disk?.failures ?? 0 },
    { name: 'connections_closed_total', help: 'Connections closed by the server, by code.', label: 'code', read: () => figures().closes },
  ]
}

function gaugesOf({ topology, disk }: MetricsOptions): Metric[] {
  return [
    {
      name: 'sessions',
      help: 'Open sessions by transport.',
      label: 'transport',
      read: () => {
        const { viewers, websockets } = topology.hostStats.figures()
        return { websocket: websockets, sse: viewers - websockets }
      },
    },
    {
      name: 'store_writable',
      help: '1 while what is to be kept can be written, else 0.',
      read: () => (disk?.trouble() === undefined ? 1 : 0),
    },
    { name: 'heap_bytes', help: 'Memory of JavaScript objects.', read: () => heapBytes() },
    { name: 'channels', help: 'Channels with subscribers on this node.', read: () => topology.hostStats.figures().channels },
  ]
}
