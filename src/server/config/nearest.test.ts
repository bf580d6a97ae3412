import { expect, test } from 'bun:test'
import { nearest, nearestPath } from './nearest.ts'

const known = ['port', 'host', 'history_size', 'history_ttl', 'client.ping_interval']

test.each([
  ['prot', 'port'],
  ['hots', 'host'],
  ['histroy_size', 'history_size'],
  ['history_tl', 'history_ttl'],
  ['pingpong', undefined],
  ['', undefined],
  ['x', undefined],
])('[C7] %s is taken for %s', (word, meant) => {
  expect(nearest(word, known)).toBe(meant)
})

test('[C7] a name without its group is found', () => {
  expect(nearestPath('ping_interval', known)).toBe('client.ping_interval')
})
