/** What was measured on this machine. */
export interface TreeCosts {
  /** CPU of an edge for one delivery to one viewer, microseconds. */
  readonly deliveryUs: number
  /** What a hop adds between a parent's viewers and its child's, 99th percentile, milliseconds. */
  readonly hopMs: number
  /** Resident memory of an edge for each viewer, bytes. */
  readonly viewerBytes: number
  /** Resident memory of an edge without viewers, bytes. */
  readonly edgeBytes: number
  /** What one delivery is on a viewer's connection, bytes. */
  readonly deliveryBytes: number
}

/** What a tree takes for one publication that everybody wants. */
export interface TreeModel {
  readonly viewers: number
  /** Nodes of each level, the central one first, the edges last. */
  readonly levels: readonly number[]
  readonly viewersPerEdge: number
  readonly sends: number
  /** Seconds of one core. */
  readonly edgeCpuS: number
  readonly lastViewerS: number
  readonly edgeMemoryBytes: number
  readonly edgeBytesOut: number
  readonly bytesOut: number
}

/** Reads `10x20`: ten nodes below the central one, twenty below each of those. */
export function parseFanOut(text: string): number[] | undefined {
  const fanOut = text.split('x').map(part => (/^[1-9]\d{0,5}$/.test(part) ? Number(part) : Number.NaN))
  return fanOut.some(Number.isNaN) ? undefined : fanOut
}

/**
 * Every edge on a core of its own, all viewers spread evenly, one publication at a time. The network between the nodes and to the viewers is
 * left out: it adds the same whatever serves them.
 */
export function modelOf(viewers: number, fanOut: readonly number[], costs: TreeCosts): TreeModel {
  const levels = [1]
  for (const each of fanOut) levels.push((levels.at(-1) ?? 1) * each)
  const edges = levels.at(-1) ?? 1
  const viewersPerEdge = Math.ceil(viewers / edges)
  const edgeCpuS = (viewersPerEdge * costs.deliveryUs) / 1e6
  return {
    viewers,
    levels,
    viewersPerEdge,
    sends: levels.reduce((sum, nodes) => sum + nodes, 0),
    edgeCpuS,
    lastViewerS: (fanOut.length * costs.hopMs) / 1000 + edgeCpuS,
    edgeMemoryBytes: costs.edgeBytes + viewersPerEdge * costs.viewerBytes,
    edgeBytesOut: viewersPerEdge * costs.deliveryBytes,
    bytesOut: viewers * costs.deliveryBytes,
  }
}

/** How many edges it takes so that the last viewer has it in this time after it has reached the edges. */
export function edgesFor(viewers: number, seconds: number, { deliveryUs }: TreeCosts): number {
  return Math.ceil((viewers * deliveryUs) / 1e6 / seconds)
}

const bitsPerSecond = 10e9

/** The model as it is printed, each line with its formula. */
export function linesOf(model: TreeModel, fanOut: readonly number[], costs: TreeCosts): string[] {
  const { viewers, levels, viewersPerEdge, sends, edgeCpuS, lastViewerS, edgeMemoryBytes, edgeBytesOut, bytesOut } = model
  const edges = levels.at(-1) ?? 1
  const { deliveryUs, hopMs, viewerBytes, edgeBytes, deliveryBytes } = costs
  const hops = `${fanOut.length} ${fanOut.length === 1 ? 'hop' : 'hops'}`
  return [
    `a model, not a measurement: ${count(viewers)} viewers of one goal below a fan-out of ${fanOut.join('x')}, from the figures of this machine,`,
    'every edge on a core of its own, without the network between nodes and to viewers',
    row('edges', fanOut.join(' x '), count(edges)),
    row('viewers of an edge', `${count(viewers)} / ${count(edges)}`, count(viewersPerEdge)),
    row('sends between nodes', levels.map(count).join(' + '), count(sends)),
    row('CPU of an edge', `${count(viewersPerEdge)} x ${deliveryUs.toFixed(1)} us`, `${edgeCpuS.toFixed(2)} s`),
    row('until the last viewer', `${hops} x ${hopMs.toFixed(1)} ms (p99) + ${edgeCpuS.toFixed(2)} s`, `${lastViewerS.toFixed(2)} s`),
    row('memory of an edge', `${bytes(edgeBytes)} + ${count(viewersPerEdge)} x ${bytes(viewerBytes)}`, bytes(edgeMemoryBytes)),
    row('out of an edge', `${count(viewersPerEdge)} x ${Math.round(deliveryBytes)} B`, bytes(edgeBytesOut)),
    row('  at 10 Gbit/s', `${bytes(edgeBytesOut)} x 8 / 10 Gbit/s`, `${((edgeBytesOut * 8) / bitsPerSecond).toFixed(3)} s`),
    row('out of all edges', `${count(viewers)} x ${Math.round(deliveryBytes)} B`, bytes(bytesOut)),
    ...[1, 0.2].map(seconds =>
      row(
        `edges for all in ${seconds} s`,
        `${count(viewers)} x ${deliveryUs.toFixed(1)} us / ${seconds} s`,
        count(edgesFor(viewers, seconds, costs)),
      ),
    ),
  ]
}

function row(name: string, formula: string, value: string): string {
  return `  ${name.padEnd(23)} = ${formula.padEnd(36)} = ${value}`
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let unit = 0
  let rest = value
  for (; rest >= 1000 && unit < units.length - 1; unit++) rest /= 1000
  return `${rest >= 100 || unit === 0 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`
}
