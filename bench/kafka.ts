import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { freePorts, hasJars, javaPath, KafkaCluster, kafkaJars } from '../engines/index.ts'
import { type Benchmark, Findings, median, type Outcome } from './benchmark.ts'
import { type KafkaOrder, type KafkaPlay, type KafkaReport, kafkaReport } from './kafka-play.ts'
import type { Stage } from './stage.ts'
import { usageOf } from './usage.ts'

const rooms = 100_000
const partitions = 64
const symbols = 1000
const rate = 500
const seconds = 4
const turns = 5
const latencyAtMost = 1.5
/** No slower: the rest is what two runs of the same differ by. */
const symbolsAtMost = 1.1
const nodeMegabytesMax = 512
const startMsMax = 10_000
const publicationsEach = 10
const settleMs = 1500
const sampledRooms = 1000

type Part = (stage: Stage, broker: Broker, findings: Findings, note: (line: string) => void) => Promise<void>

function benchmark(name: string, part: Part): Benchmark {
  return {
    name,
    async run(stage, note): Promise<Outcome> {
      const findings = new Findings()
      const broker = await startBroker(stage)
      if (typeof broker === 'string') findings.missing.push(broker)
      else await part(stage, broker, findings, note)
      return findings
    },
  }
}

/** Nodes over Kafka beside the client library on the same broker; a thousand topics beside one; what a node holds, and how it starts. */
export const kafka: readonly Benchmark[] = [
  benchmark('kafka-rooms', measureRooms),
  benchmark('kafka-topics', measureTopics),
  benchmark('kafka-start', measureStart),
]

interface Broker {
  readonly addresses: readonly string[]
  readonly pid: number
}

async function startBroker(stage: Stage): Promise<Broker | string> {
  try {
    const jars = await kafkaJars(() => undefined)
    const [client = 0, internal = 0, controller = 0] = freePorts(3)
    const folder = join(await stage.folder('kafka'), `${process.pid}-${client}`)
    stage.atEnd(() => rm(folder, { recursive: true, force: true }))
    const cluster = new KafkaCluster(
      { folder, ports: [{ client, internal, controller }], security: {} },
      { java: javaPath(), jars, after: 'SIGKILL' },
    )
    stage.atEnd(() => cluster.end('SIGKILL'))
    await cluster.start()
    return { addresses: cluster.addresses, pid: cluster.broker(1).pid ?? 0 }
  } catch (error) {
    return `Kafka${hasJars() ? '' : ' (it has to be fetched)'}: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** A process that takes part; see `kafka-child.ts`. */
class Child {
  readonly #process: Bun.Subprocess
  readonly #reports: KafkaReport[] = []
  #wake: () => void = () => undefined

  private constructor(stage: Stage, play: KafkaPlay) {
    const command = [process.execPath, join(import.meta.dir, 'kafka-child.ts'), JSON.stringify(play)]
    this.#process = Bun.spawn(stage.onProcessor(0, command), {
      stdio: ['ignore', 'inherit', 'inherit'],
      ipc: given => {
        this.#reports.push(kafkaReport.parse(given))
        this.#wake()
      },
    })
    stage.atEnd(() => this.end())
  }

  static async start(stage: Stage, play: KafkaPlay): Promise<{ readonly child: Child; readonly readyMs: number }> {
    const child = new Child(stage, play)
    const { ms } = await child.#next('ready')
    return { child, readyMs: ms }
  }

  get usage() {
    return usageOf(this.#process.pid)
  }

  async publish(order: Omit<Extract<KafkaOrder, { kind: 'publish' }>, 'kind'>): Promise<number> {
    this.#process.send({ kind: 'publish', ...order })
    return (await this.#next('published')).failed
  }

  async fill(count: number): Promise<void> {
    this.#process.send({ kind: 'fill', rooms, each: count })
    await this.#next('filled')
  }

  async count(count: number): Promise<number> {
    this.#process.send({ kind: 'count', rooms: count })
    return (await this.#next('counted')).publications
  }

  async report(collect = false) {
    this.#process.send({ kind: 'report', collect })
    return await this.#next('report')
  }

  async end(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#process.exited
  }

  async #next<Kind extends KafkaReport['kind']>(kind: Kind): Promise<Extract<KafkaReport, { kind: Kind }>> {
    for (;;) {
      const report = this.#reports.shift()
      if (report !== undefined && isOf(report, kind)) return report
      if (this.#process.exitCode !== null) throw new Error('a process of the benchmark ended')
      await new Promise<void>(resolve => {
        this.#wake = resolve
        void this.#process.exited.then(() => resolve())
      })
    }
  }
}

function isOf<Kind extends KafkaReport['kind']>(report: KafkaReport, kind: Kind): report is Extract<KafkaReport, { kind: Kind }> {
  return report.kind === kind
}

/** One process publishes, another hears. */
interface Pair {
  readonly name: string
  readonly from: Child
  readonly to: Child
}

interface Stretch {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly cpuUs: number
}

async function pairOf(stage: Stage, name: string, play: Omit<KafkaPlay, 'hears'>): Promise<Pair> {
  const [from, to] = await Promise.all([Child.start(stage, { ...play, hears: false }), Child.start(stage, { ...play, hears: true })])
  return { name, from: from.child, to: to.child }
}

async function stretch({ name, from, to }: Pair, findings: Findings, count = rooms): Promise<Stretch> {
  await to.report()
  const before = to.usage.cpuUs
  const failed = await from.publish({ rate, seconds, rooms: count })
  await Bun.sleep(settleMs)
  const cpuUs = to.usage.cpuUs - before
  const report = await to.report()
  const sent = rate * seconds - failed
  if (report.count !== sent) findings.shortfalls.push(`kafka: ${name} heard ${report.count} of ${sent}`)
  findings.accepted += sent
  findings.delivered += report.count
  return { p50Ms: report.p50Ms, p99Ms: report.p99Ms, cpuUs: cpuUs / Math.max(1, report.count) }
}

/** In turns, as the machine drifts. */
async function inTurns(ours: Pair, theirs: Pair, findings: Findings, count = rooms) {
  const [our, their]: [Stretch[], Stretch[]] = [[], []]
  for (let turn = 0; turn <= turns; turn++) {
    const first = await stretch(ours, findings, count)
    const second = await stretch(theirs, findings, count)
    if (turn === 0) continue
    our.push(first)
    their.push(second)
  }
  return { our, their }
}

function besides(our: readonly Stretch[], their: readonly Stretch[], name: string, of: 'p50Ms' | 'p99Ms' | 'cpuUs') {
  const [value, other] = [our, their].map(stretches => median(stretches.map(one => one[of])))
  const ratio = median(our.map((one, turn) => one[of] / (their[turn]?.[of] ?? Number.NaN)))
  return { value: value ?? Number.NaN, beside: { name, value: other ?? Number.NaN, ratio } }
}

async function measureRooms(stage: Stage, broker: Broker, findings: Findings, note: (line: string) => void): Promise<void> {
  const play = { brokers: [...broker.addresses], topic: 'rooms', topics: 1, partitions }
  const ours = await pairOf(stage, 'nodes', { ...play, way: 'node' })
  const theirs = await pairOf(stage, 'the client library', { ...play, way: 'bare' })
  const { our, their } = await inTurns(ours, theirs, findings)
  const work = `publish to receive across nodes, ${rooms.toLocaleString('en')} rooms on ${partitions} partitions of Kafka`
  for (const [of, what] of [
    ['p50Ms', 'p50'],
    ['p99Ms', 'p99'],
  ] as const) {
    findings.figures.push({
      id: 'P11',
      work: `${work}, ${what}`,
      unit: 'ms',
      atMost: latencyAtMost,
      ...besides(our, their, 'bare client', of),
    })
  }
  findings.figures.push({
    id: 'P11',
    work: 'CPU per delivery of a node that reads Kafka',
    unit: 'us',
    ...besides(our, their, 'bare client', 'cpuUs'),
  })
  note(`nodes: ${told(our)}; bare: ${told(their)}`)
  for (const pair of [ours, theirs]) await Promise.all([pair.from.end(), pair.to.end()])
}

async function measureTopics(stage: Stage, broker: Broker, findings: Findings, note: (line: string) => void): Promise<void> {
  const brokers = [...broker.addresses]
  const many = await pairOf(stage, 'a topic for each symbol', { way: 'log', brokers, topic: 'symbols', topics: symbols, partitions: 1 })
  const one = await pairOf(stage, 'a shared topic', { way: 'log', brokers, topic: 'shared', topics: 1, partitions })
  const { our, their } = await inTurns(many, one, findings, symbols)
  const work = `publish to receive over ${symbols.toLocaleString('en')} topics of Kafka, p50`
  findings.figures.push({ id: 'P11', work, unit: 'ms', atMost: symbolsAtMost, ...besides(our, their, 'one shared topic', 'p50Ms') })
  note(`${symbols} topics: ${told(our)}; one: ${told(their)}`)
  for (const pair of [many, one]) await Promise.all([pair.from.end(), pair.to.end()])
}

async function measureStart(stage: Stage, broker: Broker, findings: Findings, note: (line: string) => void): Promise<void> {
  const play = { way: 'node', brokers: [...broker.addresses], topic: 'history', topics: 1, partitions, hears: true } as const
  const writer = await Child.start(stage, play)
  await writer.child.fill(publicationsEach)
  await writer.child.end()
  const { child, readyMs } = await Child.start(stage, play)
  await child.report(true)
  const megabytes = child.usage.residentBytes / 1e6
  const records = rooms * publicationsEach
  const kept = await child.count(sampledRooms)
  const due = sampledRooms * publicationsEach
  if (kept !== due) findings.shortfalls.push(`kafka: of ${due} publications in ${sampledRooms} rooms a node had ${kept} after its start`)
  findings.accepted += due
  findings.delivered += kept
  findings.figures.push(
    {
      id: 'P11',
      work: `start of a node with ${records.toLocaleString('en')} records to read`,
      unit: 'ms',
      value: readyMs,
      atMost: startMsMax,
    },
    {
      ...{ id: 'P11', unit: 'MB', value: megabytes, atMost: nodeMegabytesMax },
      work: `memory of a node with ${publicationsEach} publications of 150 bytes in each of ${rooms.toLocaleString('en')} rooms`,
    },
  )
  note(`${records} records: ready after ${readyMs.toFixed(0)} ms, ${megabytes.toFixed(0)} MB`)
  await child.end()
}

function told(stretches: readonly Stretch[]): string {
  return stretches.map(({ p50Ms, p99Ms, cpuUs }) => `${p50Ms.toFixed(2)}/${p99Ms.toFixed(2)} ms ${cpuUs.toFixed(0)} µs`).join(', ')
}
