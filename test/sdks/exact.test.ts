import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { rounds, until } from '../kit/index.ts'
import { type Act, Driver, type Form, forms } from './driver.ts'
import { Line } from './line.ts'
import { Peer } from './peer.ts'
import { Site } from './site.ts'
import { lacksSdk } from './toolchains.ts'

/** How often each drill cuts. */
const turns = rounds(20, 200)

let site: Site
beforeAll(async () => {
  site = await Site.start()
})
afterAll(() => site[Symbol.asyncDispose]())

/** A way to break a subscription. `subscribed` and `publication` are handlers that do it, or during which the connection is cut. */
type Way = { readonly in: 'subscribed' | 'publication'; readonly act: Act } | { readonly in: 'flow' } | { readonly in: 'server' }

const inHandlers = ['subscribed', 'publication'] as const

function waysOf({ acts }: Form, isServerSide: boolean): Way[] {
  const handlers = inHandlers.flatMap(where =>
    acts
      // A server-side subscription cannot be left; what a handler of publications has thrown at, an SDK may take for delivered.
      .filter(act => !(act === 'unsubscribe' && isServerSide) && !(act === 'throw' && where === 'publication'))
      .map((act): Way => ({ in: where, act })),
  )
  return [...handlers, { in: 'flow' }, { in: 'server' }]
}

/** One subscription under drill: what was published, and one way after the other to break it. */
class Drill {
  /** The last number that was published. */
  top = 0

  constructor(
    readonly peer: Peer,
    readonly line: Line,
    readonly user: string,
    readonly channel: string,
    readonly isServerSide: boolean,
    readonly form: Form,
  ) {}

  /** The next numbers, as values of their own. */
  more(count: number): number[] {
    return Array.from({ length: count }, () => ++this.top)
  }

  async publish(count: number): Promise<void> {
    if (count === 0) return
    await site.publishAll(this.channel, this.more(count))
  }

  async round(way: Way, turn: number): Promise<void> {
    const count = 1 + ((turn * 7) % 13)
    if (way.in === 'flow') return await this.#cutInFlow(count, turn)
    if (way.in === 'server') return await this.#endByServer(count)
    await this.#missed(way.in, way.act, count, turn)
  }

  /** Breaks wherever the bytes happen to be while publications flow. */
  async #cutInFlow(count: number, turn: number): Promise<void> {
    this.line.cutAfter(20 + ((turn * 37) % 400))
    for (let n = 0; n < count; n++) await this.publish(1 + (n % 3))
    this.line.cut()
    await this.publish(2)
  }

  async #endByServer(count: number): Promise<void> {
    const { peer, user, channel } = this
    const from = peer.now
    const publishing = this.publish(count)
    if (this.isServerSide) await site.api('disconnect', { user, disconnect: { code: 4000, reason: 'come back' } })
    else await site.api('unsubscribe', { user, channel })
    await publishing
    await this.publish(count)
    if (this.isServerSide) return
    await peer.next('unsubscribed', channel, from)
    await peer.call('resubscribe', { channel })
  }

  /** Waits until the server knows as well that nobody is subscribed. */
  async #isLeft(): Promise<void> {
    const { channel } = this
    await until('the channel is left', async () => {
      const { channels } = await site.api('channels', { pattern: channel })
      return !(channel in Object(channels))
    })
  }

  /** Lets a recovery begin with several publications, and breaks it in a handler. */
  async #missed(on: 'subscribed' | 'publication', act: Act, count: number, turn: number): Promise<void> {
    const { peer, line, channel } = this
    line.down()
    await this.publish(count + 3)
    const from = peer.now
    await peer.call('arm', { channel, on, act, after: on === 'publication' ? turn % 3 : 0 })
    line.up()
    await peer.next('acted', channel, from)
    // Where nothing new follows, what was lost would never be noticed again.
    const after = turn % 2
    if (act === 'unsubscribe') {
      await peer.next('unsubscribed', channel, from)
      if (!this.form.passesOverLatePublications) await this.#isLeft()
      await this.publish(after)
      await peer.call('resubscribe', { channel })
    } else if (act === 'disconnect') {
      await peer.next('disconnected', undefined, from)
      await this.publish(after)
      await peer.call('connect')
    } else if (act === 'linger') {
      line.cut()
      await this.publish(after)
      await peer.call('release', { channel, on })
    } else {
      // Whether an SDK goes on after its handler has thrown is its own affair: the application reloads.
      line.cut()
      await peer.call('disconnect')
      await this.publish(after)
      await peer.call('connect')
    }
  }
}

async function begin(driver: Driver, form: Form, line: Line, namespace: string, isServerSide: boolean): Promise<Drill> {
  const name = `${form.language}-${form.form}-${namespace}${isServerSide ? '-own' : ''}`
  const channel = `${namespace}:${name}`
  const token = await site.token({ sub: name, ...(isServerSide ? { channels: [channel] } : {}) })
  const peer = await (await Peer.open(driver, form, line.wsUrl, { token, tokens: Array(10).fill(token), patience: 500 }, name)).connect()
  if (isServerSide) await peer.next('subscribed', channel)
  else await peer.subscribe(channel, { recoverable: true })
  return new Drill(peer, line, name, channel, isServerSide, form)
}

for (const form of forms) {
  const name = `centrifuge-${form.language}, ${form.form}, ${turns} rounds`
  describe.skipIf(lacksSdk(form.language, name))(name, () => {
    for (const isServerSide of [false, true]) {
      const whose = isServerSide ? 'server-side' : 'client-side'
      test(`[B202, R1] a ${whose} subscription that is cut inside of handlers and between publications has every message exactly once`, async () => {
        await using driver = new Driver(form.language)
        await using line = await Line.to(site.url)
        const drill = await begin(driver, form, line, 'kept', isServerSide)
        const ways = waysOf(form, isServerSide)
        for (let turn = 0; turn < turns; turn++) {
          const way = ways[turn % ways.length] ?? { in: 'flow' }
          await drill.round(way, turn)
          await drill.peer.gets(drill.channel, drill.top)
          const got = drill.peer.data(drill.channel)
          const wanted = Array.from({ length: drill.top }, (_, n) => n + 1)
          if (!Bun.deepEquals(got, wanted)) expect({ turn, way, got }).toEqual({ turn, way, got: wanted })
        }
        expect(drill.peer.of('subscribed', drill.channel).filter(({ wasRecovering, recovered }) => wasRecovering && !recovered)).toEqual([])
        expect(drill.top).toBeGreaterThan(turns)
      })

      test(`[B203] the newest value of a newest-only channel comes to a ${whose} subscription in the end, however it is cut, and none goes back`, async () => {
        await using driver = new Driver(form.language)
        await using line = await Line.to(site.url)
        const drill = await begin(driver, form, line, 'latest', isServerSide)
        // At the newest value, the only one, there is no second publication to wait for.
        const ways = [...waysOf(form, isServerSide).filter(way => way.in !== 'publication'), { in: 'flow' } as const]
        for (let turn = 0; turn < turns; turn++) {
          await drill.round(ways[turn % ways.length] ?? { in: 'flow' }, turn)
          await drill.peer.gets(drill.channel, drill.top)
        }
        const got = drill.peer.data(drill.channel).map(Number)
        expect(got).toEqual([...new Set(got)].sort((a, b) => a - b))
      })
    }
  })
}
