import { type Benchmark, Findings, median, type Outcome } from './benchmark.ts'
import { Load } from './load.ts'
import { type Contestant, measureInTurns, medianRatio } from './measure.ts'
import type { Peer, Wire } from './peer.ts'
import { fanfare } from './peers/fanfare.ts'
import type { Stage } from './stage.ts'

interface FanOut {
  readonly id: string
  readonly name: string
  readonly wire: Wire
  readonly work: string
  readonly beside: readonly { readonly peer: Peer; readonly atMost?: number }[]
}

const clients = 10_000
const turns = 5
/**
 * Events come as they do in life: now and then, to clients that have been quiet. Back to back, a kernel saves acknowledgements and everything is
 * warm, for a bare loop most of all; nobody's feed is like that.
 */
const publications = { rounds: 10, atOnce: 1, everyMs: 250 } as const

/** CPU per delivery of one message to ten thousand clients of one channel, with every server on the same core in turns. */
export function fanOut(options: FanOut): Benchmark {
  return {
    name: options.name,
    async run(stage, note): Promise<Outcome> {
      const findings = new Findings()
      const contestants: Contestant[] = []
      for (const peer of [fanfare, ...options.beside.map(entry => entry.peer)]) {
        const reason = peer.missing(stage)
        if (reason !== undefined) findings.missing.push(`${peer.name}: ${reason}`)
        else contestants.push(await enter(stage, peer, options.wire, note))
      }
      const figures = await measureInTurns(contestants, turns, publications, findings)
      const ours = figures.get(fanfare.name) ?? []
      for (const { peer, atMost } of options.beside) {
        const theirs = figures.get(peer.name)
        if (theirs === undefined) continue
        findings.figures.push({
          id: options.id,
          work: options.work,
          unit: 'us',
          value: median(ours),
          beside: { name: peer.name, value: median(theirs), ratio: medianRatio(ours, theirs) },
          ...(atMost === undefined ? {} : { atMost }),
        })
      }
      return findings
    },
  }
}

/** Starts a server and connects its clients. */
async function enter(stage: Stage, peer: Peer, wire: Wire, note: (line: string) => void): Promise<Contestant> {
  const service = await peer.start(stage)
  const load = await Load.open(stage, service.audience(wire), { port: service.process.port, connections: clients })
  note(`${peer.name}: ${clients} clients are connected`)
  return { name: peer.name, service, loads: [load] }
}
