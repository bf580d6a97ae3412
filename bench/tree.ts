import { type Benchmark, Findings, median, type Outcome } from './benchmark.ts'
import { Load, type LoadReport } from './load.ts'
import { message } from './peer.ts'
import type { ServerProcess, Stage } from './stage.ts'
import { linesOf, modelOf, type TreeCosts } from './tree-model.ts'
import { fanOut, TreeNodes } from './tree-nodes.ts'
import { type Added, added, quantile, TreeProbe } from './tree-probe.ts'

const viewers = 5000
const modelViewers = 10_000_000
const hopMsMax = 5
/** Goals whose way from node to node is measured, and between them. */
const probed = { goals: 400, apartMs: 15, stretches: 8 }
const warmUpGoals = 18
const goals = 60
const deliveredWithinMs = 20_000
const messageBytes = 200

/** Cost for each viewer, hop and edge of a tree, and what ten million viewers would take below a fan-out of nodes. */
export function tree(modelFanOut: readonly number[]): Benchmark {
  return {
    name: 'tree',
    async run(stage, note): Promise<Outcome> {
      const findings = new Findings()
      const nodes = await TreeNodes.start(stage)
      const { hopMs, sendsForFew } = await measureHops(nodes, findings, note)
      const costs = { hopMs, ...(await measureEdges(stage, nodes, findings, note)) }
      const sends = await sendsForOne(nodes)
      findings.figures.push({
        id: 'P8',
        work: `sends between ${nodes.all.length} nodes for one publication to ${viewers.toLocaleString('en')} viewers`,
        unit: 'writes',
        value: sends,
        beside: { name: 'itself with one viewer a node', value: sendsForFew, ratio: sends / sendsForFew },
        atMost: 1,
      })
      for (const line of linesOf(modelOf(modelViewers, modelFanOut, costs), modelFanOut, costs)) note(line)
      return findings
    },
  }
}

/** One viewer on each node: when a message came to a node beside when it came to its parent. */
async function measureHops(
  nodes: TreeNodes,
  findings: Findings,
  note: (line: string) => void,
): Promise<{ hopMs: number; sendsForFew: number }> {
  const probes = await Promise.all(nodes.all.map(node => TreeProbe.open(node)))
  for (let n = 1; n <= probed.goals; n++) {
    await nodes.publish(message(n, messageBytes))
    await Bun.sleep(probed.apartMs)
  }
  const sendsForFew = await sendsForOne(nodes)
  for (const probe of probes) probe.close()
  const short = probes.filter(({ arrivals }) => arrivals.size < probed.goals).length
  if (short > 0) findings.shortfalls.push(`tree: ${short} nodes did not get all of ${probed.goals} goals`)
  const [central, ...rest] = probes
  const regionals = rest.slice(0, fanOut[0])
  const edges = rest.slice(fanOut[0])
  const hops = [
    { name: 'central to regional', adds: regionals.flatMap(regional => added(central, regional)) },
    { name: 'regional to edge', adds: edges.flatMap((edge, index) => added(regionals[Math.floor(index / fanOut[1])], edge)) },
  ]
  let slowestMs = 0
  for (const { name, adds } of hops) {
    const p99 = p99Of(adds)
    slowestMs = Math.max(slowestMs, p99)
    const all = adds.map(({ ms }) => ms)
    note(
      `${name}: ${quantile(all, 0.5).toFixed(2)} ms at p50, ${p99.toFixed(2)} ms at p99 (${quantile(all, 0.99).toFixed(2)} ms over all ${all.length} arrivals)`,
    )
    findings.figures.push({
      id: 'P8',
      work: `latency added by a hop, ${name}, p99`,
      unit: 'us',
      value: p99 * 1000,
      atMost: hopMsMax * 1000,
    })
  }
  return { hopMs: slowestMs, sendsForFew }
}

/** The median over stretches of a second or so: what holds up the machine for a moment is not the hop's. */
function p99Of(adds: readonly Added[]): number {
  const stretches = Array.from({ length: probed.stretches }, (_, stretch) =>
    adds.filter(({ n }) => Math.floor(((n - 1) * probed.stretches) / probed.goals) === stretch).map(({ ms }) => ms),
  )
  return median(stretches.filter(({ length }) => length > 0).map(values => quantile(values, 0.99)))
}

/** Counted by the nodes themselves. */
async function sendsForOne(nodes: TreeNodes): Promise<number> {
  const before = await nodes.sends()
  await nodes.publish(message(0, messageBytes))
  const sends = (await nodes.sends()) - before
  if (!(sends > 0)) throw new Error(`${sends} sends were counted for a publication`)
  return sends
}

/** Spreads the viewers over the edges and has all of them get goals. */
async function measureEdges(
  stage: Stage,
  nodes: TreeNodes,
  findings: Findings,
  note: (line: string) => void,
): Promise<Omit<TreeCosts, 'hopMs'>> {
  const idle = await idleUsPerMs(nodes)
  const loads: Load[] = []
  for (const [index, { port }] of nodes.edges.entries()) {
    const connections = Math.floor((viewers + index) / nodes.edges.length)
    loads.push(await Load.open(stage, nodes.audience, { port, connections }))
  }
  note(`${viewers} viewers are on ${nodes.edges.length} edges`)
  await deliver(nodes, loads, warmUpGoals)
  const before = cpuOf(nodes)
  const beganMs = performance.now()
  const reports = await deliver(nodes, loads, goals)
  const lastedMs = performance.now() - beganMs
  const after = cpuOf(nodes)
  const cpuUs = (of: keyof Cpu) => Math.max(0, after[of] - before[of] - idle[of] * lastedMs)
  for (const report of reports) findings.shortfalls.push(...shortfallsOf(report))
  const deliveries = reports.reduce((sum, { messages }) => sum + messages, 0)
  findings.accepted += goals * viewers
  findings.delivered += deliveries
  const deliveryUs = cpuUs('edges') / deliveries
  const deliveryBytes = reports.reduce((sum, { bytes }) => sum + bytes, 0) / deliveries
  const last = reports.map(({ latencyMs }) => latencyMs.max)
  note(
    `the last of ${viewers} viewers had a goal after ${Math.max(...last).toFixed(0)} ms at worst, with all nodes on ${stage.pinned ? 'one core' : 'this machine'}`,
  )
  note(
    `CPU for a goal: ${deliveryUs.toFixed(1)} us a viewer on edges, ${(cpuUs('regionals') / goals / fanOut[0]).toFixed(0)} us on a regional node, ${(cpuUs('central') / goals).toFixed(0)} us on the central one with its API`,
  )
  note(`${deliveryBytes.toFixed(0)} bytes to a viewer for a message of ${messageBytes}`)
  const memory = await measureMemory(stage, nodes)
  findings.figures.push({ id: 'P8', work: 'CPU of an edge per delivery below two hops', unit: 'us', value: deliveryUs })
  findings.figures.push({ id: 'P8', work: 'memory of an edge for each SSE viewer', unit: 'KB', value: memory.viewerBytes / 1024 })
  return { deliveryUs, deliveryBytes, ...memory }
}

/** On one edge that has delivered already: what as many viewers again add to it. */
async function measureMemory(stage: Stage, nodes: TreeNodes): Promise<Pick<TreeCosts, 'viewerBytes' | 'edgeBytes'>> {
  const edge = nodes.edges.at(-1) ?? nodes.central
  const few = await settledBytes(edge)
  const load = await Load.open(stage, nodes.audience, { port: edge.port, connections: viewers })
  await deliver(nodes, [load], warmUpGoals)
  const viewerBytes = ((await settledBytes(edge)) - few) / viewers
  return { viewerBytes, edgeBytes: few - (viewers / nodes.edges.length) * viewerBytes }
}

/** Publishes goals, the next when everyone has the last. */
async function deliver(nodes: TreeNodes, loads: readonly Load[], count: number): Promise<LoadReport[]> {
  await Promise.all(loads.map(load => load.begin()))
  for (let n = 1; n <= count; n++) {
    await nodes.publish(message(n, messageBytes))
    const short = await Promise.all(loads.map(load => load.wait(n, deliveredWithinMs)))
    if (short.some(missing => missing > 0)) break
  }
  return Promise.all(loads.map(load => load.end()))
}

function shortfallsOf({ fewest, most, gaps, repeats, closed }: LoadReport): string[] {
  const found: string[] = []
  if (fewest < goals || most > goals) found.push(`tree: a viewer got ${fewest < goals ? fewest : most} of ${goals} goals`)
  if (gaps > 0 || repeats > 0) found.push(`tree: ${gaps} gaps and ${repeats} repeats`)
  if (closed > 0) found.push(`tree: ${closed} connections were closed`)
  return found
}

interface Cpu {
  readonly central: number
  readonly regionals: number
  readonly edges: number
}

/** Microseconds so far, of all nodes of a level together. */
function cpuOf({ central, regionals, edges }: TreeNodes): Cpu {
  const sum = (nodes: readonly ServerProcess[]) => nodes.reduce((total, node) => total + node.usage().cpuUs, 0)
  return { central: sum([central]), regionals: sum(regionals), edges: sum(edges) }
}

const idleMs = 3000

/** What nodes take without goals: heartbeats, reports. */
async function idleUsPerMs(nodes: TreeNodes): Promise<Cpu> {
  const before = cpuOf(nodes)
  await Bun.sleep(idleMs)
  const after = cpuOf(nodes)
  const perMs = (of: keyof Cpu) => (after[of] - before[of]) / idleMs
  return { central: perMs('central'), regionals: perMs('regionals'), edges: perMs('edges') }
}

/** Resident memory, the lowest of some readings. */
async function settledBytes(node: ServerProcess): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY
  for (let reading = 0; reading < 8; reading++) {
    await Bun.sleep(400)
    lowest = Math.min(lowest, node.usage().residentBytes)
  }
  return lowest
}
