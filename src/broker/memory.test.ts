import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { defaultLimits, defineNamespace, Namespaces } from '../hub/index.ts'
import { seededRandom } from '../kit/index.ts'
import { MemoryBroker } from './memory.ts'

const chat = (historySize = 10) => defineNamespace({ name: 'chat', historySize, historyTtlMs: 60_000 })
const nobody = { deliver: () => {}, control: () => {}, mayHaveMissed: () => {}, removed: () => {} }

function stage(streamsMax = 100) {
  const namespaces = new Namespaces([chat()])
  const limits = { ...defaultLimits, streamsMax }
  return { namespaces, broker: new MemoryBroker({ clock: new SimClock(), random: seededRandom(1), namespaces, limits }, nobody) }
}

describe('MemoryBroker', () => {
  test('[U38] a stream that begins again, since its namespace has other rules, has another epoch', async () => {
    const { namespaces, broker } = stage()
    const before = await broker.publish('chat:1', 'a', {})
    namespaces.add(chat(20))
    const after = await broker.publish('chat:1', 'b', {})
    expect(after.offset).toBe(1)
    expect(after.epoch).not.toBe(before.epoch)
    await broker.close()
  })

  test('[U38] beyond the bound the oldest stream is forgotten, and comes back as another', async () => {
    const { broker } = stage(3)
    const first = await broker.publish('chat:1', 'a', {})
    for (const name of ['chat:2', 'chat:3', 'chat:4', 'chat:5']) await broker.publish(name, 'a', {})
    expect(broker.streams).toBe(3)
    const again = await broker.publish('chat:1', 'b', {})
    expect(again.offset).toBe(1)
    expect(again.epoch).not.toBe(first.epoch)
    await broker.close()
  })
})
