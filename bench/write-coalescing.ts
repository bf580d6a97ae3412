import { type Benchmark, Findings, type Outcome } from './benchmark.ts'
import { Load } from './load.ts'
import { type Contestant, measure } from './measure.ts'
import type { Wire } from './peer.ts'
import { fanfare } from './peers/fanfare.ts'
import { socketIo, ws } from './peers/node-peers.ts'
import type { Stage } from './stage.ts'

const clients = 1000
const bursts = 40
const atOnce = 10
const atMost = 1.2

/**
 * How many writes reach a subscriber for ten publications that come in one call: the segments with data that the clients' kernels took in,
 * beside the server's own count of its flushes.
 */
export const writeCoalescing: Benchmark = {
  name: 'write-coalescing',
  async run(stage, note): Promise<Outcome> {
    const findings = new Findings()
    for (const wire of ['sse', 'ws'] as const) {
      const service = await fanfare.start(stage)
      const contestant = await connect(stage, fanfare.name, service, wire)
      const before = await service.metric('fanfare_socket_writes_total')
      const writes = await writesPerBurst(contestant, findings)
      const counted = ((await service.metric('fanfare_socket_writes_total')) - before) / bursts / clients
      note(
        `${wire}: ${writes.toFixed(2)} writes for ${atOnce} publications seen by the clients, ${counted.toFixed(2)} counted by the server`,
      )
      findings.figures.push({
        id: 'P4',
        work: `writes per ${wire} subscriber for ten publications at once`,
        unit: 'writes',
        value: Math.max(writes, counted),
        atMost,
      })
    }
    for (const peer of [ws, socketIo]) {
      const reason = peer.missing(stage)
      if (reason !== undefined) {
        findings.missing.push(`${peer.name}: ${reason}`)
        continue
      }
      const contestant = await connect(stage, peer.name, await peer.start(stage), 'ws')
      const value = await writesPerBurst(contestant, findings)
      findings.figures.push({
        id: 'P4',
        work: 'writes per ws subscriber for ten publications at once',
        subject: peer.name,
        unit: 'writes',
        value,
      })
    }
    return findings
  },
}

async function connect(
  stage: Stage,
  name: string,
  service: Contestant['service'] & { audience: (wire: Wire) => Parameters<typeof Load.open>[1] },
  wire: Wire,
): Promise<Contestant> {
  const load = await Load.open(stage, service.audience(wire), { port: service.process.port, connections: clients })
  return { name, service, loads: [load] }
}

/** Where the load cannot count segments, its reads stand in: a read may take in several writes, but not fewer than one. */
async function writesPerBurst(contestant: Contestant, findings: Findings): Promise<number> {
  const { reports } = await measure(contestant, { rounds: bursts, atOnce }, findings)
  const writes = reports.reduce((sum, report) => sum + Math.max(report.segments, report.reads), 0)
  return writes / bursts / clients
}
