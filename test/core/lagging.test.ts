import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { defineNamespace, type Namespace } from '../../src/hub/index.ts'
import { rounds } from '../kit/index.ts'
import { LaggingNode } from './lagging-node.ts'

const history = { historySize: 6, historyTtlMs: 60_000 }
const stream = defineNamespace({ name: 'chat', ...history })
const delta = defineNamespace({ name: 'edit', ...history, allowedDeltaTypes: ['fossil'], deltaPublish: true })
const latest = defineNamespace({ name: 'score', delivery: 'latest' })

type Step = 'publish' | 'aside' | 'arrive' | 'all' | 'subscribe' | 'reconnect'
const steps = fc.array(fc.constantFrom<Step[]>('publish', 'publish', 'aside', 'arrive', 'arrive', 'all', 'subscribe', 'reconnect'), {
  maxLength: 60,
})

function play(namespace: Namespace, wire: 'websocket' | 'sse', moves: readonly Step[], isSparse = false): readonly (readonly string[])[] {
  const stage = new LaggingNode(namespace, {}, isSparse)
  const clients = [stage.client(wire), stage.client(wire)]
  for (const [index, move] of moves.entries()) {
    const client = clients[index % 2]
    if (move === 'publish') stage.publish({ text: 'x'.repeat(index) })
    else if (move === 'aside') stage.publish({ skipHistory: namespace !== latest })
    else if (move === 'arrive') stage.arrive(1)
    else if (move === 'all') stage.arrive()
    else if (move === 'reconnect') client?.reconnect()
    else if (client?.view.isOn === false) client.subscribe()
  }
  stage.arrive()
  stage.node.hub.verify()
  stage.clock.settle()
  for (const { view } of clients) {
    const newest = stage.oracle.entries(stage.channel).findLast(({ offset }) => offset > 0)
    if (view.isOn && namespace !== latest)
      stage.judge.hold((view.position?.offset ?? 0) === (newest?.offset ?? 0), 'a client has not arrived')
  }
  expect(stage.judge.verdict?.message).toBeUndefined()
  return clients.map(({ story }) => story)
}

describe('a node that hears late', () => {
  test('[U36] whoever resumes from a history that is ahead of the node misses nothing and gets nothing twice', () => {
    fc.assert(
      fc.property(steps, moves => void play(stream, 'websocket', moves)),
      { numRuns: rounds(100, 2000) },
    )
  })

  test('[U36] a delta builds on what the client saw last, whatever came in between without a place in the history', () => {
    fc.assert(
      fc.property(steps, moves => void play(delta, 'websocket', moves)),
      { numRuns: rounds(100, 2000) },
    )
  })

  test.each([
    ['websocket', [stream, delta, latest]],
    ['sse', [stream]],
  ] as const)('[U70] where offsets skip, over %s, clients are told the same as where they do not', (wire, namespaces) => {
    for (const namespace of namespaces)
      fc.assert(
        fc.property(steps, moves => expect(play(namespace, wire, moves, true)).toEqual(play(namespace, wire, moves))),
        { numRuns: rounds(60, 1000) },
      )
  })

  test('[U36] a delta does not build on a publication that the client recovered before another one came', () => {
    const stage = new LaggingNode(delta)
    const client = stage.client()
    client.subscribe()
    stage.publish({ text: 'a'.repeat(100) })
    stage.arrive()
    client.reconnect()
    stage.publish({ skipHistory: true, text: 'b'.repeat(100) })
    stage.publish({ text: 'c'.repeat(100) })
    client.subscribe()
    stage.arrive()
    stage.publish({ text: 'c'.repeat(99) })
    stage.arrive()
    expect(stage.judge.verdict?.message).toBeUndefined()
    expect(client.view.position?.offset).toBe(3)
  })

  test('[U36] the cursor of an event stream says what was sent, not what the node has heard of', () => {
    fc.assert(
      fc.property(steps, moves => void play(stream, 'sse', moves)),
      { numRuns: rounds(100, 2000) },
    )
  })

  test('[U36] a newest value is never followed by an older one', () => {
    fc.assert(
      fc.property(steps, moves => void play(latest, 'websocket', moves)),
      { numRuns: rounds(100, 2000) },
    )
  })

  test('[U37] a subscriber that overflows while a publication is handed out costs its neighbours nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 2, maxLength: 6 }), fc.integer({ min: 1, max: 12 }), (slow, count) => {
        const stage = new LaggingNode(stream, { outboxBytesMax: 300, outboxHighWaterBytes: 100 })
        const clients = slow.map(() => stage.client())
        for (const client of clients) client.subscribe()
        for (const [index, isSlow] of slow.entries()) {
          const client = clients[index]
          if (client !== undefined && isSlow) client.bytesHeld = 1000
        }
        for (let left = count; left > 0; left--) {
          stage.publish()
          stage.arrive()
        }
        expect(stage.judge.verdict?.message).toBeUndefined()
        for (const [index, isSlow] of slow.entries()) if (!isSlow) expect(clients[index]?.view.position?.offset).toBe(count)
      }),
    )
  })
})
