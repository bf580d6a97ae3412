import { expect, test } from 'bun:test'
import { SimClock } from '../../../../sim/core/clock.ts'
import { seededRandom } from '../../../kit/index.ts'
import type { ChatCommands, MessageEntry } from '../model/wire.ts'
import { MemoryCache } from './cache.ts'
import { ChatError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import { Conversations } from './conversations.ts'
import { Inbox } from './inbox.ts'

/** A server whose list is ahead of what it has sent. */
class Ahead implements Caller {
  readonly isLive = true
  readonly acks: number[] = []
  lists = 0
  isBusy = false

  async call<M extends keyof ChatCommands>(method: M, input: ChatCommands[M]['in']): Promise<ChatCommands[M]['out']> {
    return this.#answer(method, input) as ChatCommands[M]['out']
  }

  #answer(method: string, input: object) {
    if (method === 'chat.conversations') {
      if (this.isBusy) throw new ChatError({ code: 429, reason: 'rate_limited', text: '' }, true)
      if (!('ids' in input)) this.lists++
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

function rig() {
  const [clock, caller, cache] = [new SimClock(), new Ahead(), new MemoryCache()]
  const told = { listed: 0 }
  const inbox = new Inbox({
    ...{ user: 'bob', caller, cache, clock },
    random: seededRandom(7),
    conversations: new Conversations('bob', () => {}),
    arrived() {},
    invited() {},
    onInboxState() {},
    missing() {},
    unread: () => 0,
    listed: () => void told.listed++,
  })
  const settle = async () => {
    clock.advance(2_000)
    for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  }
  return { caller, cache, told, inbox, settle }
}

test('[M5, M73] the list stands for what is not sent again, and for nothing that has not come yet', async () => {
  const { caller, cache, told, inbox, settle } = rig()
  inbox.onInboxState({ device: 'phone', acked: 7, top: 10, backlog: 0, durability: 'durable' })
  inbox.arrived(9, message(9))
  await settle()
  expect([told.listed, caller.lists, inbox.ackFlusher.held, caller.acks]).toEqual([1, 1, 7, []])
  expect(inbox.ackFlusher.hasHoles).toBe(true)
  inbox.arrived(8, message(8))
  await settle()
  expect(caller.acks).toEqual([9])
  for (const offset of [10, 11, 12]) inbox.arrived(offset, message(offset))
  await settle()
  expect(caller.acks).toEqual([9, 12])
  expect((await cache.load()).acked).toBe(12)
})

test('[M48] a list that was asked for by the way and is late stands for one that is needed too', async () => {
  const { caller, told, inbox, settle } = rig()
  const inboxState = { device: 'phone', top: 7, backlog: 0, durability: 'durable' } as const
  inbox.onInboxState({ ...inboxState, acked: 0 })
  await settle()
  caller.isBusy = true
  inbox.arrived(1, message(1))
  await settle()
  inbox.onInboxState({ ...inboxState, acked: 7 })
  caller.isBusy = false
  for (let seconds = 0; seconds < 60 && told.listed < 2; seconds += 2) await settle()
  expect([told.listed, inbox.ackFlusher.held]).toEqual([2, 7])
})
