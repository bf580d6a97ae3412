import { expect, test } from 'bun:test'
import { edgesFor, linesOf, modelOf, parseFanOut, type TreeCosts } from './tree-model.ts'

const costs: TreeCosts = { deliveryUs: 13, hopMs: 1.5, viewerBytes: 5000, edgeBytes: 60_000_000, deliveryBytes: 250 }

test('[CD12] the model for ten million follows from the costs of one viewer, one hop and one edge', () => {
  const model = modelOf(10_000_000, [10, 20], costs)
  expect(model).toMatchObject({ levels: [1, 10, 200], viewersPerEdge: 50_000, sends: 211, bytesOut: 2_500_000_000 })
  expect(model.edgeCpuS).toBeCloseTo(0.65, 9)
  expect(model.lastViewerS).toBeCloseTo(0.653, 9)
  expect(model.edgeMemoryBytes).toBe(310_000_000)
  expect(modelOf(10, [], costs)).toMatchObject({ levels: [1], viewersPerEdge: 10, sends: 1 })
  expect(edgesFor(10_000_000, 0.2, costs)).toBe(650)
})

test('[CD12] it is printed with its formulas, and said to be a model', () => {
  const lines = linesOf(modelOf(10_000_000, [10, 20], costs), [10, 20], costs)
  expect(lines[0]).toStartWith('a model, not a measurement: 10,000,000 viewers')
  expect(lines.find(line => line.includes('sends'))).toContain('1 + 10 + 200')
  expect(lines.find(line => line.includes('sends'))).toEndWith('= 211')
})

test('[CD12] a fan-out is read as it is written, and nothing else is one', () => {
  expect(parseFanOut('10x20')).toEqual([10, 20])
  expect(parseFanOut('7')).toEqual([7])
  for (const wrong of ['', 'x', '10x', '0x3', '3x-1', '1.5', 'ten']) expect(parseFanOut(wrong)).toBeUndefined()
})
