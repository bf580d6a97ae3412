import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { defaultLogLimits, partitionOf, type SharedLog } from '../../src/broker/index.ts'
import type { LogNode } from '../contract/over-a-log.ts'
import { rounds } from '../kit/index.ts'
import { type Act, act, channels, fieldsOf, LogStage, play, recover, tightLimits } from './log-stage.ts'

describe('brokers over a log', () => {
  test('[N22] all nodes deliver the same publications in the same order, whatever is cut, late or started again', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), acts => {
        const stage = new LogStage()
        for (const one of acts) play(stage, { ...one, what: one.what === 'truncate' ? 'publish' : one.what })
        stage.mendAll()
        for (const channel of channels) {
          const truth = stage.truth(channel).map(fieldsOf)
          expect(new Set(truth.map(([, data]) => data)).size).toBe(truth.length)
          for (const node of stage.nodes) {
            const heard = node.heard.publications(channel).map(fieldsOf)
            expect(heard).toEqual(truth.slice(truth.length - heard.length))
            expect(heard.length).toBeGreaterThanOrEqual(truth.length - (stage.readyAt.get(node)?.get(channel) ?? 0))
          }
        }
      }),
      { numRuns: rounds(60, 3000) },
    )
  })

  /** Plays at random, and counts the pages that called themselves complete, and those that were read back. */
  function playForRecoveries(stage: LogStage, acts: readonly Act[]) {
    for (const one of acts) play(stage, one)
    stage.mendAll()
    let recovered = 0
    for (const { channel, position } of stage.positions.slice(-20)) {
      for (const node of [...stage.nodes, stage.observer]) {
        void node.broker.history(channel, { since: position, limit: -1 }).then(page => {
          if (page.complete) recovered++
        })
        recover(stage, node, stage.positions.length - 1)
      }
    }
    stage.clock.advance(10_000)
    return { recovered, readBack: stage.nodes.reduce((sum, { broker }) => sum + broker.readBacks.found, 0) }
  }

  const manyActs = fc.array(act, { minLength: 5, maxLength: 80 })

  test('[N23, LB10] what a node calls complete misses nothing, whichever node gave the position, and however much each has read, dropped or forgotten', () => {
    let recovered = 0
    let readBack = 0
    for (const limits of [defaultLogLimits, tightLimits]) {
      fc.assert(
        fc.property(manyActs, acts => {
          const stage = new LogStage(3, limits)
          const counts = playForRecoveries(stage, acts)
          recovered += counts.recovered
          readBack += counts.readBack
          expect(stage.wrong).toEqual([])
        }),
        { numRuns: rounds(80, 5000) },
      )
    }
    expect([recovered > 100, readBack > 30]).toEqual([true, true])
  })

  test('[LB10] a node whose pieces of the log lack records is caught calling complete what is not', () => {
    const lossy = (line: SharedLog): SharedLog => ({
      partitions: line.partitions,
      append: (...given) => line.append(...given),
      bounds: partition => line.bounds(partition),
      offsetAt: (...given) => line.offsetAt(...given),
      read: (...given) => line.read(...given),
      silentMs: () => line.silentMs(),
      slice: async (...given) => {
        const { records, readTo } = await line.slice(...given)
        return { records: records.filter(({ offset }) => offset % 3 !== 0), readTo }
      },
    })
    const caught = fc.check(
      fc.property(manyActs, acts => {
        const stage = new LogStage(3, tightLimits, lossy)
        playForRecoveries(stage, acts)
        return stage.wrong.length === 0
      }),
      { numRuns: 500, endOnFailure: true },
    )
    expect(caught.failed).toBe(true)
  })

  test('[N23] a place beyond the newest of a channel, from a node that dropped more, is recovered from by a node that has it', async () => {
    const stage = new LogStage(1)
    const [node] = stage.nodes
    if (node === undefined) throw new Error('no node')
    const publish = async (channel: string) => {
      const published = node.broker.publish(channel, 1, {})
      stage.clock.settle()
      return await published
    }
    const quiet = await publish('log:1')
    // Channels of the same partition move on.
    for (let n = 0; n < 20; n++) for (const channel of ['log:2', 'log:3', 'log:4', 'log:5']) await publish(channel)
    const beyond = { epoch: quiet.epoch, offset: quiet.offset + 5 }
    const page = await node.broker.history('log:1', { since: beyond, limit: -1 })
    expect([page.complete, page.publications, page.position]).toEqual([true, [], beyond])
  })

  test('[N23] what a log dropped before a node had read it is not recovered there, and whoever follows a channel is told to ask', async () => {
    const stage = new LogStage(2)
    const [node, other] = [stage.node(0), stage.node(1)]
    const publish = () => {
      const published = other.broker.publish('log:1', 1, {})
      stage.clock.settle()
      return published
    }
    const first = await publish()
    node.cut()
    for (let n = 0; n < 4; n++) await publish()
    const { logs } = stage.cluster
    logs.channels.truncate(partitionOf('log:1', logs.channels.partitions), first.offset + 2)
    node.mend()
    stage.clock.settle()
    const recover = ({ broker }: LogNode) => {
      const page = broker.history('log:1', { since: first, limit: -1 })
      stage.clock.settle()
      return page
    }
    expect([(await recover(node)).complete, node.heard.suspected]).toEqual([false, ['log:1']])
    expect((await recover(other)).complete).toBe(true)
  })

  test('[LB5] over a log that was made anew no position of the former one is recovered from, and whoever follows a channel is told to ask', async () => {
    const stage = new LogStage(2)
    const [node, other] = [stage.node(0), stage.node(1)]
    const publish = async (data: number) => {
      const published = other.broker.publish('log:1', data, {})
      stage.clock.settle()
      return await published
    }
    const before = [await publish(1), await publish(2), await publish(3)]
    stage.cluster.logs.channels.recreate()
    stage.clock.settle()
    expect(node.heard.suspected).toEqual(['log:1'])
    const after = await publish(4)
    expect(after.epoch).not.toBe(before[0]?.epoch)
    for (const since of before) expect((await node.broker.history('log:1', { since, limit: -1 })).complete).toBe(false)
    const page = await node.broker.history('log:1', { since: { ...after, offset: 0 }, limit: -1 })
    expect([page.complete, page.publications.map(({ data }) => data), node.heard.data('log:1')]).toEqual([true, [4], [1, 2, 3, 4]])
  })

  test('[N24] a publish that the log does not answer fails for the moment, and what was published appears once', async () => {
    const stage = new LogStage(2)
    const node = stage.node(0)
    node.lines.channels.delayMs = 5
    const failing = node.broker.publish('log:1', 'late', {})
    stage.clock.advance(7)
    node.cut()
    stage.clock.advance(4000)
    await expect(failing).rejects.toMatchObject({ code: 100, temporary: true })
    expect(stage.node(1).heard.data('log:1')).toEqual(['late'])
    const [entry] = [0, 1].flatMap(number => stage.cluster.logs.channels.recordsAfter(number, 0, 1))
    if (entry === undefined) throw new Error('nothing was appended')
    // A client of the log that did not hear of it appends it again.
    for (const partition of [0, 1])
      if (stage.cluster.logs.channels.boundsNow(partition).last > 0) stage.cluster.logs.channels.appendNow(partition, [entry])
    node.mend()
    stage.clock.advance(1000)
    expect([node.heard.data('log:1'), stage.node(1).heard.data('log:1')]).toEqual([['late'], ['late']])
  })

  test('[Y66] what is published at a node that has not read the log yet has its place in the log', async () => {
    const stage = new LogStage(1)
    const late = stage.cluster.node('late')
    const published = late.broker.publish('log:1', 'early', {})
    stage.clock.advance(100)
    const position = await published
    expect(position).toMatchObject({ epoch: stage.cluster.logs.channels.epoch })
    const page = await late.broker.history('log:1', { since: { ...position, offset: 0 }, limit: -1 })
    expect([page.complete, page.position, page.publications.map(({ data }) => data)]).toEqual([true, position, ['early']])
  })

  test('[N25] messages to all nodes have the same place on each, and a node that was cut off hears them when it is back', () => {
    const stage = new LogStage(3)
    stage.node(1).cut()
    for (let n = 0; n < 5; n++) {
      void stage.node(n % 2 === 0 ? 0 : 2).broker.control({ kind: 'unsubscribe', user: `user-${n}`, channel: 'log:1' })
      stage.clock.advance(10)
    }
    expect(stage.node(1).controlled).toEqual([])
    stage.mendAll()
    const [first, ...others] = stage.nodes.map(({ controlled }) => controlled)
    expect(first?.map(([control]) => control)).toMatchObject(Array.from({ length: 5 }, (_, n) => ({ user: `user-${n}` })))
    expect(first?.map(([, { offset }]) => offset)).toEqual([1, 2, 3, 4, 5])
    for (const other of others) expect(other).toEqual(first ?? [])
  })
})
