import { afterEach, describe, expect, test } from 'bun:test'
import { BrokenLink, type Link } from '../../src/cluster/link.ts'
import { protocol } from '../../src/cluster/protocol.ts'
import { CommandError, errors } from '../../src/protocol/index.ts'
import type { NotingPeer } from '../kit/fakes/link-pipe.ts'

/** One end of a link, what it was told, and how its connection ended. */
export interface LinkSide {
  readonly link: Link
  readonly peer: NotingPeer
  readonly ended: readonly { readonly code: number; readonly reason: string }[]
}

export interface LinkStage {
  /** The end that opened the connection, and the other. */
  readonly lower: LinkSide
  readonly upper: LinkSide
  /** Waits for something to become true, in whichever time the connection has. */
  until(what: string, isTrue: () => boolean): Promise<void>
  close(): Promise<void>
}

const query = { limit: -1 }

/** What a link is, whatever connection it goes over. */
export function linkContract(name: string, open: () => Promise<LinkStage>): void {
  const stages: LinkStage[] = []
  const start = async () => {
    const stage = await open()
    stages.push(stage)
    /** What a promise comes to. */
    const outcome = async <T>(work: Promise<T>) => {
      let settled: { value: T } | { error: unknown } | undefined
      work.then(
        value => {
          settled = { value }
        },
        (error: unknown) => {
          settled = { error }
        },
      )
      await stage.until('it is settled', () => settled !== undefined)
      return settled
    }
    return { ...stage, outcome }
  }

  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  describe(`the link contract: ${name}`, () => {
    test('[N32] requests and their answers cross both ways, and failures with their code', async () => {
      const { lower, upper, outcome } = await start()
      upper.peer.answers = request => {
        if (request === 'publish') return Promise.resolve({ epoch: 'e', offset: 7 })
        throw new CommandError(errors.notAvailable)
      }
      lower.peer.answers = () => ({ 'room:1': 3 })
      expect(await outcome(lower.link.request(protocol.publish, { channel: 'c', data: { deep: [1] }, options: {} }))).toEqual({
        value: { epoch: 'e', offset: 7 },
      })
      expect(await outcome(lower.link.request(protocol.presence, { channel: 'c' }))).toMatchObject({ error: { code: 108 } })
      expect(await outcome(upper.link.request(protocol.channels, { pattern: '*' }))).toEqual({ value: { 'room:1': 3 } })
      expect([upper.peer.of('publish'), lower.peer.of('channels')]).toEqual([
        [{ channel: 'c', data: { deep: [1] }, options: {} }],
        [{ pattern: '*' }],
      ])
    })

    test('[N32] notices arrive in the order in which they were said, among requests and whatever their size', async () => {
      const { lower, upper, until } = await start()
      const order: unknown[] = []
      upper.peer.notified = (_name, input) => order.push(input)
      upper.peer.request = (_name, input) => {
        order.push(input)
        return null
      }
      const long = { channel: `${'é'.repeat(30_000)}😀${'x'.repeat(100_000)}` }
      const said = [{ channel: 'a' }, long, { channel: 'b' }, { channel: 'c' }]
      for (const [index, input] of said.entries()) {
        if (index === 2) void lower.link.request(protocol.subscribe, input)
        else lower.link.notify(protocol.unsubscribe, input)
      }
      await until('all has arrived', () => order.length === said.length)
      expect(order).toEqual(said)
    })

    test('[N32] many requests are under way at once, and each has its own answer', async () => {
      const { lower, upper, outcome } = await start()
      const waiting: (() => void)[] = []
      upper.peer.answers = (_name, input) =>
        new Promise(resolve => waiting.push(() => resolve({ epoch: JSON.stringify(input), offset: 1 })))
      const asked = Array.from({ length: 200 }, (_, n) => lower.link.request(protocol.publish, { channel: `c:${n}`, data: n, options: {} }))
      await stages.at(-1)?.until('all have been asked', () => waiting.length === 200)
      for (const answer of waiting.toReversed()) answer()
      for (const [n, answer] of asked.entries())
        expect(await outcome(answer)).toEqual({ value: { epoch: JSON.stringify({ channel: `c:${n}`, data: n, options: {} }), offset: 1 } })
    })

    test('[N32] who waits for an answer is told when the connection breaks, and so is who asks later', async () => {
      const { lower, upper, until, outcome } = await start()
      upper.peer.answers = () => new Promise(() => undefined)
      const waiting = lower.link.request(protocol.history, { channel: 'c', query })
      await until('it was asked', () => upper.peer.asked.length === 1)
      upper.link.terminate()
      expect(await outcome(waiting)).toMatchObject({ error: expect.any(BrokenLink) })
      expect(await outcome(lower.link.request(protocol.history, { channel: 'c', query }))).toMatchObject({ error: expect.any(BrokenLink) })
      await until('both know', () => lower.ended.length === 1 && upper.link.isClosed)
    })

    test('[N32] an end that closes says why, behind all that it said before', async () => {
      const { lower, upper, until } = await start()
      for (const channel of ['a', 'b']) upper.link.notify(protocol.mayHaveMissed, { channel })
      upper.link.close(4503, 'the node upstream has lost its own')
      await until('it has ended', () => lower.ended.length === 1)
      expect(lower.peer.heard).toEqual(['a', 'b'].map(channel => ['mayHaveMissed', { channel }]))
      expect(lower.ended).toEqual([{ code: 4503, reason: 'the node upstream has lost its own' }])
    })
  })
}
