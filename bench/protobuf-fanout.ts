import { toFields } from '../src/protobuf/fields.ts'
import { schema } from '../src/protobuf/schema.ts'
import { type Benchmark, Findings, median, type Outcome } from './benchmark.ts'
import { Load } from './load.ts'
import { type Contestant, measureWarm, medianRatio } from './measure.ts'
import type { Audience } from './peer.ts'
import { startFanfare } from './peers/fanfare.ts'
import type { Stage } from './stage.ts'

const clients = 10_000
const turns = 3
const backToBack = { rounds: 30, atOnce: 1 } as const
const channel = 'bench:all'

/** The load can send no answer to a ping in Protobuf, so that none is waited for in either form. */
const quiet = { ping_interval: '1h', pong_timeout: '50m' }

/** Commands without a byte that is 0, which no argument of a program can carry. */
const greeting = [
  { id: 1, connect: { name: 'bench' } },
  { id: 2, subscribe: { channel } },
]
  .map(command => Buffer.from(schema.command.encodeDelimited(toFields(schema.command, command)).finish()).toString('latin1'))
  .join('')

const inProtobuf: Audience = {
  wire: 'ws',
  path: '/connection/websocket?format=protobuf',
  greetings: [greeting],
  // A reply with the id 2 and a result of a subscribe.
  openText: '\u0008\u00022',
  // Behind the channel stands the tag of its publication, which is a quotation mark.
  match: `${channel}"`,
}

/** What the Protobuf form costs and saves beside JSON: the same publications to as many clients of one server each, in turns. */
export const protobufFanout: Benchmark = {
  name: 'protobuf-fanout',
  async run(stage, note): Promise<Outcome> {
    const findings = new Findings()
    const pair = [await enter(stage, 'Protobuf', note), await enter(stage, 'JSON', note)]
    const cpu = new Map<string, number[]>()
    const bytes = new Map<string, number>()
    for (let turn = 0; turn < turns; turn++) {
      for (const contestant of pair) {
        const { cpuUsPerDelivery, deliveries, reports } = await measureWarm(contestant, backToBack, findings)
        cpu.set(contestant.name, [...(cpu.get(contestant.name) ?? []), cpuUsPerDelivery])
        bytes.set(contestant.name, reports.reduce((sum, report) => sum + report.bytes, 0) / deliveries)
      }
    }
    for (const { service, loads } of pair) {
      for (const load of loads) await load.close()
      await service.process.stop()
    }
    const [ours = [], theirs = []] = [cpu.get('Protobuf'), cpu.get('JSON')]
    const [small = Number.NaN, large = Number.NaN] = [bytes.get('Protobuf'), bytes.get('JSON')]
    const work = 'one message of 200 bytes to 10,000 WebSockets in Protobuf'
    findings.figures.push(
      {
        id: 'P2',
        work: `CPU per delivery: ${work}`,
        unit: 'us',
        value: median(ours),
        beside: { name: 'itself in JSON', value: median(theirs), ratio: medianRatio(ours, theirs) },
        atMost: 1.1,
      },
      {
        id: 'P2',
        work: `bytes per delivery: ${work}`,
        unit: 'bytes',
        value: small,
        beside: { name: 'itself in JSON', value: large, ratio: small / large },
        atMost: 1,
      },
    )
    return findings
  },
}

async function enter(stage: Stage, name: 'JSON' | 'Protobuf', note: (line: string) => void): Promise<Contestant> {
  const service = await startFanfare(stage, quiet)
  const audience = name === 'JSON' ? { ...service.audience('ws'), answers: [] } : inProtobuf
  const load = await Load.open(stage, audience, { port: service.process.port, connections: clients })
  note(`${name}: ${clients} clients are connected`)
  return { name, service, loads: [load] }
}
