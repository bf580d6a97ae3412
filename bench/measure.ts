import { type Findings, median } from './benchmark.ts'
import type { Load, LoadReport } from './load.ts'
import { message, type Service } from './peer.ts'

/** A server with its clients connected, ready to be measured again and again. */
export interface Contestant {
  readonly name: string
  readonly service: Pick<Service, 'process' | 'publish'>
  readonly loads: readonly Load[]
}

export interface Measure {
  readonly cpuUsPerDelivery: number
  readonly deliveries: number
  readonly reports: readonly LoadReport[]
}

const deliveredWithinMs = 20_000
/** What a server puts off until after the last delivery still counts. */
const trailingMs = 30

/** What is published in one measure. */
export interface Publications {
  readonly rounds: number
  readonly atOnce: number
  /** From one round to the next at least this long; 0 for as soon as everyone has the last. */
  readonly everyMs?: number
}

/**
 * Publishes `rounds` times `atOnce` messages, each time only when everyone has what was published before, so that nobody saves writes
 * by falling behind. Every client must get every message, once, in order; whoever does not is noted.
 */
export async function measure(contestant: Contestant, publications: Publications, findings: Findings): Promise<Measure> {
  const { name, service, loads } = contestant
  const clients = loads.reduce((sum, load) => sum + load.connections, 0)
  await Promise.all(loads.map(load => load.begin()))
  const before = service.process.usage()
  let accepted = 0
  for (let round = 0; round < publications.rounds; round++) {
    const due = performance.now() + (publications.everyMs ?? 0)
    const messages = Array.from({ length: publications.atOnce }, (_, i) => message(round * publications.atOnce + i + 1))
    accepted += await service.publish(messages)
    const short = await Promise.all(loads.map(load => load.wait(accepted, deliveredWithinMs)))
    if (short.some(count => count > 0)) break
    await Bun.sleep(Math.max(0, due - performance.now()))
  }
  await Bun.sleep(trailingMs)
  const after = service.process.usage()
  const reports = await Promise.all(loads.map(load => load.end()))
  const published = publications.rounds * publications.atOnce
  if (accepted < published) findings.shortfalls.push(`${name} accepted ${accepted} of ${published} publications`)
  for (const report of reports) findings.shortfalls.push(...shortfalls(name, accepted, report))
  const deliveries = reports.reduce((sum, report) => sum + report.messages, 0)
  findings.accepted += accepted * clients
  findings.delivered += deliveries
  return { cpuUsPerDelivery: (after.cpuUs - before.cpuUs) / deliveries, deliveries, reports }
}

function shortfalls(name: string, accepted: number, report: LoadReport): string[] {
  const found: string[] = []
  if (report.fewest < accepted) found.push(`${name}: a client got ${report.fewest} of ${accepted} messages`)
  if (report.most > accepted) found.push(`${name}: a client got ${report.most} messages where ${accepted} were accepted`)
  if (report.gaps > 0 || report.repeats > 0)
    found.push(`${name}: ${report.gaps} gaps and ${report.repeats} repeats in the numbers that clients saw`)
  if (report.closed > 0) found.push(`${name}: ${report.closed} connections were closed`)
  return found
}

/**
 * The kernel of a client acknowledges the first 16 segments after a pause one by one (TCP_MAX_QUICKACKS; a pause is longer than the connection's
 * retransmission timeout, 200 ms and more), which costs the sender up to two thirds more and depends on the pause alone. They are sent before a
 * measure begins, also after another contestant's turn; caches and compilers warm up with them.
 */
const warmUp = { rounds: 18, atOnce: 1 } as const

export async function measureWarm(contestant: Contestant, publications: Publications, findings: Findings): Promise<Measure> {
  await measure(contestant, warmUp, findings)
  return await measure(contestant, publications, findings)
}

/** CPU per delivery of each contestant, measured in turns: A B C, A B C, … */
export async function measureInTurns(
  contestants: readonly Contestant[],
  turns: number,
  publications: Publications,
  findings: Findings,
): Promise<Map<string, number[]>> {
  const figures = new Map<string, number[]>(contestants.map(contestant => [contestant.name, []]))
  for (let turn = 0; turn < turns; turn++) {
    for (const contestant of contestants) {
      const { cpuUsPerDelivery } = await measureWarm(contestant, publications, findings)
      figures.get(contestant.name)?.push(cpuUsPerDelivery)
    }
  }
  return figures
}

/** The median over turns of one contestant's figure beside another's of the same turn: what slows the machine for a while slows both. */
export function medianRatio(figures: readonly number[], beside: readonly number[]): number {
  return median(figures.map((figure, turn) => figure / (beside[turn] ?? Number.NaN)))
}
