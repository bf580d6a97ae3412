import { expect, test } from 'bun:test'
import { SimClock } from '../../../../sim/clock.ts'
import { seededRandom } from '../../../kit/index.ts'
import type { ChatCommands, MessageEntry } from '../model/wire.ts'
import { MemoryCache } from './cache.ts'
import type { Caller } from './connection.ts'
import { Conversations } from './conversations.ts'
import { Inbox } from './inbox.ts'

/** A server whose list is ahead of what it has sent. */
class Ahead implements Caller {
  readonly isLive = true
  readonly acks: number[] = []
  lists = 0

  async call<M extends keyof ChatCommands>(method: M, input: ChatCommands[M]['in']): Promise<ChatCommands[M]['out']> {
    return this.#answer(method, input) as ChatCommands[M]['out']
  }

  #answer(method: string, input: object) {
    if (method === 'chat.conversations') {
      this.lists++
      return { conversations: [], top: 12 }
    }
    const offset = Number('offset' in input ? input.offset : 0)
    this.acks.push(offset)
    return { offset, backlog: 0 }
  }
}

function message(seq: number): MessageEntry {
  return { kind: 'message', conversation: 'd_1', seq, mid: `${seq}`, ts: seq, author: 'ann', text: `${seq}` }
}

test('[M5, M73] the list stands for what is not sent again, and for nothing that has not come yet', async () => {
  const [clock, caller, cache] = [new SimClock(), new Ahead(), new MemoryCache()]
  const conversations = new Conversations('bob', () => {})
  const random = seededRandom(7)
  let listed = 0
  const inbox = new Inbox({ user: 'bob', caller, cache, clock, random, conversations, arrived() {}, listed: () => void listed++ })
  const settle = async () => {
    clock.advance(2_000)
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  inbox.greeted({ device: 'phone', acked: 7, top: 10, backlog: 0, durability: 'durable' })
  inbox.arrived(9, message(9))
  await settle()
  expect({ listed, lists: caller.lists, held: inbox.keeper.held, acks: caller.acks }).toEqual({ listed: 1, lists: 1, held: 7, acks: [] })
  expect(inbox.keeper.hasHoles).toBe(true)
  inbox.arrived(8, message(8))
  await settle()
  expect(caller.acks).toEqual([9])
  for (const offset of [10, 11, 12]) inbox.arrived(offset, message(offset))
  await settle()
  expect(caller.acks).toEqual([9, 12])
  expect((await cache.load()).acked).toBe(12)
})
