import type { NodeReport } from '../../cluster/index.ts'

/** A node as `/ops/tree` shows it. */
export interface TreeRow
  extends Pick<NodeReport, 'node' | 'role' | 'region' | 'viewers' | 'websockets' | 'channels' | 'published' | 'delivered' | 'relayed'> {
  readonly parent: string | null
  /** Of all nodes below it. */
  readonly viewersBelow: number
}

/**
 * Nodes with what hangs below each. A node says itself what it hangs on, so that reports may go in circles or name a node twice: each counts
 * once, and none below itself.
 */
export function treeRows(reports: readonly NodeReport[]): TreeRow[] {
  const byParent = Map.groupBy(reports, ({ parent }) => parent)
  return reports.map(({ node, role, region, parent, viewers, websockets, channels, published, delivered, relayed }) => {
    const place = { node, role, region, parent: parent === '' ? null : parent }
    return { ...place, viewers, viewersBelow: viewersBelow(node, byParent), websockets, channels, published, delivered, relayed }
  })
}

function viewersBelow(top: string, byParent: ReadonlyMap<string, readonly NodeReport[]>): number {
  const seen = new Set([top])
  const open = [top]
  let viewers = 0
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    for (const report of byParent.get(node) ?? []) {
      if (seen.has(report.node)) continue
      seen.add(report.node)
      open.push(report.node)
      viewers += report.viewers
    }
  }
  return viewers
}
