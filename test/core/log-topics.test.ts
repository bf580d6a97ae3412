import { describe, expect, test } from 'bun:test'
import { partitionOf } from '../../src/broker/index.ts'
import { TopicStage } from './topic-stage.ts'

describe('where channels are in logs', () => {
  test('[LB21] a channel of such a namespace has a topic of its own, which is opened when somebody needs it', async () => {
    const stage = new TopicStage()
    const [one, other] = [stage.node('one'), stage.node('other')]
    expect(stage.topics.size).toBe(0)
    const before = await stage.done(other.broker.open('game:17', { limit: -1 }))
    const first = await stage.done(one.broker.publish('game:17', 'kick-off', {}))
    await stage.done(one.broker.publish('game:#a b', 1, {}))
    expect([...stage.topics.keys()]).toEqual(['game_17', 'game_--23a--20b'])
    expect([before.position.offset, first.offset, other.heard.data('game:17')]).toEqual([0, 1, ['kick-off']])
    expect(other.heard.data('game:#a b')).toEqual([])
    await stage.done(other.broker.publish('log:1', 1, {}))
    expect([one.heard.data('log:1'), stage.channels.boundsNow(partitionOf('log:1', 2)).last]).toEqual([[1], 1])
  })

  test('[LB21] what other systems write into such a topic is of its channel, whatever its key', async () => {
    const stage = new TopicStage()
    const { broker, heard } = stage.node('one')
    await stage.done(broker.open('game:17', { limit: -1 }))
    stage.topic('game_17').appendNow(0, [
      { key: '', value: '{"score":"1:0"}' },
      { key: 'home', value: '{"score":"2:0"}' },
    ])
    stage.clock.advance(100)
    expect(heard.data('game:17')).toEqual([{ score: '1:0' }, { score: '2:0' }])
    const page = await stage.done(broker.history('game:17', { limit: -1 }))
    expect(page.publications.map(({ offset, after }) => [offset, after])).toEqual([
      [1, 0],
      [2, 1],
    ])
  })

  test('[LB21] a topic that nobody follows is closed after a while, and what came meanwhile is recovered when it is opened again', async () => {
    const stage = new TopicStage()
    const [one, other] = [stage.node('one'), stage.node('other')]
    await stage.done(one.broker.open('game:1', { limit: -1 }))
    const since = await stage.done(other.broker.publish('game:1', 1, {}))
    await stage.done(one.broker.unsubscribe('game:1'))
    expect(one.broker.partitions).toBe(2 + 3 + 1)
    stage.clock.advance(120_000)
    expect(one.broker.partitions).toBe(2 + 3)
    await stage.done(other.broker.publish('game:1', 2, {}))
    expect(one.heard.data('game:1')).toEqual([1])
    const page = await stage.done(one.broker.open('game:1', { since, limit: -1 }))
    expect([page.complete, page.publications.map(({ data }) => data)]).toEqual([true, [2]])
  })

  test('[LB21] a topic that cannot be opened fails who needs it for the moment, and is tried again', async () => {
    const stage = new TopicStage()
    const { broker } = stage.node('one')
    stage.refuses = true
    const failing = broker.open('game:1', { limit: -1 })
    stage.clock.advance(100)
    await expect(failing).rejects.toMatchObject({ code: 100, temporary: true })
    stage.refuses = false
    expect((await stage.done(broker.publish('game:1', 1, {}))).offset).toBe(1)
  })

  test('[LB22] a namespace may have a log of its own, and a record of its channels counts nowhere else', async () => {
    const stage = new TopicStage()
    const { broker, heard } = stage.node('one')
    await stage.done(broker.publish('orders:7', 'own', {}))
    const entry = { key: 'orders:7', value: '"stray"' }
    stage.channels.appendNow(partitionOf('orders:7', 2), [entry])
    stage.orders.appendNow(partitionOf('log:1', 3), [{ key: 'log:1', value: '"stray"' }])
    stage.clock.advance(100)
    expect([heard.data('orders:7'), heard.data('log:1')]).toEqual([['own'], []])
    expect(broker.skipped.counts).toEqual({ 'of another partition': 2 })
  })
})
