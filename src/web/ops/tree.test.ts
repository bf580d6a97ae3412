import { describe, expect, test } from 'bun:test'
import { fanOutText, levelsOf, type OpsTreeRow, pruned, type TreeNode, treeOf } from './tree.ts'
import { boxSize, layOut } from './tree-layout.ts'
import { TreeRates } from './tree-rates.ts'

function row(node: string, parent: string | null, more: Partial<OpsTreeRow> = {}): OpsTreeRow {
  const role = parent === null ? 'central' : 'edge'
  return { node, parent, role, region: '', viewers: 0, channels: 0, published: 0, delivered: 0, relayed: 0, ...more }
}

/** A central node with so many nodes below each, level by level. */
function rows(...fanOuts: number[]): OpsTreeRow[] {
  const all = [row('c', null)]
  let level = all
  for (const fanOut of fanOuts) {
    level = level.flatMap(({ node }) => Array.from({ length: fanOut }, (_, index) => row(`${node}.${index}`, node, { viewers: 10 })))
    all.push(...level)
  }
  return all
}

function grown(given: readonly OpsTreeRow[]): TreeNode {
  const tree = treeOf(given, new Map())
  if (tree === undefined) throw new Error('there is no tree')
  return tree
}

const names = ({ name, children }: TreeNode): unknown => (children.length === 0 ? name : [name, ...children.map(names)])

describe('the tree of nodes', () => {
  test('[CD7] one goal is one send into each node, level by level', () => {
    expect(fanOutText(levelsOf(grown(rows(3, 3))))).toBe('1 goal = 1 + 3 + 9 = 13 sends between nodes')
    expect(fanOutText(levelsOf(grown(rows(10, 20))))).toBe('1 goal = 1 + 10 + 200 = 211 sends between nodes')
    expect(fanOutText(levelsOf(grown(rows())))).toBe('1 goal = 1 send to this node')
    expect(levelsOf(grown(rows(3, 3))).map(({ viewers }) => viewers)).toEqual([0, 30, 90])
    expect(grown(rows(3, 3)).viewersBelow).toBe(120)
  })

  test('[FL15] nodes of a fleet stand beside each other below the log that they share, each with its own below', () => {
    const tree = grown([row('a', null, { viewers: 3 }), row('b', null, { viewers: 4 }), row('edge', 'b', { viewers: 5 })])
    expect(names(tree)).toEqual(['log', 'a', ['b', 'edge']])
    expect([tree.viewers, tree.viewersBelow]).toEqual([0, 12])
  })

  test('[CD7] nodes stand under the one that feeds them, in an order that does not change, whatever the rows say', () => {
    const given = [row('b', 'c'), row('a', 'c', { role: 'worker' }), row('c', null), row('d', 'b'), row('e', 'nobody')]
    expect(names(grown(given))).toEqual(['c', ['b', 'd'], 'e', 'a'])
    expect(treeOf([row('a', 'b'), row('b', 'a')], new Map())).toBeUndefined()
    expect(names(grown([row('c', null), row('a', 'b'), row('b', 'a')]))).toBe('c')
  })

  test('[CD7] too many nodes of one parent stand together, with all that they are', () => {
    const tree = grown(rows(30))
    const shown = pruned(tree)
    expect(shown.children.length).toBe(10)
    expect(shown.children.at(-1)).toMatchObject({ name: '21 more', count: 21, role: 'edge', viewers: 210 })
    const wide = pruned(grown(rows(3, 30)))
    expect(wide.children.map(({ children }) => children.length)).toEqual([8, 8, 8])
    expect(levelsOf(wide).map(({ nodes, viewers }) => [nodes, viewers])).toEqual([
      [1, 0],
      [3, 30],
      [90, 900],
    ])
    expect(pruned(grown(rows(3, 3)))).toEqual(grown(rows(3, 3)))
  })

  test('[CD7] boxes do not touch, and a parent stands in the middle of its children', () => {
    const { boxes, lines, width, height } = layOut(grown(rows(3, 3)))
    expect([boxes.length, lines.length]).toEqual([13, 12])
    const at = (name: string) => boxes.find(({ node }) => node.name === name) ?? { x: 0, y: 0 }
    expect(at('c').y).toBe((at('c.0').y + at('c.2').y) / 2)
    expect(at('c.1').y).toBe(at('c.1.1').y)
    for (const one of boxes) {
      expect(one.x >= 0 && one.x + boxSize.width <= width && one.y + boxSize.height <= height).toBe(true)
      for (const other of boxes) if (one !== other && one.x === other.x) expect(Math.abs(one.y - other.y)).toBeGreaterThanOrEqual(70)
    }
  })
})

describe('rates', () => {
  const look = (delivered: number, node = 'a') => [{ node, published: 0, relayed: 0, delivered }]

  test('[CD8] are what was counted between the looks of the last ten seconds', () => {
    const rates = new TreeRates()
    expect(rates.take(look(1000), 0).get('a')?.delivered).toBe(0)
    expect(rates.take(look(1200), 2000).get('a')?.delivered).toBe(100)
    for (let second = 3; second <= 20; second++) rates.take(look(1200 + 50 * second), second * 1000)
    expect(rates.take(look(1200 + 50 * 21), 21_000).get('a')?.delivered).toBe(50)
  })

  test('[CD8] begin anew with a node, and never fall below nothing', () => {
    const rates = new TreeRates()
    rates.take(look(1000), 0)
    expect(rates.take([...look(1000), ...look(500, 'b')], 1000).get('b')?.delivered).toBe(0)
    expect(rates.take(look(5), 2000).get('a')?.delivered).toBe(0)
    expect(rates.take(look(9), 500).get('a')?.delivered).toBe(0)
  })
})
