import { expect, test } from 'bun:test'
import { DirectClient } from '../kit/applications.ts'
import { FleetStage } from '../kit/fleet-stage.ts'
import { atEnd } from '../kit/index.ts'

/** Within which others must own what a node gives up: a beat is longer. */
const handedOverMs = 300

test('[PL15] a node that drains hands its slots over at once, and keeps its clients until they are sent away', async () => {
  const stage = new FleetStage({ shutdown: { timeout: '30s' } })
  atEnd(() => stage.close())
  const [a, b] = [await stage.add('a'), await stage.add('b')]
  stage.clock.advance(5000)
  const clients = Array.from({ length: 40 }, (_, n) => new DirectClient(a.node, `user-${n}`, stage.clock))
  const keys = Array.from({ length: 200 }, (_, n) => `room:${n}`)
  const ownedBy = (node: typeof a) => keys.filter(key => node.topology.ownerOf(key).kind === 'here').length
  expect([ownedBy(a) > 0, ownedBy(a) + ownedBy(b)]).toEqual([true, keys.length])
  const drained = a.drain()
  stage.clock.advance(handedOverMs)
  expect([ownedBy(a), ownedBy(b)]).toEqual([0, keys.length])
  expect(keys.every(key => a.topology.ownerOf(key).kind === 'there')).toBe(true)
  expect(clients.filter(({ closedWith }) => closedWith === undefined).length).toBeGreaterThan(30)
  await stage.done(drained, 30_000)
  expect(clients.filter(({ closedWith }) => closedWith === undefined)).toEqual([])
})
