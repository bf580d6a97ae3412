import { expect, test } from 'bun:test'
import { SimClock } from '../../../../sim/core/clock.ts'
import { seededRandom } from '../../../kit/index.ts'
import { MemoryCache } from './cache.ts'
import { ChatError, readError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import { MessageOutbox, type OutboxEntry } from './outbox.ts'
import { Locks, Sender } from './sender.ts'

function entry(cid: string, conversation = 'a', order = Number.parseInt(cid, 36)): OutboxEntry {
  return { cid, conversation, text: cid, at: order, order }
}

test('[M43] of each conversation one message is on its way at a time, in the order in which they were written', () => {
  const outbox = new MessageOutbox()
  for (const each of [entry('2'), entry('1'), entry('3', 'b')]) outbox.add(each)
  expect(cids(outbox, 0)).toEqual(['1', '3'])
  outbox.begin('1')
  expect(cids(outbox, 0)).toEqual(['3'])
  outbox.again('1', 100)
  expect(cids(outbox, 99)).toEqual(['3'])
  expect(cids(outbox, 100)).toEqual(['1', '3'])
  outbox.drop('1')
  expect(cids(outbox, 0)).toEqual(['2', '3'])
})

test('[M152] files are uploaded side by side and sent in the order in which they were chosen; words wait for none of them', () => {
  const outbox = new MessageOutbox()
  const file = { cid: 'f', blob: new Blob(['x']), name: 'a.txt', kind: 'file', size: 1 } as const
  const uploaded = { id: 'u', kind: 'file', type: 'application/octet-stream', size: 1 } as const
  for (const cid of ['1', '2']) outbox.add({ ...entry(cid), files: [file] })
  outbox.add(entry('3'))
  expect(cids(outbox, 0)).toEqual(['1', '2', '3'])
  outbox.replace({ ...entry('2'), files: [{ ...file, uploaded }] })
  expect(cids(outbox, 0)).toEqual(['1', '3'])
  outbox.replace({ ...entry('1'), files: [{ ...file, uploaded }] })
  expect(cids(outbox, 0)).toEqual(['1'])
  outbox.drop('1')
  expect(cids(outbox, 0)).toEqual(['2'])
  outbox.add({ ...entry('0'), files: [file] })
  outbox.refuse('0', { code: 413, reason: 'too_large', text: '' })
  expect(cids(outbox, 0)).toEqual(['2'])
})

test('[M43] what was refused for good holds up nothing, and goes again at the end', () => {
  const outbox = new MessageOutbox()
  for (const cid of ['1', '2', '3']) outbox.add(entry(cid))
  outbox.refuse('1', { code: 403, reason: 'forbidden', text: '' })
  expect(cids(outbox, 0)).toEqual(['2'])
  expect(outbox.retry('2', 0)).toBeUndefined()
  expect(outbox.retry('1', 0)).not.toHaveProperty('refusal')
  expect(outbox.of('a').map(({ cid }) => cid)).toEqual(['2', '3', '1'])
})

test('[M43] attempts are counted, and a new link lets nothing wait', () => {
  const outbox = new MessageOutbox()
  outbox.add(entry('1'))
  expect([outbox.begin('1'), outbox.begin('1')]).toEqual([0, 1])
  outbox.again('1', 5000)
  expect(outbox.dueAt()).toBe(5000)
  outbox.hurry()
  expect(cids(outbox, 0)).toEqual(['1'])
  expect(outbox.begin('1')).toBe(2)
})

test('[M43] a message is kept before it is sent, sent until it is answered, and then no longer kept', async () => {
  const rig = new Rig()
  rig.answers = ['lost', 'slow down', 'ok']
  rig.sender.add(entry('1'))
  rig.sender.add(entry('2'))
  rig.clock.settle()
  expect(rig.keptAtCall).toEqual([['1', '2']])
  rig.clock.advance(10_000)
  expect(rig.calls).toEqual(['1', '1', '1', '2'])
  const [first = 0, second = 0, third = 0, next = 0] = rig.times
  expect(second - first).toBeLessThan(500)
  expect(third - second).toBe(7000)
  expect(next).toBe(third)
  expect(rig.outbox.size).toBe(0)
  expect(await rig.cache.outbox()).toEqual([])
})

test('[M43] what the server refuses for good stays as failed, across a reload, until it is tried again or discarded', async () => {
  const rig = new Rig()
  rig.answers = ['refused']
  rig.sender.add(entry('1'))
  rig.clock.settle()
  expect(rig.refused).toEqual(['1 forbidden'])
  const reloaded = new Rig(rig.cache)
  await reloaded.sender.restore()
  reloaded.clock.settle()
  expect(reloaded.outbox.of('a')).toMatchObject([{ cid: '1', refusal: { code: 403, reason: 'forbidden', text: 'no' } }])
  expect(reloaded.calls).toEqual([])
  reloaded.sender.retry('1')
  reloaded.clock.settle()
  expect(reloaded.calls).toEqual(['1'])
})

test('[M44] what another tab has sent or discarded meanwhile is not sent', async () => {
  const rig = new Rig()
  rig.isLive = false
  rig.sender.add(entry('1'))
  rig.sender.add(entry('2'))
  rig.clock.settle()
  await rig.cache.dropOutbox('1')
  rig.isLive = true
  rig.sender.hurry()
  rig.clock.settle()
  expect(rig.calls).toEqual(['2'])
})

test('[M44] where nothing can be kept, a message is sent all the same', async () => {
  const full = new MemoryCache()
  full.putOutbox = () => Promise.reject(new Error('the disk is full'))
  const reported: unknown[] = []
  const before = globalThis.reportError
  globalThis.reportError = error => reported.push(error)
  try {
    const rig = new Rig(full)
    rig.sender.add(entry('1'))
    rig.clock.settle()
    expect(rig.calls).toEqual(['1'])
    expect(reported).toHaveLength(1)
  } finally {
    globalThis.reportError = before
  }
})

test('[M44] things under one name are done one after the other', async () => {
  const locks = new Locks('test')
  const log: string[] = []
  const work = (name: string, step: string) =>
    locks.run(name, async () => {
      log.push(`${step} begins`)
      await Promise.resolve()
      log.push(`${step} ends`)
      if (step === 'one') throw new Error('it failed')
    })
  const results = await Promise.allSettled([work('a', 'one'), work('a', 'two')])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(log).toEqual(['one begins', 'one ends', 'two begins', 'two ends'])
})

test.each([
  [{ code: 1, message: 'timeout' }, 'offline', true, undefined],
  [{ code: 429, message: 'rate_limited: try again in 700 ms', temporary: true }, 'rate_limited', true, 700],
  [{ code: 100, message: 'internal server error', temporary: true }, 'internal server error', true, undefined],
  [{ code: 409, message: 'membership_changed: the members are of version 4' }, 'membership_changed', false, undefined],
  [new Error('something else'), 'unreadable', false, undefined],
])('[M45] an error says what it is, and whether it passes', (error, reason, temporary, retryAfterMs) => {
  const read = readError(error)
  expect([read.reason, read.temporary, read.retryAfterMs]).toEqual([reason, temporary, retryAfterMs])
  expect(readError(read)).toBe(read)
})

test('[M190] changes of a message wait for each other and hold up no message, and not before they may', () => {
  const outbox = new MessageOutbox()
  const change = (cid: string, target: number): OutboxEntry => ({ ...entry(cid), amends: { target, kind: 'edit', text: cid } })
  outbox.add({ ...change('1', 5), notBefore: 50 })
  outbox.add(change('2', 5))
  outbox.add(change('3', 6))
  outbox.add(entry('4'))
  expect(cids(outbox, 49)).toEqual(['3', '4'])
  expect(outbox.dueAt()).toBe(0)
  outbox.hurry()
  expect(cids(outbox, 49)).toEqual(['3', '4'])
  expect(cids(outbox, 50)).toEqual(['1', '3', '4'])
  expect(outbox.of('a').map(({ cid }) => cid)).toEqual(['4'])
  expect(outbox.amendmentsOf('a').map(({ cid }) => cid)).toEqual(['1', '2', '3'])
})

test('[M190] a change that is refused is kept where somebody wrote it, and else only told', async () => {
  const rig = new Rig()
  rig.answers = ['refused', 'refused']
  rig.sender.add({ ...entry('1'), amends: { target: 5, kind: 'edit', text: 'new words' } })
  rig.clock.settle()
  rig.sender.add({ ...entry('2'), amends: { target: 6, kind: 'react', emoji: '👍' } })
  rig.clock.settle()
  expect(rig.refused).toEqual(['1 forbidden', '2 forbidden'])
  expect(await rig.cache.outbox()).toMatchObject([{ cid: '1', amends: { text: 'new words' }, refusal: { reason: 'forbidden' } }])
  rig.sender.retry('1')
  rig.clock.settle()
  expect(rig.amended).toEqual(['1'])
  expect(await rig.cache.outbox()).toEqual([])
})

function cids(outbox: MessageOutbox, now: number): string[] {
  return outbox.due(now).map(({ cid }) => cid)
}

/** A sender with time of its own, and a server that answers as it is told. */
class Rig {
  answers: string[] = []
  isLive = true
  readonly calls: string[] = []
  readonly times: number[] = []
  readonly keptAtCall: string[][] = []
  readonly refused: string[] = []
  readonly amended: string[] = []
  readonly outbox = new MessageOutbox()
  readonly sender: Sender
  readonly clock = new SimClock()

  constructor(readonly cache = new MemoryCache()) {
    this.sender = new Sender(this.outbox, cache, this.#caller(), new Locks('test'), this.clock, seededRandom(1), {
      sent: () => undefined,
      amend: async entry => {
        await this.#caller().call('chat.edit', { conversation: entry.conversation, seq: 1 })
        this.amended.push(entry.cid)
      },
      refused: ({ cid }, { reason }) => this.refused.push(`${cid} ${reason}`),
      changed: () => undefined,
    })
  }

  #caller(): Caller {
    const rig = this
    const call = async (_method: string, input: unknown): Promise<never> => {
      const { cid, conversation } = input as OutboxEntry
      rig.calls.push(cid)
      rig.times.push(rig.clock.now())
      rig.keptAtCall.push((await rig.cache.outbox()).map(kept => kept.cid))
      const answer = rig.answers.shift() ?? 'ok'
      if (answer === 'lost') throw readError({ code: 1, message: 'timeout' })
      if (answer === 'slow down') throw new ChatError({ code: 429, reason: 'rate_limited', text: '' }, true, 7000)
      if (answer === 'refused') throw new ChatError({ code: 403, reason: 'forbidden', text: 'no' }, false)
      return { conversation, cid, seq: 1, mid: 'm', ts: 1 } as never
    }
    return {
      get isLive() {
        return rig.isLive
      },
      call,
    }
  }
}
