import { type Benchmark, Findings, median, type Outcome } from './benchmark.ts'
import { Load } from './load.ts'
import { measureWarm, medianRatio } from './measure.ts'
import { message, type Peer, type Service } from './peer.ts'
import { type FanfareService, fanfare } from './peers/fanfare.ts'
import { limit } from './peers/limit.ts'
import type { Stage } from './stage.ts'

const sizes = [1000, 5000, 10_000, 19_000]
const deliveriesPerMeasure = 190_000
const flatWithin = 1.2
/** Servers take notice of many clients that leave at once. */
const departureMs = 500

const idleChannels = 100_000
const publishTurns = 4
const publishesPerTurn = 40_000
const publishesAtOnce = 500
const commandsPerBatch = 1000

/** What a delivery costs as the sessions grow, and what a publish costs beside channels in which nothing happens. */
export const growth: Benchmark = {
  name: 'growth',
  async run(stage, note): Promise<Outcome> {
    const findings = new Findings()
    await growSessions(stage, findings, note)
    await growChannels(stage, findings, note)
    return findings
  },
}

/** A server whose clients grow in number, and what a delivery cost at each size. */
interface Grower {
  readonly peer: Peer
  readonly service: Service
  readonly loads: Load[]
  readonly costs: ReadonlyMap<number, number[]>
}

/** Up through the sizes and down again, all servers at each, so that what drifts meanwhile meets everyone; the same number of deliveries at each size. */
async function growSessions(stage: Stage, findings: Findings, note: (line: string) => void): Promise<void> {
  const growers: Grower[] = []
  for (const peer of [fanfare, limit]) {
    const reason = peer.missing(stage)
    if (reason !== undefined) findings.missing.push(`${peer.name}: ${reason}`)
    else growers.push({ peer, service: await peer.start(stage), loads: [], costs: new Map(sizes.map(size => [size, []])) })
  }
  for (const [step, size] of sizes.entries()) {
    for (const grower of growers) {
      const connections = size - (sizes[step - 1] ?? 0)
      grower.loads.push(await Load.open(stage, grower.service.audience('ws'), { port: grower.service.process.port, connections }))
    }
    await measureAll(growers, size, findings)
  }
  for (const size of sizes.slice(0, -1).reverse()) {
    for (const grower of growers) await grower.loads.pop()?.close()
    await Bun.sleep(departureMs)
    await measureAll(growers, size, findings)
  }
  for (const { peer, service, costs } of growers) {
    note(`${peer.name}: ${sizes.map(size => `${median(costs.get(size) ?? []).toFixed(2)} µs with ${size}`).join(', ')}`)
    await service.process.stop()
  }
  const [ours, theirs] = growers
  if (ours !== undefined) noteGrowth(ours, theirs, findings)
}

async function measureAll(growers: readonly Grower[], size: number, findings: Findings): Promise<void> {
  for (const { peer, service, loads, costs } of growers) {
    const contestant = { name: `${peer.name} with ${size} sessions`, service, loads }
    const { cpuUsPerDelivery } = await measureWarm(contestant, { rounds: Math.round(deliveriesPerMeasure / size), atOnce: 1 }, findings)
    costs.get(size)?.push(cpuUsPerDelivery)
  }
}

/**
 * The yardstick grows too, since a core's own cache holds the kernel's part of a thousand connections and not that of many thousands. With 19,000
 * a round takes longer than 200 ms, which each client's kernel takes for a pause (see `warmUp` of measure.ts): that alone adds two thirds. With
 * that time set to a second, in a network of its own, Fanfare grew by 1.24 and the yardstick by 1.36. What a server adds to the yardstick's
 * growth is its own.
 */
function noteGrowth(ours: Grower, theirs: Grower | undefined, findings: Findings): void {
  const [smallest = 0, ...larger] = sizes
  const growthOf = ({ costs }: Grower, size: number) => median(costs.get(size) ?? []) / median(costs.get(smallest) ?? [])
  for (const size of larger) {
    const value = growthOf(ours, size)
    const growth = theirs === undefined ? undefined : growthOf(theirs, size)
    findings.figures.push({
      id: 'P10',
      work: `growth of CPU per delivery from ${smallest.toLocaleString('en')} to ${size.toLocaleString('en')} WebSockets`,
      unit: 'times',
      value,
      atMost: flatWithin,
      ...(growth === undefined ? {} : { beside: { name: limit.name, value: growth, ratio: value / growth } }),
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

/** Publications to one channel that nobody listens to, many in a call so that HTTP does not drown what is measured. */
async function cpuUsPerPublish(service: FanfareService): Promise<number> {
  const before = service.process.usage().cpuUs
  for (let published = 0; published < publishesPerTurn; published += publishesAtOnce) {
    await service.publish(
      Array.from({ length: publishesAtOnce }, (_, i) => message(published + i)),
      'bench:busy',
    )
  }
  return (service.process.usage().cpuUs - before) / publishesPerTurn
}
