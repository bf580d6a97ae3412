import { type Benchmark, Findings, type Outcome } from './benchmark.ts'
import { Load } from './load.ts'
import type { Audience, Wire } from './peer.ts'
import { fanfare } from './peers/fanfare.ts'
import { nchan } from './peers/nchan.ts'
import { ws } from './peers/node-peers.ts'
import type { ServerProcess, Stage } from './stage.ts'
import { kernelSocketBytes } from './usage.ts'

interface Case {
  readonly name: string
  readonly work: string
  readonly atMost?: number
  /** Starts the server; its audience is connected in two parts. */
  start(stage: Stage): Promise<{ process: ServerProcess; audience: Audience }>
}

/** Sessions that are there before the first reading, so that what a server makes once is not counted. */
const before = 1000
const sessions = 10_000

const cases: readonly Case[] = [
  { name: fanfare.name, work: 'memory of an idle SSE session, one subscription', atMost: 6, start: stage => startFanfare(stage, 'sse') },
  {
    name: fanfare.name,
    work: 'memory of an idle WebSocket session, one subscription',
    atMost: 4.5,
    start: stage => startFanfare(stage, 'ws'),
  },
  {
    name: fanfare.name,
    work: 'memory of an idle WebSocket session with a channel of its own',
    start: stage => startFanfare(stage, 'ws', 'bench:own-{i}'),
  },
  { name: nchan.name, work: 'memory of an idle SSE session, one subscription', start: stage => startPeer(stage, 'sse') },
  { name: ws.name, work: 'memory of an idle WebSocket', start: stage => startPeer(stage, 'ws') },
]

/** Resident memory for each idle session, between 1,000 and 11,000 of them, once it has settled; the kernel's socket memory apart. */
export const idleMemory: Benchmark = {
  name: 'idle-memory',
  async run(stage, note): Promise<Outcome> {
    const findings = new Findings()
    for (const entry of cases) {
      const reason = entry.name === nchan.name ? nchan.missing(stage) : entry.name === ws.name ? ws.missing(stage) : undefined
      if (reason !== undefined) {
        findings.missing.push(`${entry.name}: ${reason}`)
        continue
      }
      const { process, audience } = await entry.start(stage)
      await Load.open(stage, audience, { port: process.port, connections: before })
      const low = await settledBytes(process)
      const lowKernel = kernelSocketBytes()
      await Load.open(stage, audience, { port: process.port, connections: sessions })
      const high = await settledBytes(process)
      const kilobytes = (high - low) / sessions / 1024
      const kernel = (kernelSocketBytes() - lowKernel) / sessions / 1024
      note(`${entry.name}: ${kilobytes.toFixed(2)} KB resident and ${kernel.toFixed(2)} KB of kernel buffers for each: ${entry.work}`)
      findings.figures.push({
        id: 'P3',
        work: entry.work,
        unit: 'KB',
        value: kilobytes,
        ...(entry.name === fanfare.name ? {} : { subject: entry.name }),
        ...(entry.atMost === undefined ? {} : { atMost: entry.atMost }),
      })
      await process.stop()
    }
    return findings
  },
}

const settleStepMs = 500
const settleStepsMax = 16

/** Memory once it no longer falls: the lowest reading of a window in which nothing happens any more. */
async function settledBytes(process: ServerProcess): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY
  let unchanged = 0
  for (let step = 0; step < settleStepsMax && unchanged < 4; step++) {
    await Bun.sleep(settleStepMs)
    const { residentBytes } = process.usage()
    unchanged = residentBytes > lowest * 0.995 ? unchanged + 1 : 0
    lowest = Math.min(lowest, residentBytes)
  }
  return lowest
}

async function startFanfare(stage: Stage, wire: Wire, channel?: string) {
  const service = await fanfare.start(stage)
  return { process: service.process, audience: service.audience(wire, channel) }
}

async function startPeer(stage: Stage, wire: Wire) {
  const service = await (wire === 'sse' ? nchan : ws).start(stage)
  return { process: service.process, audience: service.audience(wire) }
}
