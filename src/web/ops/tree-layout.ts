import type { TreeNode } from './tree.ts'

/** A node's place in the drawing: its upper left corner. */
export interface Box {
  readonly node: TreeNode
  readonly x: number
  readonly y: number
}

/** From the right side of a box to the left side of one below. */
export interface Line {
  readonly path: string
  /** Whether anything went over it lately. */
  readonly isBusy: boolean
}

export interface Drawing {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  readonly lines: readonly Line[]
  /** The left side of each level's boxes. */
  readonly columns: readonly number[]
}

export const boxSize = { width: 196, height: 58 } as const
const width = 1080
const rowHeight = 70
/** Room for what stands above the columns. */
const head = 52
const gapMax = 240

/** Levels from left to right, leaves evenly below each other, and every parent in the middle of its children. */
export function layOut(tree: TreeNode): Drawing {
  const depth = depthOf(tree)
  const gap = depth < 2 ? 0 : Math.min(gapMax, (width - depth * boxSize.width) / (depth - 1))
  const used = depth * boxSize.width + (depth - 1) * gap
  const columns = Array.from({ length: depth }, (_, level) => (width - used) / 2 + level * (boxSize.width + gap))
  const boxes: Box[] = []
  const lines: Line[] = []
  let rows = 0
  const place = (node: TreeNode, level: number): Box => {
    const below = node.children.map(child => place(child, level + 1))
    const y = below.length === 0 ? head + rows++ * rowHeight : ((below[0]?.y ?? 0) + (below.at(-1)?.y ?? 0)) / 2
    const box = { node, x: columns[level] ?? 0, y }
    boxes.push(box)
    for (const child of below) lines.push({ path: pathBetween(box, child), isBusy: node.perSecond.relayed > 0 })
    return box
  }
  place(tree, 0)
  return { width, height: head + rows * rowHeight, boxes, lines, columns }
}

function depthOf({ children }: TreeNode): number {
  return 1 + Math.max(0, ...children.map(depthOf))
}

function pathBetween(from: Box, to: Box): string {
  const [x1, y1] = [from.x + boxSize.width, from.y + boxSize.height / 2]
  const [x2, y2] = [to.x, to.y + boxSize.height / 2]
  const middle = (x1 + x2) / 2
  return `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`
}
