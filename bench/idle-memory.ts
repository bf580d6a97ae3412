import { type Benchmark, Findings, type Outcome } from './benchmark.ts'
import { Load } from './load.ts'
import type { Audience, Peer, Wire } from './peer.ts'
import { FanfareService, fanfare } from './peers/fanfare.ts'
import { nchan } from './peers/nchan.ts'
import { ws } from './peers/node-peers.ts'
import type { ServerProcess, Stage } from './stage.ts'
import { kernelBytes } from './usage.ts'

interface Case {
  readonly peer: Peer
  readonly wire: Wire
  readonly work: string
  /** Kilobytes. */
  readonly atMost?: number
  /** Where it is not the common one; `{i}` gives each session its own. */
  readonly channel?: string
}

/** Sessions that are there before the first reading, so that what a server makes once is not counted. */
const before = 1000
const sessions = 10_000

const cases: readonly Case[] = [
  { peer: fanfare, wire: 'sse', work: 'memory of an idle SSE session, one subscription', atMost: 6 },
  { peer: fanfare, wire: 'ws', work: 'memory of an idle WebSocket session, one subscription', atMost: 4.5 },
  { peer: fanfare, wire: 'ws', work: 'memory of an idle WebSocket session with a channel of its own', channel: 'bench:own-{i}' },
  { peer: nchan, wire: 'sse', work: 'memory of an idle SSE stream' },
  { peer: ws, wire: 'ws', work: 'memory of an idle WebSocket' },
]

/** Resident memory for each idle session, between 1,000 and 11,000 of them, once it has settled; the kernel's memory apart. */
export const idleMemory: Benchmark = {
  name: 'idle-memory',
  async run(stage, note): Promise<Outcome> {
    const findings = new Findings()
    const kernelKilobytes: number[] = []
    for (const { peer, wire, work, atMost, channel } of cases) {
      const reason = peer.missing(stage)
      if (reason !== undefined) {
        findings.missing.push(`${peer.name}: ${reason}`)
        continue
      }
      const service = await peer.start(stage)
      const audience = service instanceof FanfareService ? service.audience(wire, channel) : service.audience(wire)
      const { resident, kernel } = await kilobytesPerSession(stage, service.process, audience)
      await service.process.stop()
      kernelKilobytes.push(kernel)
      note(`${peer.name}: ${resident.toFixed(2)} KB resident, ${work}`)
      const subject = peer === fanfare ? {} : { subject: peer.name }
      findings.figures.push({ id: 'P3', work, unit: 'KB', value: resident, ...subject, ...(atMost === undefined ? {} : { atMost }) })
    }
    const value = Math.min(...kernelKilobytes)
    findings.figures.push({ id: 'P3', work: 'kernel memory of an idle connection, both ends', subject: 'all of them', unit: 'KB', value })
    return findings
  },
}

async function kilobytesPerSession(stage: Stage, server: ServerProcess, audience: Audience): Promise<{ resident: number; kernel: number }> {
  const first = await Load.open(stage, audience, { port: server.port, connections: before })
  const low = await settledBytes(server)
  const lowKernel = kernelBytes()
  const second = await Load.open(stage, audience, { port: server.port, connections: sessions })
  const high = await settledBytes(server)
  const kernel = (kernelBytes() - lowKernel) / sessions / 1024
  await Promise.all([first.close(), second.close()])
  return { resident: (high - low) / sessions / 1024, kernel }
}

const settleStepMs = 500
const settleStepsMax = 16
const settledSteps = 4
const settledWithin = 0.005

/** Resident memory once it has stayed the same for two seconds. */
async function settledBytes(server: ServerProcess): Promise<number> {
  let last = server.usage().residentBytes
  for (let step = 0, unchanged = 0; step < settleStepsMax && unchanged < settledSteps; step++) {
    await Bun.sleep(settleStepMs)
    const { residentBytes } = server.usage()
    unchanged = Math.abs(residentBytes - last) <= last * settledWithin ? unchanged + 1 : 0
    last = residentBytes
  }
  return last
}
