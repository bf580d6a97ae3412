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
const turns = 5
/** Events as they come in life: now and then, to clients that have been quiet. The targets are about these. */
const paced = { rounds: 10, atOnce: 1, everyMs: 250 } as const
/** Each as soon as everyone has the one before: clients' kernels save acknowledgements and all caches are warm, a bare loop's most of all. */
const backToBack = { rounds: 30, atOnce: 1 } as const

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
      await compare(options, contestants, paced, findings)
      await compare(
        { ...options, work: `${options.work}, back to back`, beside: options.beside.map(({ peer }) => ({ peer })) },
        contestants,
        backToBack,
        findings,
      )
      return findings
    },
  }
}

async function compare(
  { id, work, beside }: FanOut,
  contestants: readonly Contestant[],
  publications: Publications,
  findings: Findings,
): Promise<void> {
  const figures = await measureInTurns(contestants, turns, publications, findings)
  const ours = figures.get(fanfare.name) ?? []
  for (const { peer, atMost } of beside) {
    const theirs = figures.get(peer.name)
    if (theirs === undefined) continue
    findings.figures.push({
      id,
      work,
      unit: 'us',
      value: median(ours),
      beside: { name: peer.name, value: median(theirs), ratio: medianRatio(ours, theirs) },
      ...(atMost === undefined ? {} : { atMost }),
    })
  }
}

/** Starts a server and connects its clients. */
async function enter(stage: Stage, peer: Peer, wire: Wire, note: (line: string) => void): Promise<Contestant> {
  const service = await peer.start(stage)
  const load = await Load.open(stage, service.audience(wire), { port: service.process.port, connections: clients })
  note(`${peer.name}: ${clients} clients are connected`)
  return { name: peer.name, service, loads: [load] }
}
