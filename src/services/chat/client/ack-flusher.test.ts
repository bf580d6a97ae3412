import { expect, test } from 'bun:test'
import { SimClock } from '../../../../sim/core/clock.ts'
import { until } from '../../../../test/kit/index.ts'
import type { ChatCommands } from '../model/wire.ts'
import { AckFlusher } from './ack-flusher.ts'
import { type CachedChat, MemoryCache } from './cache.ts'
import { ChatError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import { Conversation } from './conversation.ts'
import { patchOfPage } from './patch.ts'
import { Reads } from './reads.ts'

const id = 'd_1'

/** A server that notes what it is asked. */
class Asked implements Caller {
  isLive = true
  isFailing = false
  /** What it has sent of a backlog: it takes no acknowledgement beyond. */
  sent = Number.POSITIVE_INFINITY
  readonly acks: number[] = []
  readonly reads: number[] = []

  async call<M extends keyof ChatCommands>(method: M, input: ChatCommands[M]['in']): Promise<ChatCommands[M]['out']> {
    if (this.isFailing) throw new ChatError({ code: 1, reason: 'offline', text: '' }, true)
    return this.#answer(method, input) as ChatCommands[M]['out']
  }

  #answer(method: string, input: object) {
    if (method === 'chat.read' && 'seq' in input) {
      this.reads.push(Number(input.seq))
      return { read: input.seq, unread: 0 }
    }
    const asked = Number('offset' in input ? input.offset : 0)
    this.acks.push(asked)
    const offset = Math.min(asked, this.sent)
    this.sent += 256
    return { offset, backlog: 0 }
  }
}

/** Notes in what order things were saved. */
class NotingCache extends MemoryCache {
  readonly saves: number[] = []
  isFull = false

  override async save(chat: CachedChat): Promise<void> {
    if (this.isFull) throw new Error('the disk is full')
    await super.save(chat)
    this.saves.push(chat.acked)
  }
}

function rig() {
  const clock = new SimClock()
  const asked = new Asked()
  const cache = new NotingCache()
  return { clock, asked, cache, ackFlusher: new AckFlusher(cache, asked, clock, () => undefined) }
}

test('[M5] what came is acknowledged after a second, or 32 entries, and only what is contiguous', () => {
  const { clock, asked, ackFlusher } = rig()
  for (const offset of [1, 2, 4]) ackFlusher.note(offset)
  clock.advance(999)
  expect(asked.acks).toEqual([])
  clock.advance(1)
  expect(asked.acks).toEqual([2])
  for (let offset = 5; offset <= 35; offset++) ackFlusher.note(offset)
  ackFlusher.note(3)
  clock.advance(199)
  expect(asked.acks).toEqual([2])
  clock.advance(1)
  expect(asked.acks).toEqual([2, 35])
  clock.advance(5000)
  expect(asked.acks).toEqual([2, 35])
})

test('[W76] a conversation that is written to is saved at once, unless it is already, and nothing is acknowledged sooner by that', async () => {
  const { asked, cache, ackFlusher } = rig()
  ackFlusher.note(1)
  ackFlusher.touch(id)
  for (let written = 0; written < 3; written++) ackFlusher.written(id)
  ackFlusher.written('d_2')
  await until('it is saved', () => cache.saves.length > 0)
  ackFlusher.written(id)
  await Promise.resolve()
  expect(cache.saves).toEqual([1])
  expect(asked.acks).toEqual([])
})

test('[M5] only what the cache holds is acknowledged', () => {
  const reported: unknown[] = []
  const before = globalThis.reportError
  globalThis.reportError = error => reported.push(error)
  try {
    const { clock, asked, cache, ackFlusher } = rig()
    cache.isFull = true
    ackFlusher.note(1)
    clock.advance(1000)
    expect(asked.acks).toEqual([])
    cache.isFull = false
    ackFlusher.note(2)
    clock.advance(1000)
    expect(cache.saves).toEqual([2])
    expect(asked.acks).toEqual([2])
    expect(reported).toHaveLength(1)
  } finally {
    globalThis.reportError = before
  }
})

test('[M5] an acknowledgement that fails is made again; one that the server cuts short is made up', () => {
  const { clock, asked, ackFlusher } = rig()
  asked.isFailing = true
  ackFlusher.note(1)
  clock.advance(1000)
  asked.isFailing = false
  clock.advance(1000)
  expect(asked.acks).toEqual([1])
  asked.sent = 256
  ackFlusher.cover(700)
  clock.advance(1000)
  expect(asked.acks).toEqual([1, 700, 700, 700])
})

test('[M9, M10] reads go forward, at most once a second, and not before the newest is there', () => {
  const { clock, asked } = rig()
  const conversation = new Conversation(id, 'me')
  const reads = new Reads(
    asked,
    clock,
    () => conversation,
    (_, patch) => conversation.absorb(patch),
  )
  const read = (wanted: number) => {
    conversation.absorb({ wanted })
    reads.consider(id)
    clock.settle()
  }
  conversation.absorb({ seq: 9 })
  read(3)
  expect(asked.reads).toEqual([])
  conversation.absorb(patchOfPage({ entries: [], has_more: false }, {}, 9))
  read(3)
  read(5)
  read(4)
  read(6)
  expect(asked.reads).toEqual([3])
  clock.advance(1000)
  expect(asked.reads).toEqual([3, 6])
  asked.isLive = false
  read(8)
  clock.advance(5000)
  asked.isLive = true
  reads.consider(id)
  expect(asked.reads).toEqual([3, 6, 8])
  clock.advance(5000)
  reads.consider(id)
  expect(asked.reads).toEqual([3, 6, 8])
})
