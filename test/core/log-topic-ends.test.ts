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

  for (const namespace of ['game', 'plain'])
    test(`[LB73] a topic that is deleted ends the reading of its channel alone, until it is there again: ${namespace}`, async () => {
      const stage = new TopicStage()
      const { broker, heard } = stage.node('one')
      const channel = `${namespace}:1`
      await stage.done(broker.open(channel, { limit: -1 }))
      await stage.done(broker.publish(channel, 'before', {}))
      stage.refuses = true
      stage.remove(`${namespace}_1`)
      for (let second = 0; second < 20; second++) {
        stage.clock.advance(1000)
        expect([second, broker.canary.isDeaf]).toEqual([second, false])
      }
      const failing = broker.publish(channel, 'meanwhile', {})
      stage.clock.advance(5000)
      await expect(failing).rejects.toMatchObject({ code: 100, temporary: true })
      await stage.done(broker.publish('log:1', 'another', {}))
      expect([heard.data(channel), heard.data('log:1')]).toEqual([['before'], ['another']])
      stage.refuses = false
      const anew = stage.make(`${namespace}_1`)
      stage.clock.advance(10_000)
      // Whoever follows it need not do anything.
      anew.appendNow(0, [{ key: '', value: '"by another system"' }])
      stage.clock.advance(100)
      await stage.done(broker.publish(channel, 'after', {}))
      expect(heard.data(channel)).toEqual(['before', 'by another system', 'after'])
      expect(heard.suspected).toContain(channel)
    })

  test('[LB73] a topic that is deleted and followed by nobody is opened when it is needed', async () => {
    const stage = new TopicStage()
    const { broker, heard } = stage.node('one')
    await stage.done(broker.publish('game:1', 'before', {}))
    stage.remove('game_1')
    stage.clock.advance(10_000)
    expect([broker.canary.isDeaf, broker.partitions, stage.topics.size]).toEqual([false, 2 + 3, 0])
    await stage.done(broker.publish('game:1', 'after', {}))
    expect([heard.data('game:1'), heard.suspected]).toEqual([['before', 'after'], []])
  })
})
