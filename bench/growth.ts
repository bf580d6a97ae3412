import { type Benchmark, Findings, median, type Outcome } from './benchmark.ts'
import { Load } from './load.ts'
import { measure, medianRatio } from './measure.ts'
import { message, type Peer } from './peer.ts'
import { type FanfareService, fanfare } from './peers/fanfare.ts'
import { limit } from './peers/limit.ts'
import type { Stage } from './stage.ts'

const sizes = [1000, 5000, 10_000, 19_000]
const deliveriesPerMeasure = 190_000
const flatWithin = 1.2

const idleChannels = 100_000
const publishTurns = 5
const publishesPerTurn = 2000
const commandsPerBatch = 1000

/** What a delivery costs as the sessions grow, and what a publish costs beside channels in which nothing happens. */
export const growth: Benchmark = {
  name: 'growth',
  async run(stage, note): Promise<Outcome> {
    const findings = new Findings()
    for (const peer of [fanfare, limit]) {
      const reason = peer.missing(stage)
      if (reason !== undefined) findings.missing.push(`${peer.name}: ${reason}`)
      else await growSessions(stage, peer, findings)
    }
    await growChannels(stage, findings, note)
    return findings
  },
}

/** Up through the sizes and down again, so that what drifts meanwhile meets both ends; the same number of deliveries at each. */
async function growSessions(stage: Stage, peer: Peer, findings: Findings): Promise<void> {
  const service = await peer.start(stage)
  const loads: Load[] = []
  const costs = new Map<number, number[]>(sizes.map(size => [size, []]))
  const at = async (size: number) => {
    const contestant = { name: `${peer.name} with ${size} sessions`, service, loads }
    await measure(contestant, { rounds: Math.ceil(deliveriesPerMeasure / size / 4), atOnce: 1 }, findings)
    const { cpuUsPerDelivery } = await measure(contestant, { rounds: Math.round(deliveriesPerMeasure / size), atOnce: 1 }, findings)
    costs.get(size)?.push(cpuUsPerDelivery)
  }
  for (const [step, size] of sizes.entries()) {
    const connections = size - (sizes[step - 1] ?? 0)
    loads.push(await Load.open(stage, service.audience('ws'), { port: service.process.port, connections }))
    await at(size)
  }
  for (const size of sizes.slice(0, -1).reverse()) {
    await loads.pop()?.close()
    await Bun.sleep(500)
    await at(size)
  }
  await service.process.stop()
  noteGrowth(peer, costs, findings)
}

function noteGrowth(peer: Peer, costs: ReadonlyMap<number, readonly number[]>, findings: Findings): void {
  const [smallest = 0, ...larger] = sizes
  const base = median(costs.get(smallest) ?? [])
  for (const size of larger) {
    const value = median(costs.get(size) ?? [])
    findings.figures.push({
      id: 'P10',
      work: `CPU per delivery with ${size.toLocaleString('en')} WebSockets`,
      unit: 'us',
      value,
      beside: { name: `itself with ${smallest.toLocaleString('en')}`, value: base, ratio: value / base },
      ...(peer === fanfare ? { atMost: flatWithin } : { subject: peer.name }),
    })
  }
}

/** Two servers take turns; one of them holds channels with a history each and nobody in them. */
async function growChannels(stage: Stage, findings: Findings, note: (line: string) => void): Promise<void> {
  const quiet = await fanfare.start(stage)
  const crowded = await fanfare.start(stage)
  let accepted = 0
  for (let first = 0; first < idleChannels; first += commandsPerBatch) {
    accepted += await crowded.batch(
      Array.from({ length: commandsPerBatch }, (_, i) => `{"channel":"bench:idle-${first + i}","data":${message(1, 60)}}`),
    )
  }
  if (accepted < idleChannels) findings.shortfalls.push(`only ${accepted} of ${idleChannels} idle channels were accepted`)
  note(`${idleChannels} idle channels are there`)
  const [withNone, withMany]: [number[], number[]] = [[], []]
  for (let turn = 0; turn <= publishTurns; turn++) {
    const none = await cpuUsPerPublish(quiet)
    const many = await cpuUsPerPublish(crowded)
    if (turn > 0) {
      withNone.push(none)
      withMany.push(many)
    }
  }
  findings.figures.push({
    id: 'P10',
    work: `CPU per publish with ${idleChannels.toLocaleString('en')} idle channels`,
    unit: 'us',
    value: median(withMany),
    beside: { name: 'itself with none', value: median(withNone), ratio: medianRatio(withMany, withNone) },
    atMost: flatWithin,
  })
}

/** Publications to one channel that nobody listens to, in batches of a hundred so that HTTP does not drown what is measured. */
async function cpuUsPerPublish(service: FanfareService): Promise<number> {
  const atOnce = 100
  const before = service.process.usage().cpuUs
  for (let published = 0; published < publishesPerTurn; published += atOnce) {
    await service.publish(
      Array.from({ length: atOnce }, (_, i) => message(published + i)),
      'bench:busy',
    )
  }
  return (service.process.usage().cpuUs - before) / publishesPerTurn
}
