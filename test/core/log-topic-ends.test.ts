import { describe, expect, test } from 'bun:test'
import { TopicStage } from './topic-stage.ts'

describe('topics of one channel that end', () => {
  test('[LB70] a topic that is closed leaves none of its publications in memory', async () => {
    const stage = new TopicStage()
    const { broker } = stage.node('one')
    for (let game = 0; game < 20; game++)
      for (let score = 0; score < 3; score++) await stage.done(broker.publish(`game:${game}`, 'x'.repeat(200_000), {}))
    expect([broker.partitions, broker.tailBytes]).toEqual([2 + 3 + 20, expect.any(Number)])
    expect(broker.tailBytes).toBeGreaterThan(20 * 3 * 200_000)
    stage.clock.advance(120_000)
    expect(broker.partitions).toBe(2 + 3)
    // The one that is written to is kept.
    expect(broker.tailBytes).toBeLessThan(2 * 256 * 1024)
  })

  test('[LB70] a topic that is closed leaves nothing of its channel, however often it is opened', async () => {
    const stage = new TopicStage()
    const { broker } = stage.node('one')
    for (let round = 0; round < 10; round++) {
      await stage.done(broker.open('price:1', { limit: -1 }))
      expect(broker.knownChannels).toBe(1)
      await stage.done(broker.unsubscribe('price:1'))
      stage.clock.advance(120_000)
      expect(broker.knownChannels).toBe(0)
    }
  })
})
