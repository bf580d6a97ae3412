import { afterEach, describe, expect, test } from 'bun:test'
import { type Broker, type BrokerMessage, type BrokerSink, type Control, defineNamespace, type HistoryPage } from '../../src/hub/index.ts'
import type { Publication } from '../../src/protocol/index.ts'

/** What a sink was told, in order. */
export class Heard implements BrokerSink {
  readonly messages: { readonly channel: string; readonly message: BrokerMessage }[] = []
  readonly controls: Control[] = []
  readonly suspected: string[] = []
  readonly removals: string[] = []

  deliver(channel: string, message: BrokerMessage): void {
    this.messages.push({ channel, message })
  }

  control(message: Control): void {
    this.controls.push(message)
  }

  mayHaveMissed(channel: string): void {
    this.suspected.push(channel)
  }

  removed(channel: string): void {
    this.removals.push(channel)
  }

  publications(channel: string): Publication[] {
    return this.messages.flatMap(heard =>
      heard.channel === channel && heard.message.kind === 'publication' ? [heard.message.publication] : [],
    )
  }

  data(channel: string): unknown[] {
    return this.publications(channel).map(({ data }) => data)
  }
}

/** A broker as one node has it, and what it hands to that node. */
export interface BrokerStage {
  readonly broker: Broker
  readonly heard: Heard
  /** Lets time pass until it is done. */
  done<T>(work: Promise<T>): Promise<T>
  /** Lets what is on its way arrive. */
  settle(): Promise<void>
  close(): Promise<void>
}

const history = { historySize: 20, historyTtlMs: 600_000 } as const

/** What every broker of the suite is opened with. */
export const contractNamespaces = [
  defineNamespace({ name: 'log', ...history }),
  defineNamespace({ name: 'short', historySize: 3, historyTtlMs: 600_000 }),
  defineNamespace({ name: 'plain' }),
  defineNamespace({ name: 'newest', delivery: 'latest' }),
  defineNamespace({ name: 'quotes', delivery: 'conflated' }),
  defineNamespace({ name: 'game', delivery: 'lanes', ...history }),
  defineNamespace({ name: 'room', presence: true, joinLeave: true }),
]

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
const dataOf = ({ publications }: HistoryPage) => publications.map(({ data }) => data)

/** What every broker must do. Offsets may skip, so that places are compared and never counted. */
export function brokerContract(name: string, open: () => Promise<BrokerStage>): void {
  const stages: BrokerStage[] = []
  const start = async () => {
    const stage = await open()
    stages.push(stage)
    const { broker } = stage
    const publish = async (channel: string, from: number, to: number) => {
      const positions = []
      for (const n of range(from, to)) positions.push(await stage.done(broker.publish(channel, n, {})))
      await stage.settle()
      return positions
    }
    const join = async (channel: string) => {
      const page = await stage.done(broker.open(channel, { limit: -1 }))
      await stage.settle()
      return page
    }
    return { ...stage, publish, join }
  }

  afterEach(async () => {
    for (const stage of stages.splice(0)) await stage.close()
  })

  describe(`the broker contract: ${name}`, () => {
    test('[B233] delivers each publication once, in order, at the place that its publisher is told; each names its predecessor', async () => {
      const { heard, publish, join } = await start()
      const { position } = await join('log:1')
      const positions = await publish('log:1', 1, 5)
      expect(heard.data('log:1')).toEqual([1, 2, 3, 4, 5])
      let before = position.offset
      for (const [index, publication] of heard.publications('log:1').entries()) {
        expect({ epoch: position.epoch, offset: publication.offset }).toEqual(positions[index] ?? position)
        expect([publication.after, publication.offset > before]).toEqual([before, true])
        before = publication.offset
      }
    })

    test('[B233] keeps what a publication says of itself', async () => {
      const { broker, heard, done, settle, join } = await start()
      await join('log:1')
      const told = { key: 'k', tags: { a: 'b' }, info: { user: 'u', client: 'c' }, delta: true }
      await done(broker.publish('log:1', { deep: [1, null] }, told))
      await settle()
      const [live] = heard.publications('log:1')
      expect(live?.fields()).toMatchObject({ ...told, data: { deep: [1, null] } })
      const page = await done(broker.history('log:1', { limit: -1 }))
      expect(page.publications.map(publication => publication.fields())).toEqual([live?.fields() ?? { data: null }])
    })

    test('[B234] gives everything after a place, and calls it complete where nothing is missing', async () => {
      const { broker, publish, join, done } = await start()
      const begun = await join('log:1')
      const positions = await publish('log:1', 1, 6)
      const after = (index: number, limit = -1) => done(broker.history('log:1', { since: positions[index] ?? begun.position, limit }))
      expect(dataOf(await after(-1))).toEqual([1, 2, 3, 4, 5, 6])
      const page = await after(1)
      expect([dataOf(page), page.complete, page.position]).toEqual([[3, 4, 5, 6], true, positions[5] ?? begun.position])
      const part = await after(1, 2)
      expect([dataOf(part), part.complete]).toEqual([[3, 4], false])
      const none = await after(5)
      expect([dataOf(none), none.complete]).toEqual([[], true])
    })

    test('[B234] goes backwards from the newest or from a place, and answers the position alone', async () => {
      const { broker, publish, join, done } = await start()
      await join('log:1')
      const positions = await publish('log:1', 1, 6)
      expect(dataOf(await done(broker.history('log:1', { limit: 2, reverse: true })))).toEqual([6, 5])
      const [, , third] = positions
      if (third === undefined) throw new Error('no position')
      expect(dataOf(await done(broker.history('log:1', { limit: 5, reverse: true, since: third })))).toEqual([2, 1])
      const alone = await done(broker.history('log:1', { limit: 0 }))
      expect([alone.publications, alone.position]).toEqual([[], positions[5] ?? third])
    })

    test('[B234] calls nothing complete that it has dropped, that is of another epoch, or that is still to come', async () => {
      const { broker, publish, join, done } = await start()
      await join('short:1')
      const positions = await publish('short:1', 1, 5)
      const complete = async (epoch: string | undefined, offset = 0) =>
        (await done(broker.history('short:1', { since: { epoch: epoch ?? '', offset }, limit: -1 }))).complete
      const [first, second] = positions
      const newest = positions[4]
      expect(await complete(first?.epoch, first?.offset)).toBe(false)
      expect(await complete(second?.epoch, second?.offset)).toBe(true)
      expect(await complete('another', second?.offset)).toBe(false)
      expect(await complete('', second?.offset)).toBe(true)
      if (newest !== undefined) await expect(complete(newest.epoch, newest.offset + 1)).resolves.toBe(false)
    })

    test('[B234] who opens a channel hears everything after the place that it was told', async () => {
      const { heard, publish, join } = await start()
      await publish('log:1', 1, 3)
      const page = await join('log:1')
      expect(dataOf(page)).toEqual([1, 2, 3])
      await publish('log:1', 4, 5)
      const live = heard.publications('log:1').filter(({ offset }) => offset > page.position.offset)
      expect(live.map(({ data }) => data)).toEqual([4, 5])
      expect(live[0]?.after).toBe(page.position.offset)
    })

    test('[B235] the same idempotency key is the same publication', async () => {
      const { broker, heard, join, done, settle } = await start()
      await join('log:1')
      const once = () => done(broker.publish('log:1', 'x', { idempotencyKey: 'key' }))
      expect(await once()).toEqual(await once())
      await settle()
      expect(heard.data('log:1')).toEqual(['x'])
    })

    test('[B235] what skips the history, or has none, is delivered without a place', async () => {
      const { broker, heard, join, done, settle } = await start()
      const { position } = await join('log:1')
      await join('plain:1')
      await done(broker.publish('log:1', 'aside', { skipHistory: true }))
      await done(broker.publish('plain:1', 'plain', {}))
      await settle()
      expect(['log:1', 'plain:1'].map(channel => heard.publications(channel).map(({ offset, data }) => [offset, data]))).toEqual([
        [[0, 'aside']],
        [[0, 'plain']],
      ])
      const page = await done(broker.history('log:1', { limit: -1 }))
      expect([page.publications, page.position]).toEqual([[], position])
    })

    test('[B235] state is given as it is now: the newest value, the fields of each key, the low lanes', async () => {
      const { broker, join, done, settle } = await start()
      for (const channel of ['newest:1', 'quotes:1', 'game:1']) await join(channel)
      for (const n of [1, 2]) await done(broker.publish('newest:1', n, {}))
      await done(broker.publish('quotes:1', { bid: 1, ask: 2 }, { key: 'a' }))
      await done(broker.publish('quotes:1', { bid: 3 }, { key: 'a' }))
      await done(broker.publish('quotes:1', { bid: 9 }, { key: 'gone' }))
      await done(broker.publish('quotes:1', null, { key: 'gone' }))
      await done(broker.publish('game:1', 'goal', {}))
      for (const n of [1, 2]) await done(broker.publish('game:1', { shots: n }, { lane: 'stats', key: 'home' }))
      await done(broker.publish('game:1', 'a line', { lane: 'text' }))
      await settle()
      const stateOf = async (channel: string) =>
        (await done(broker.history(channel, { limit: -1 }))).state.map(({ key, lane, data }) => [key ?? lane, data])
      expect(await stateOf('newest:1')).toEqual([[undefined, 2]])
      expect(await stateOf('quotes:1')).toEqual([['a', { bid: 3, ask: 2 }]])
      expect(await stateOf('game:1')).toEqual([
        ['home', { shots: 2 }],
        ['text', 'a line'],
      ])
      expect(dataOf(await done(broker.history('game:1', { limit: -1 })))).toEqual(['goal'])
    })

    test('[B236] a history that was removed is empty and goes on, and whoever keeps a copy is told', async () => {
      const { broker, heard, publish, join, done, settle } = await start()
      await join('log:1')
      const [, , third] = await publish('log:1', 1, 3)
      await done(broker.removeHistory('log:1'))
      await settle()
      expect(heard.removals).toContain('log:1')
      const page = await done(broker.history('log:1', { since: { epoch: third?.epoch ?? '', offset: 0 }, limit: -1 }))
      expect([page.publications, page.complete, page.position]).toEqual([[], false, third ?? page.position])
      const [next] = await publish('log:1', 4, 4)
      expect(next?.offset).toBeGreaterThan(third?.offset ?? Number.POSITIVE_INFINITY)
    })

    test('[B236] joins and leaves reach whoever follows, and controls reach every node', async () => {
      const { broker, heard, join, done, settle } = await start()
      await join('room:1')
      const infos = [{ user: 'u', client: 'c' }]
      await done(broker.announce('room:1', { kind: 'join', infos }))
      await done(broker.announce('room:1', { kind: 'leave', infos }))
      await done(broker.control({ kind: 'unsubscribe', user: 'u', channel: 'room:1' }))
      await settle()
      expect(heard.messages.map(({ message }) => message)).toEqual([
        { kind: 'join', infos },
        { kind: 'leave', infos },
      ])
      expect(heard.controls).toEqual([{ kind: 'unsubscribe', user: 'u', channel: 'room:1' }])
    })

    test('[B236] a channel whose namespace is not there is refused with 102', async () => {
      const { broker, done } = await start()
      expect(await failureOf(done(broker.publish('nowhere:1', 1, {})))).toMatchObject({ code: 102 })
      expect(await failureOf(done(broker.open('nowhere:1', { limit: 0 })))).toMatchObject({ code: 102 })
    })
  })
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'nothing failed',
    (error: unknown) => error,
  )
}
