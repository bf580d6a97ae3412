import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { inSeconds } from '../kit/index.ts'
import { Driver, forms } from './driver.ts'
import { Line } from './line.ts'
import { Peer } from './peer.ts'
import { Site } from './site.ts'
import { lacksSdk } from './toolchains.ts'

let site: Site
beforeAll(async () => {
  site = await Site.start()
})
afterAll(() => site[Symbol.asyncDispose]())

/** A channel of its own for each test, whatever ran before on this server. */
let channels = 0
const fresh = (namespace: string) => `${namespace}:${++channels}`
const refused = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    error => error.code,
  )

for (const form of forms) {
  const name = `centrifuge-${form.language}, ${form.form}`
  describe.skipIf(lacksSdk(form.language, name))(name, () => {
    let driver: Driver
    beforeAll(() => {
      driver = new Driver(form.language)
    })
    afterAll(() => driver[Symbol.asyncDispose]())
    let clients = 0
    const opened: Peer[] = []
    const open = async (opening: Parameters<typeof Peer.open>[3] = {}, url = site.wsUrl) => {
      const peer = await Peer.open(driver, form, url, { token: await site.token(), ...opening }, `client${++clients}`)
      opened.push(peer)
      return peer
    }
    afterEach(async () => {
      for (const peer of opened.splice(0)) await peer.call('close')
    })

    test('[B200] connects, publishes to a channel and gets what is published, with who published it, its tags and its data', async () => {
      const channel = fresh('room')
      const alice = await (await open()).connect()
      const bob = await (await open({ token: await site.token({ sub: 'bob', info: { name: 'Bob' } }) })).connect()
      await alice.subscribe(channel)
      await bob.subscribe(channel)
      const data = { text: 'grüße 👋 "quoted" \\ \u2028', list: [1, null, { deep: true }], n: 0.25 }
      await bob.call('publish', { channel, data })
      await site.publish(channel, 'by the server', { tags: { lang: 'en' } })
      await alice.gets(channel, 'by the server')
      const [first, second] = alice.of('publication', channel)
      expect(first).toMatchObject({ data, info: { user: 'bob', connInfo: { name: 'Bob' } } })
      expect(second).toMatchObject({ data: 'by the server', tags: { lang: 'en' } })
      expect(second?.info).toBeUndefined()
      expect(alice.of('connected')[0]?.id).toMatch(/^[\w-]{36}$/)
    })

    test('[B200] asks for presence, its counts and the history, both ways round', async () => {
      const channel = fresh('room')
      const alice = await (await open()).connect()
      await alice.subscribe(channel)
      await site.publishAll(channel, [1, 2, 3, 4, 5])
      const id = alice.of('connected')[0]?.id ?? ''
      expect(await alice.presence(channel)).toEqual({ [id]: { client: id, user: 'alice', connInfo: { name: 'Alice' }, chanInfo: null } })
      expect(await alice.call('presenceStats', { channel })).toEqual({ clients: 1, users: 1 })
      const { publications, offset, epoch } = await alice.history(channel, { limit: 2 })
      expect([publications.map(({ data }) => data), offset]).toEqual([[1, 2], 5])
      const page = await alice.history(channel, { limit: 2, since: { offset: 2, epoch } })
      expect(page.publications.map(({ data, offset: at }) => [data, at])).toEqual([
        [3, 3],
        [4, 4],
      ])
      expect((await alice.history(channel, { limit: 2, reverse: true })).publications.map(({ data }) => data)).toEqual([5, 4])
      expect((await alice.history(channel, {})).offset).toBe(5)
    })

    test('[B200] sees others join and leave', async () => {
      const channel = fresh('room')
      const alice = await (await open()).connect()
      await alice.subscribe(channel, { joinLeave: true })
      const bob = await (await open({ token: await site.token({ sub: 'bob' }) })).connect()
      await bob.subscribe(channel)
      await alice.next('join', channel, 0, ({ info }) => info?.user === 'bob')
      await bob.disconnect()
      await alice.next('leave', channel, 0, ({ info }) => info?.user === 'bob')
    })

    test('[B200] calls commands, and is told the code of what is refused', async () => {
      const alice = await (await open()).connect()
      expect(await refused(alice.call('rpc', { method: 'no.such', data: {} }))).toBe(104)
      expect(await refused(alice.call('publish', { channel: 'closed:a', data: 1 }))).toBe(103)
      expect(await refused(alice.call('history', { channel: 'nowhere:a', limit: 1 }))).toBe(102)
      expect(await refused(alice.call('presence', { channel: 'kept:a' }))).toBe(108)
      await alice.call('subscribe', { channel: 'closed:a' })
      expect(await alice.next('unsubscribed', 'closed:a')).toMatchObject({ code: 103 })
      expect(await alice.call('rpc', { method: 'chat.conversations', data: {} })).toMatchObject({})
    })

    test('[B200] a token that ended is replaced, one that ends is refreshed, and one that is no good keeps the client away', async () => {
      const late = await open({ token: await site.token({ exp: inSeconds(-10) }), tokens: [await site.token({ exp: inSeconds(600) })] })
      await late.connect()
      expect(late.of('asked')).toHaveLength(1)
      const brief = await open({ token: await site.token({ exp: inSeconds(3) }), tokens: [await site.token()] })
      await brief.connect()
      await brief.next('asked')
      const forged = await open({ token: `${await site.token()}x` })
      await forged.call('connect')
      expect(await forged.next('disconnected')).toMatchObject({ code: 3500 })
      expect(late.of('connected')).toHaveLength(1)
    })

    test('[B200] a subscription token opens its channel, is refreshed before it ends, and replaced when it has', async () => {
      const channel = fresh('closed')
      const alice = await (await open()).connect()
      const grant = (exp: number) => site.token({ channel, exp: inSeconds(exp) })
      await alice.subscribe(channel, { token: await grant(3), tokens: [await grant(600)] })
      await alice.next('asked', channel)
      await site.publish(channel, 'hello')
      await alice.gets(channel, 'hello')
      expect(alice.of('unsubscribed', channel)).toEqual([])
      const bob = await (await open()).connect()
      await bob.call('subscribe', { channel, token: await grant(-10), tokens: [await grant(600)] })
      if (form.replacesSubscriptionTokens) await bob.next('subscribed', channel)
      else expect(await bob.next('unsubscribed', channel)).toMatchObject({ code: 109 })
    })

    test('[B200] server-side subscriptions come with the token and by the server API, and recover', async () => {
      const [own, given] = [fresh('kept'), fresh('kept')]
      await using line = await Line.to(site.url)
      const token = await site.token({ sub: `user${own}`, channels: [own] })
      const alice = await (await open({ token }, line.wsUrl)).connect()
      await alice.next('subscribed', own)
      await site.publish(own, 1)
      expect(await alice.gets(own, 1)).toMatchObject({ server: true, offset: 1 })
      await site.api('subscribe', { user: `user${own}`, channel: given })
      await alice.next('subscribed', given)
      await site.publish(given, 2)
      await alice.gets(given, 2)
      await site.api('unsubscribe', { user: `user${own}`, channel: given })
      await alice.next('unsubscribed', given)
      line.down()
      await site.publishAll(own, [3, 4])
      const from = alice.now
      line.up()
      expect(await alice.next('subscribed', own, from)).toMatchObject({ recovered: true, wasRecovering: true })
      await alice.gets(own, 4)
      expect(alice.data(own)).toEqual([1, 3, 4])
    })

    test('[B200] what was missed is recovered, or said to be lost', async () => {
      const [whole, lost] = [fresh('kept'), fresh('short')]
      await using line = await Line.to(site.url)
      const alice = await (await open({}, line.wsUrl)).connect()
      await alice.subscribe(whole, { recoverable: true })
      await alice.subscribe(lost, { recoverable: true })
      await site.publish(whole, 0)
      await alice.gets(whole, 0)
      line.down()
      const missed = Array.from({ length: 20 }, (_, n) => n + 1)
      await site.publishAll(whole, missed)
      await site.publishAll(lost, missed)
      const from = alice.now
      line.up()
      expect(await alice.next('subscribed', lost, from)).toMatchObject({ recovered: false, wasRecovering: true })
      expect(await alice.next('subscribed', whole, from)).toMatchObject({ recovered: true, wasRecovering: true })
      await alice.gets(whole, 20)
      expect(alice.data(whole)).toEqual([0, ...missed])
      expect(alice.data(lost)).toEqual([])
    })

    test('[B200] what the server ends ends as it says: for good, or to come back', async () => {
      const channel = fresh('kept')
      const user = `user${channel}`
      const alice = await (await open({ token: await site.token({ sub: user }) })).connect()
      await alice.subscribe(channel)
      await site.api('unsubscribe', { user, channel })
      expect(await alice.next('unsubscribed', channel)).toMatchObject({ code: 2000 })
      const from = alice.now
      await site.api('disconnect', { user, disconnect: { code: 4000, reason: 'come back' } })
      expect(await alice.next('connecting', undefined, from)).toMatchObject({ code: 4000 })
      await alice.next('connected', undefined, from)
      await site.api('disconnect', { user })
      expect(await alice.next('disconnected')).toMatchObject({ code: 3503 })
    })

    test('[B201] a token for longer than 32 bits can count opens a connection and a subscription, and is not refreshed', async () => {
      const channel = fresh('closed')
      const exp = 9_999_999_999
      const alice = await (await open({ token: await site.token({ exp }), tokens: [] })).connect()
      await alice.subscribe(channel, { token: await site.token({ channel, exp }), tokens: [] })
      await site.publish(channel, 'hello')
      await alice.gets(channel, 'hello')
      expect([alice.of('asked'), alice.of('error')]).toEqual([[], []])
    })

    if (!form.hasDelta) return
    test('[B200] deltas become whole values, also after a cut', async () => {
      const channel = fresh('delta')
      await using line = await Line.to(site.url)
      const alice = await (await open({}, line.wsUrl)).connect()
      await alice.subscribe(channel, { recoverable: true, delta: true })
      const state = (n: number) => ({ text: 'the same in all of them, größer als ein delta 👋'.repeat(10), n })
      await site.publishAll(channel, [state(1), state(2), state(3)])
      await alice.gets(channel, state(3))
      line.down()
      await site.publishAll(channel, [state(4), state(5)])
      line.up()
      await alice.gets(channel, state(5))
      await site.publish(channel, state(6))
      await alice.gets(channel, state(6))
      expect(alice.data(channel)).toEqual([1, 2, 3, 4, 5, 6].map(state))
    })
  })
}
