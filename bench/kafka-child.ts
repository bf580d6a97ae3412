import { LogBroker, partitionOf } from '../src/broker/index.ts'
import { KafkaCluster } from '../src/broker/kafka/index.ts'
import { type BrokerSink, defaultLimits, defineNamespace, Namespaces, silentLog } from '../src/hub/index.ts'
import { Histogram, systemClock, systemRandom } from '../src/kit/index.ts'
import { bareWay } from './kafka-bare.ts'
import { type KafkaOrder, type KafkaPlay, kafkaOrder, kafkaPlay, type Way } from './kafka-play.ts'
import { message } from './peer.ts'

/**
 * A process of the Kafka benchmark: it publishes, and notes when what was published comes. Orders come and reports go over the channel to
 * whoever started it.
 */
const namespace = 'bench'
const dataBytes = 150
const historyTtlMs = 3_600_000

class Arrivals {
  #latenciesUs = new Histogram()

  /** @param text with the time at which it was made, in microseconds, as `message` writes it */
  note(text: string): void {
    const at = text.indexOf('"ts":') + 5
    const madeUs = Number(text.slice(at, text.indexOf(',', at)))
    this.#latenciesUs.add((performance.timeOrigin + performance.now()) * 1000 - madeUs)
  }

  take() {
    const taken = this.#latenciesUs
    this.#latenciesUs = new Histogram()
    return { count: taken.count, p50Ms: taken.quantile(0.5) / 1000, p99Ms: taken.quantile(0.99) / 1000 }
  }
}

async function open(play: KafkaPlay, arrivals: Arrivals): Promise<Way> {
  if (play.way === 'bare') return await bareWay(play, text => arrivals.note(text))
  const cluster = await KafkaCluster.open({ clock: systemClock, random: systemRandom, log: silentLog, brokers: play.brokers })
  return play.way === 'node' ? await nodeWay(cluster, play, arrivals) : await logWay(cluster, play, arrivals)
}

/** A node as it would run: what it publishes it reads back, with everything else. */
async function nodeWay(cluster: KafkaCluster, { topic, partitions }: KafkaPlay, arrivals: Arrivals): Promise<Way> {
  const [channels, controls] = await cluster.logs([
    { name: topic, partitions, path: 'kafka.topics' },
    { name: `${topic}-controls`, partitions: 1, path: 'kafka.topics' },
  ])
  if (channels === undefined || controls === undefined) throw new Error('no topics')
  const sink: BrokerSink = {
    deliver: (_channel, delivered) => {
      if (delivered.kind === 'publication') arrivals.note(delivered.publication.json)
    },
    control() {},
    mayHaveMissed() {},
    removed() {},
  }
  const namespaces = new Namespaces([defineNamespace({ name: namespace, historySize: 10, historyTtlMs })])
  const options = { clock: systemClock, random: systemRandom, log: silentLog, namespaces, limits: defaultLimits }
  const broker = new LogBroker({ ...options, logs: { channels, controls } }, sink)
  await broker.ready
  return {
    publish: async (room, text) => void (await broker.publish(`${namespace}:${room}`, JSON.parse(text), {})),
    fill: entries => fillLog(channels, entries),
    kept: async room => (await broker.history(`${namespace}:${room}`, { limit: -1 })).publications.length,
  }
}

/** Logs alone: a topic for all, or one for each symbol. */
async function logWay(cluster: KafkaCluster, { topic, topics, partitions }: KafkaPlay, arrivals: Arrivals): Promise<Way> {
  const names = topics === 1 ? [topic] : Array.from({ length: topics }, (_, index) => `${topic}-${index}`)
  const logs = await cluster.logs(names.map(name => ({ name, partitions, path: 'kafka.topics' })))
  const reader = {
    take: (records: readonly { readonly value: string }[]) => {
      for (const { value } of records) arrivals.note(value)
    },
    missed() {},
    restarted() {},
  }
  for (const log of logs) {
    for (let partition = 0; partition < partitions; partition++) log.read(partition, (await log.bounds(partition)).last, reader)
  }
  const append = async (room: number, text: string) => {
    const key = `${namespace}:${room}`
    await logs[room % logs.length]?.append(partitionOf(key, partitions), [{ key, value: text }])
  }
  return { publish: append, fill: async () => undefined, kept: async () => 0 }
}

type Log = Awaited<ReturnType<KafkaCluster['log']>>

/** Writes records as a feed of another system would: values with a key. */
async function fillLog(log: Log, { rooms, each }: { readonly rooms: number; readonly each: number }): Promise<void> {
  const batch = 500
  const byPartition = Array.from({ length: log.partitions }, () => [] as string[])
  for (let room = 0; room < rooms; room++) byPartition[partitionOf(`${namespace}:${room}`, log.partitions)]?.push(`${namespace}:${room}`)
  await Promise.all(
    byPartition.map(async (keys, partition) => {
      for (let n = 0; n < each; n++) {
        for (let from = 0; from < keys.length; from += batch) {
          const entries = keys.slice(from, from + batch).map(key => ({ key, value: message(n, dataBytes) }))
          await log.append(partition, entries)
        }
      }
    }),
  )
}

/** So many a second, in steps of a millisecond or so, each to a room of its turn. */
async function publishFor(way: Way, { rate, seconds, rooms }: Extract<KafkaOrder, { kind: 'publish' }>): Promise<number> {
  const startMs = performance.now()
  const under: Promise<void>[] = []
  let failed = 0
  for (let sent = 0; sent < rate * seconds; ) {
    const due = Math.min(rate * seconds, Math.floor(((performance.now() - startMs) / 1000) * rate))
    for (; sent < due; sent++) {
      const room = (sent * 7919) % rooms
      under.push(way.publish(room, message(sent, dataBytes)).catch(() => void failed++))
    }
    await Bun.sleep(1)
  }
  await Promise.all(under)
  return failed
}

async function main(): Promise<void> {
  const arrivals = new Arrivals()
  const startMs = performance.now()
  const play = kafkaPlay.parse(JSON.parse(process.argv[2] ?? ''))
  const way = await open(play, arrivals)
  const say = (report: object) => process.send?.(report)
  const handle = async (order: KafkaOrder) => {
    switch (order.kind) {
      case 'publish':
        return say({ kind: 'published', failed: await publishFor(way, order) })
      case 'fill':
        await way.fill(order)
        return say({ kind: 'filled' })
      case 'count': {
        let publications = 0
        for (let room = 0; room < order.rooms; room++) publications += await way.kept(room)
        return say({ kind: 'counted', publications })
      }
      case 'report':
        if (order.collect) Bun.gc(true)
        return say({ kind: 'report', ...arrivals.take() })
    }
  }
  process.on('message', given => void handle(kafkaOrder.parse(given)))
  process.on('disconnect', () => process.exit(0))
  say({ kind: 'ready', ms: performance.now() - startMs })
}

await main()
