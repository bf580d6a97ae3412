import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { defineNamespace, type Wire } from '../../src/hub/index.ts'
import { rounds } from '../kit/index.ts'
import { type LaggingClient, LaggingNode } from './lagging-node.ts'

const stream = defineNamespace({ name: 'chat', historySize: 50, historyTtlMs: 60_000, presence: true })

/** What may happen to a client among the publications of one turn. */
type Move = 'publish' | 'deliver' | 'ask' | 'other' | 'settle' | 'hold' | 'drain' | 'subscribe' | 'unsubscribe' | 'reconnect'
const moves = fc.array(
  fc.record({
    move: fc.constantFrom<Move[]>(
      ...(['publish', 'publish', 'deliver', 'deliver', 'deliver', 'deliver', 'ask', 'other', 'settle', 'settle'] as const),
      ...(['hold', 'drain', 'subscribe', 'unsubscribe', 'reconnect'] as const),
    ),
    whose: fc.nat({ max: 3 }),
  }),
  { minLength: 10, maxLength: 80 },
)

function act(stage: LaggingNode, client: LaggingClient, move: Move): void {
  switch (move) {
    case 'publish':
      stage.publish()
      return
    case 'deliver':
      stage.deliver(1)
      return
    case 'ask':
      client.ask({ presence_stats: { channel: stage.channel } })
      return
    case 'other':
      client.ask({ subscribe: { channel: `${stage.namespace.name}:2` } })
      return
    case 'settle':
      stage.clock.settle()
      return
    case 'hold':
      client.bytesHeld = 100_000
      return
    case 'drain':
      client.bytesHeld = 0
      client.session.outbox.drained()
      return
    case 'subscribe':
      stage.clock.settle()
      if (!client.view.isOn && client.bytesHeld === 0) client.subscribe()
      return
    case 'unsubscribe':
      client.ask({ unsubscribe: { channel: stage.channel } })
      return
    case 'reconnect':
      client.bytesHeld = 0
      client.reconnect()
      return
  }
}

function play(wire: Wire['name'], steps: readonly { readonly move: Move; readonly whose: number }[]): number {
  const stage = new LaggingNode(stream, { broadcastMin: 2 })
  const clients = [stage.client(wire), stage.client(wire), stage.client(wire), stage.client('websocket')]
  for (const client of clients) client.subscribe()
  for (const { move, whose } of steps) {
    const client = clients[whose]
    if (client !== undefined) act(stage, client, move)
  }
  for (const client of clients) act(stage, client, 'drain')
  stage.arrive()
  const newest = stage.oracle.entries(stage.channel).length
  for (const { view } of clients) if (view.isOn) stage.judge.hold((view.position?.offset ?? 0) === newest, 'a client has not arrived')
  expect(stage.judge.verdict?.message).toBeUndefined()
  const sums = clients.map(({ session }) => session.outbox.delivered)
  expect(sums.every(sum => sum >= 0 && sum <= newest)).toBe(true)
  return stage.groups
}

describe('a fan-out group', () => {
  test.each(['websocket', 'sse'] as const)(
    '[U41] over %s, whoever comes, goes, asks or does not keep up has everything in order, once',
    wire => {
      let groups = 0
      fc.assert(
        fc.property(moves, steps => {
          groups += play(wire, steps)
        }),
        { numRuns: rounds(800, 4000) },
      )
      expect(groups).toBeGreaterThan(500)
    },
  )

  test('[U42] what a turn brings is one write to everyone, and who holds something is not written to', () => {
    const stage = new LaggingNode(stream, { broadcastMin: 2 })
    const clients = [stage.client(), stage.client(), stage.client()]
    for (const client of clients) client.subscribe()
    const [slow] = clients
    for (let turn = 0; turn < 3; turn++) {
      for (let n = 0; n < 5; n++) stage.publish()
      if (slow !== undefined && turn === 2) slow.bytesHeld = 100_000
      stage.arrive()
    }
    // The first turn finds two in the group that the third one joins after it.
    expect(stage.groups).toBe(3)
    expect(clients.map(({ writes }) => writes)).toEqual([4, 5, 5])
    expect(clients.map(({ view }) => view.position?.offset)).toEqual([10, 15, 15])
    expect(slow?.session.outbox.queuedBytes).toBeGreaterThan(0)
    if (slow !== undefined) act(stage, slow, 'drain')
    stage.clock.settle()
    expect(slow?.view.position?.offset).toBe(15)
  })
})
