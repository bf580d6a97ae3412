import { expect, test } from 'bun:test'
import type { NodeReport } from '../../cluster/index.ts'
import { treeRows } from './tree-rows.ts'

function report(node: string, parent: string, viewers = 1): NodeReport {
  return {
    node,
    parent,
    viewers,
    role: 'edge',
    region: '',
    websockets: 0,
    subscriptions: 0,
    channels: 0,
    published: 0,
    delivered: 0,
    relayed: 0,
    writes: 0,
    bytesOut: 0,
    dropped: 0,
    commands: 0,
    recovered: 0,
    unrecovered: 0,
    errors: {},
    closes: {},
  }
}

const below = (reports: NodeReport[]) => Object.fromEntries(treeRows(reports).map(({ node, viewersBelow }) => [node, viewersBelow]))

test('[F110, S20] viewers are counted for all nodes above them', () => {
  expect(below([report('a', ''), report('b', 'a', 2), report('c', 'b', 4), report('d', 'b', 8)])).toEqual({ a: 14, b: 12, c: 0, d: 0 })
})

test('[F110] reports that go in circles, hang on themselves, or name a node twice are shown, each counted once', () => {
  expect(below([report('a', ''), report('b', 'b')])).toEqual({ a: 0, b: 0 })
  expect(below([report('a', ''), report('b', 'c', 2), report('c', 'b', 4)])).toEqual({ a: 0, b: 4, c: 2 })
  expect(treeRows([report('a', ''), report('a', 'a', 2), report('b', 'a', 4), report('b', 'b', 8)]).map(row => row.viewersBelow)).toEqual([
    4, 4, 0, 0,
  ])
})

test('[F110] a chain of thousands of nodes is no deeper than the stack', () => {
  const chain = Array.from({ length: 2_000 }, (_, index) => report(`n${index}`, index === 0 ? '' : `n${index - 1}`))
  expect(treeRows(chain)[0]?.viewersBelow).toBe(1_999)
  const circle = chain.map((row, index) => (index === 0 ? { ...row, parent: 'n1999' } : row))
  expect(new Set(treeRows(circle).map(row => row.viewersBelow))).toEqual(new Set([1_999]))
})
