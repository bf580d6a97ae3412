import { type Benchmark, Findings, median, type Outcome } from './benchmark.ts'
import { Load } from './load.ts'
import { type Contestant, measureInTurns, medianRatio, type Publications } from './measure.ts'
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
const turns = 3
/** Now and then, to clients that have been quiet: what else a server does meanwhile, as pings, counts as well. */
const paced = { rounds: 10, atOnce: 1, everyMs: 250 } as const
/** Each as soon as everyone has the one before: nothing but deliveries is measured. The targets are about these. */
const backToBack = { rounds: 30, atOnce: 1 } as const

/**
 * CPU per delivery of one message to ten thousand clients of one channel. Each peer is measured beside us, both on the same core in turns, with
 * nobody else's sockets in the caches.
 */
export function fanOut({ id, name, wire, work, beside }: FanOut): Benchmark {
  return {
    name,
    async run(stage, note): Promise<Outcome> {
      const findings = new Findings()
      for (const { peer, atMost } of beside) {
        const reason = peer.missing(stage)
        if (reason !== undefined) {
          findings.missing.push(`${peer.name}: ${reason}`)
          continue
        }
        const pair = [await enter(stage, fanfare, wire, note), await enter(stage, peer, wire, note)]
        await compare({ id, work, peer, atMost }, pair, backToBack, findings)
        await compare({ id, work: `${work}, four a second`, peer, atMost: undefined }, pair, paced, findings)
        for (const contestant of pair) await leave(contestant)
      }
      return findings
    },
  }
}

interface Comparison {
  readonly id: string
  readonly work: string
  readonly peer: Peer
  readonly atMost: number | undefined
}

async function compare(
  { id, work, peer, atMost }: Comparison,
  pair: readonly Contestant[],
  publications: Publications,
  findings: Findings,
): Promise<void> {
  const figures = await measureInTurns(pair, turns, publications, findings)
  const [ours = [], theirs = []] = [figures.get(fanfare.name), figures.get(peer.name)]
  findings.figures.push({
    id,
    work,
    unit: 'us',
    value: median(ours),
    beside: { name: peer.name, value: median(theirs), ratio: medianRatio(ours, theirs) },
    ...(atMost === undefined ? {} : { atMost }),
  })
}

async function leave({ service, loads }: Contestant): Promise<void> {
  for (const load of loads) await load.close()
  await service.process.stop()
}

/** Starts a server and connects its clients. */
async function enter(stage: Stage, peer: Peer, wire: Wire, note: (line: string) => void): Promise<Contestant> {
  const service = await peer.start(stage)
  const load = await Load.open(stage, service.audience(wire), { port: service.process.port, connections: clients })
  note(`${peer.name}: ${clients} clients are connected`)
  return { name: peer.name, service, loads: [load] }
}
