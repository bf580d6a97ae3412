import type { OpsTree } from '../ops-stats.ts'
import type { Counts } from './tree-rates.ts'

export type OpsTreeRow = OpsTree['nodes'][number]

/** A node with those below it, or several nodes that there is no room to show one by one. */
export interface TreeNode {
  /** Its id, or how many it stands for. */
  readonly name: string
  readonly count: number
  readonly role: string
  readonly region: string
  readonly viewers: number
  /** Of all nodes below. */
  readonly viewersBelow: number
  readonly perSecond: Counts
  readonly children: readonly TreeNode[]
}

/** All nodes that are as far from the central one. */
export interface Level {
  readonly nodes: number
  /** The one that all of them have, or ''. */
  readonly role: string
  readonly viewers: number
  readonly publishedPerSecond: number
  readonly deliveredPerSecond: number
  /** To the nodes of the next level. */
  readonly relayedPerSecond: number
}

const nothing: Counts = { published: 0, delivered: 0, relayed: 0 }
const roles = ['central', 'regional', 'edge', 'worker']

/** What several central nodes share stands above them. */
const sharedLog = { node: 'log', role: 'log', region: '', parent: null, viewers: 0, channels: 0, published: 0, delivered: 0, relayed: 0 }

/**
 * The rows as a tree, undefined while there is no node without a parent. Several of those are nodes of a fleet, which the log feeds that they
 * share. A node whose parent is not listed hangs on the top.
 */
export function treeOf(rows: readonly OpsTreeRow[], rates: ReadonlyMap<string, Counts>): TreeNode | undefined {
  const tops = rows.filter(({ parent }) => parent === null)
  const top = tops.length > 1 ? sharedLog : tops[0]
  if (top === undefined) return undefined
  const known = new Set(rows.map(({ node }) => node))
  const byParent = new Map<string, OpsTreeRow[]>()
  for (const row of rows) {
    if (row === top) continue
    const parent = row.parent !== null && known.has(row.parent) ? row.parent : top.node
    byParent.set(parent, [...(byParent.get(parent) ?? []), row])
  }
  const grow = (row: OpsTreeRow): TreeNode => {
    const below = byParent.get(row.node) ?? []
    // Taken out, so that rows that name each other end somewhere.
    byParent.delete(row.node)
    const { node, role, region, viewers } = row
    const children = below.toSorted(inOrder).map(grow)
    const viewersBelow = sum(children, child => child.viewers + child.viewersBelow)
    return { name: node, count: 1, role, region, viewers, viewersBelow, perSecond: rates.get(node) ?? nothing, children }
  }
  return grow(top)
}

function inOrder(left: OpsTreeRow, right: OpsTreeRow): number {
  return roles.indexOf(left.role) - roles.indexOf(right.role) || compare(left.region, right.region) || compare(left.node, right.node)
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}

/** From the central node down. */
export function levelsOf(tree: TreeNode): Level[] {
  const levels: Level[] = []
  for (let nodes: readonly TreeNode[] = [tree]; nodes.length > 0; nodes = nodes.flatMap(({ children }) => children)) {
    levels.push({
      nodes: sum(nodes, ({ count }) => count),
      role: roleOf(nodes),
      viewers: sum(nodes, ({ viewers }) => viewers),
      publishedPerSecond: sum(nodes, ({ perSecond }) => perSecond.published),
      deliveredPerSecond: sum(nodes, ({ perSecond }) => perSecond.delivered),
      relayedPerSecond: sum(nodes, ({ perSecond }) => perSecond.relayed),
    })
  }
  return levels
}

/** What one goal costs between nodes when every node has a viewer of it: one send into each node. */
export function fanOutText(levels: readonly Level[]): string {
  const sends = sum(levels, ({ nodes }) => nodes)
  if (levels.length < 2) return '1 goal = 1 send to this node'
  return `1 goal = ${levels.map(({ nodes }) => nodes.toLocaleString('en')).join(' + ')} = ${sends.toLocaleString('en')} sends between nodes`
}

/** Rows of the drawing before nodes are put together. */
const rowsMax = 24
const siblingsMax = 10

/** The tree with so few nodes that they can be drawn: those of one parent that are too many stand together as one. */
export function pruned(tree: TreeNode): TreeNode {
  const children = gathered(tree.children, siblingsMax)
  const parents = Math.max(1, children.filter(child => child.children.length > 0).length)
  const each = Math.max(2, Math.min(siblingsMax, Math.floor(rowsMax / parents)))
  return { ...tree, children: children.map(child => prunedBelow(child, each)) }
}

function prunedBelow(node: TreeNode, siblings: number): TreeNode {
  return { ...node, children: gathered(node.children, siblings).map(child => prunedBelow(child, 2)) }
}

function gathered(nodes: readonly TreeNode[], max: number): readonly TreeNode[] {
  if (nodes.length <= max) return nodes
  const rest = nodes.slice(max - 1).flatMap(withAllBelow)
  const count = sum(rest, one => one.count)
  const together = (of: keyof Counts) => sum(rest, ({ perSecond }) => perSecond[of])
  const group: TreeNode = {
    name: `${count} more`,
    count,
    role: roleOf(rest),
    region: '',
    viewers: sum(rest, ({ viewers }) => viewers),
    viewersBelow: 0,
    perSecond: { published: together('published'), delivered: together('delivered'), relayed: together('relayed') },
    children: [],
  }
  return [...nodes.slice(0, max - 1), group]
}

function roleOf(nodes: readonly TreeNode[]): string {
  const [first] = nodes
  return first !== undefined && nodes.every(({ role }) => role === first.role) ? first.role : ''
}

function withAllBelow(node: TreeNode): TreeNode[] {
  return [node, ...node.children.flatMap(withAllBelow)]
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}
