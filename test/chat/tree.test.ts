import { afterEach, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/index.ts'
import { chatWith } from '../../src/services/chat/index.ts'
import type { InboxEntry, MessageEntry } from '../../src/services/chat/model/wire.ts'
import { openSql } from '../../src/store/index.ts'
import { FanfareProcess, type TestServer, until } from '../kit/index.ts'
import { atEnd, endAll, hurried, nodeSecret, startCentral, startRelay } from '../kit/servers/tree.ts'
import { Device } from './device.ts'
import { Broken, LeanDevice } from './lean-device.ts'

afterEach(endAll)

const plenty = { perSecond: 10_000, burst: 10_000 }
const bounds = { messageRate: plenty, commandRate: plenty, entryRate: plenty }

function startChat(input: Parameters<typeof startCentral>[0] = {}, clock = systemClock): Promise<TestServer> {
  return startCentral(input, { clock, services: [chatWith({ openSql: () => openSql('sqlite::memory:'), bounds })] })
}

async function device(server: { readonly url: string }, user: string, name = 'phone'): Promise<Device> {
  const connected = await Device.connect(server, user, name)
  atEnd(() => connected[Symbol.dispose]())
  return connected
}

/** Three devices of three users, on whichever nodes they are: everything that one does reaches the others. */
async function converse(alice: Device, bob: Device, carol: Device): Promise<void> {
  const { conversation: id } = await alice.call('chat.group', { title: 'three', members: [bob.user, carol.user], cid: alice.user })
  const { seq } = await alice.call('chat.send', { conversation: id, cid: '1', text: 'hello' })
  for (const each of [alice, bob, carol]) await each.gets('the message', () => each.texts.includes('hello'))
  await bob.acknowledge()
  const marks = () => alice.of('receipt').flatMap(({ receipts }) => receipts)
  await alice.gets('that it was delivered', () => marks().some(({ user, delivered }) => user === bob.user && delivered === seq))
  await bob.call('chat.read', { conversation: id, seq })
  await alice.gets('that it was read', () => marks().some(({ user, read }) => user === bob.user && read === seq))
  const answer = await carol.call('chat.send', { conversation: id, cid: '1', text: 'helo', reply_to: seq })
  await carol.call('chat.edit', { conversation: id, seq: answer.seq, text: 'hello yourself' })
  await bob.call('chat.react', { conversation: id, seq: answer.seq, emoji: '👍' })
  await alice.call('chat.delete', { conversation: id, seq, for: 'everyone' })
  for (const each of [alice, bob, carol]) {
    await each.gets('the deletion', () => each.of('delete').length > 0)
    expect(each.of('edit').map(({ text }) => text)).toEqual(['hello yourself'])
    expect(each.of('reaction').map(({ emoji }) => emoji)).toEqual(['👍'])
    expect((await each.call('chat.history', { conversation: id, after: 1 })).entries).toMatchObject([
      { seq, deleted: true },
      { seq: answer.seq, text: 'hello yourself', reply_to: seq, reactions: [{ emoji: '👍', count: 1, mine: each === bob }] },
    ])
  }
  await pass(alice, bob, carol, id)
  await alice.call('chat.remove', { conversation: id, users: [carol.user] })
  await carol.gets('the removal', () => carol.of('membership').some(({ change }) => change === 'removed'))
  await expect(carol.open(id)).rejects.toBeDefined()
}

/** What passes in an open conversation: who types, and who is there. */
async function pass(alice: Device, bob: Device, carol: Device, id: string): Promise<void> {
  await Promise.all([bob.open(id), carol.open(id)])
  const isTyping = { kind: 'typing', user: alice.user, on: true }
  const sees = ({ heard }: Device) => heard.some(signal => Bun.deepEquals(signal, isTyping))
  // That somebody has it open comes to the central node after its own reply: a client says again that it types.
  await until('both see alice type', async () => {
    await alice.call('chat.typing', { conversation: id, on: true })
    return sees(bob) && sees(carol)
  })
  const users = [alice, bob, carol].map(({ user }) => user)
  for (const each of [alice, bob, carol])
    expect((await each.call('chat.presence', { users })).users).toEqual(users.map(user => ({ user, online: true })))
}

describe('chat through a tree', () => {
  test('[M8, M9, M13, M15] messages, receipts, edits, typing, presence and removals pass between an edge, another edge and the central node', async () => {
    const central = await startChat()
    const regional = await startRelay([central])
    const [east, west] = [await startRelay([regional]), await startRelay([regional])]
    for (const [index, nodes] of [
      [east, west, central],
      [central, east, east],
      [west, regional, east],
    ].entries()) {
      const [first = central, second = central, third = central] = nodes
      await converse(await device(first, `alice${index}`), await device(second, `bob${index}`), await device(third, `carol${index}`))
    }
  })

  test('[M5] at an edge, a device gets its backlog in windows, and what is said meanwhile does not wait behind it', async () => {
    const central = await startChat()
    const edge = await startRelay([await startRelay([central])])
    const alice = await device(central, 'alice')
    ;(await device(edge, 'bob'))[Symbol.dispose]()
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    const send = (i: number) => alice.call('chat.send', { conversation, cid: `${i}`, text: `${i}` })
    for (let i = 1; i <= 600; i++) await send(i)
    const bob = await device(edge, 'bob')
    expect(bob.inboxState).toMatchObject({ device: 'phone', acked: 0, top: 601, backlog: 601, durability: 'durable' })
    await bob.gets('the first window', () => bob.received.length >= 256)
    await send(601)
    await bob.gets('what is said now', () => bob.texts.includes('601'))
    expect(bob.received.length).toBe(257)
    await until('all of it came', async () => {
      await bob.acknowledge()
      return bob.received.length === 602
    })
    expect(bob.received.map(({ offset }) => offset).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 602 }, (_, i) => i + 1))
    expect((await bob.acknowledge(602)).offset).toBe(602)
    bob[Symbol.dispose]()
    await send(602)
    const back = await device(edge, 'bob')
    await back.gets('the new one alone', () => back.texts.length > 0)
    expect(back.recovered).toBe(true)
    expect(back.texts).toEqual(['602'])
  })

  test('[M1, M5] an edge is killed under its devices: they carry on at another one, and nothing is lost, doubled or out of order', async () => {
    const central = await startChat()
    const [doomed, other] = await Promise.all([edgeProcess(central), edgeProcess(central)])
    const names = ['alice', 'bob', 'carol', 'dave']
    const followers = names.map(name => new Follower(doomed.wsUrl, name))
    atEnd(() => followers.forEach(({ device }) => void device.close()))
    for (const { device } of followers) await device.connect()
    const [alice] = followers
    if (alice === undefined) throw new Error('nobody is there')
    const { conversation } = await alice.device.call('chat.group', { title: 'four', members: names, cid: 'g' })
    const sent = followers.map(async (follower, index) => {
      for (let n = 0; n < 150; n++) {
        await follower.send(conversation, `${follower.user} ${n}`, other.wsUrl)
        if (index === 0 && n === 60) doomed.signal('SIGKILL')
      }
    })
    await Promise.all(sent)
    expect(doomed.isAlive).toBe(false)
    // Whoever sent nothing when the edge died has noticed by now.
    for (const { device } of followers) {
      device.wsUrl = other.wsUrl
      await device.connect()
    }
    const texts = names.flatMap(name => Array.from({ length: 150 }, (_, n) => `${name} ${n}`))
    for (const { user, device, messages } of followers) {
      await until(`${user} has all (${messages.size})`, () => messages.size === texts.length)
      const ordered = [...messages.values()].toSorted((a, b) => a.seq - b.seq)
      expect(ordered.map(({ seq }) => seq)).toEqual(Array.from({ length: texts.length }, (_, index) => index + 2))
      expect(ordered.map(({ text }) => text ?? '').toSorted()).toEqual(texts.toSorted())
      for (const name of names) {
        const own = ordered.filter(({ author }) => author === name).map(({ text }) => text)
        expect(own).toEqual(Array.from({ length: 150 }, (_, n) => `${name} ${n}`))
      }
      expect(device.faults).toEqual([])
      expect(device.connections).toBe(2)
    }
    // The connections that died with the edge are forgotten, those that came instead are not.
    await until('all who are there are seen', async () => {
      const { users } = await alice.device.call('chat.presence', { users: names })
      return users.every(({ online }) => online)
    })
    expect((await fetch(`${other.url}/healthz`)).status).toBe(200)
  })

  test('[M14] of whoever was at an edge that was killed, and does not come back, it is seen that they are away', async () => {
    const central = await startChat({}, hurried(20))
    const doomed = await edgeProcess(central)
    const [alice, bob] = [await device(central, 'alice'), await device(doomed, 'bob')]
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    await bob.call('chat.send', { conversation, cid: 'answer', text: 'here I am' })
    await Promise.all([alice.open(conversation), bob.open(conversation)])
    const bobIs = async () => (await alice.call('chat.presence', { users: ['bob'] })).users[0]
    await until('bob is there', async () => (await bobIs())?.online === true)
    doomed.signal('SIGKILL')
    const isAway = (heard: unknown) => Bun.deepMatch({ kind: 'presence', user: 'bob', online: false }, heard)
    await alice.gets('that bob is away', () => alice.heard.some(isAway))
    expect(alice.heard.at(-1)).toEqual({ kind: 'presence', user: 'bob', online: false, last_seen: expect.any(Number) })
    expect(await bobIs()).toEqual({ user: 'bob', online: false, last_seen: expect.any(Number) })
    const back = await device(central, 'bob')
    await until('bob is back', async () => (await bobIs())?.online === true)
    back[Symbol.dispose]()
    await until('bob is away again', async () => (await bobIs())?.online === false)
  })

  test('[CP75] a device that was at an edge that was killed is not called online', async () => {
    const central = await startChat({}, hurried(20))
    const doomed = await edgeProcess(central)
    const [bob, laptop] = [await device(doomed, 'bob'), await device(central, 'bob', 'laptop')]
    const online = async () =>
      (await laptop.call('chat.devices', {})).devices.flatMap(each => (each.online ? [each.device] : [])).toSorted()
    const alice = await device(central, 'alice')
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    await bob.call('chat.send', { conversation, cid: 'answer', text: 'here I am' })
    await until('both are there', async () => (await online()).length === 2)
    laptop[Symbol.dispose]()
    doomed.signal('SIGKILL')
    await until('nobody is there', async () => (await alice.call('chat.presence', { users: ['bob'] })).users[0]?.online === false)
    const tablet = await device(central, 'bob', 'tablet')
    const { devices } = await tablet.call('chat.devices', {})
    expect(devices.map(each => [each.device, each.online]).toSorted()).toEqual([
      ['laptop', false],
      ['phone', false],
      ['tablet', true],
    ])
  })

  test('[M5, M8] with workers and an edge below them, devices on all processes are of one chat', async () => {
    const central = await startChat({ workers: 2 })
    const edge = await startRelay([central])
    const alice = Array.from(
      { length: 12 },
      (_, index) => new Follower(index % 3 === 0 ? edge.wsUrl : central.wsUrl, 'alice', `device-${index}`),
    )
    atEnd(() => alice.forEach(({ device }) => void device.close()))
    for (const { device } of alice) await device.connect()
    const bob = new Follower(central.wsUrl, 'bob')
    atEnd(() => bob.device.close())
    await bob.device.connect()
    const { conversation } = await bob.device.call('chat.direct', { with: 'alice' })
    await Promise.all(
      [bob, ...alice].map(async (follower, index) => {
        for (let n = 0; n < 20; n++) await follower.send(conversation, `${index} ${n}`, follower.device.wsUrl)
      }),
    )
    const count = 20 * 13
    for (const { user, device, messages } of [bob, ...alice]) {
      await until(`${user} on ${device.device} has all (${messages.size})`, () => messages.size === count)
      expect([...messages.keys()]).toEqual(Array.from({ length: count }, (_, index) => `${conversation}.${index + 1}`))
      expect(device.faults).toEqual([])
    }
    const own = alice.map(({ device, messages }) => [...messages.values()].filter(({ origin }) => origin?.device === device.device).length)
    expect(own).toEqual(alice.map(() => 20))
    for (const { device, messages } of alice) {
      device.cut()
      const last = [...messages.values()].at(-1)
      await device.connect()
      expect(device.inboxState?.acked).toBeGreaterThanOrEqual(count - 32)
      const { read, unread } = await device.call('chat.read', { conversation, seq: last?.seq ?? 0 })
      expect({ read, unread }).toEqual({ read: count, unread: 0 })
    }
    // An author is told of what they wrote themselves, which may all have come before the others were through.
    const last = Math.max(...[...bob.messages.values()].filter(({ author }) => author === 'bob').map(({ seq }) => seq))
    await until('bob is told that all was read', () => bob.marks.some(({ user, read }) => user === 'alice' && (read ?? 0) >= last))
  })
})

/** A user's device that keeps what came by `mid`, and sends until it is answered. */
class Follower {
  readonly device: LeanDevice
  readonly messages = new Map<string, MessageEntry>()
  readonly marks: { user: string; read?: number }[] = []

  constructor(
    wsUrl: string,
    readonly user: string,
    name = 'phone',
  ) {
    this.device = new LeanDevice(wsUrl, user, name, entry => this.#take(entry))
  }

  /** @param elsewhere where it goes when its connection breaks */
  async send(conversation: string, text: string, elsewhere: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.device.connect()
        await this.device.call('chat.send', { conversation, cid: text.replace(' ', '-'), text })
        return
      } catch (error) {
        if (!(error instanceof Broken) || attempt === 10) throw error
        this.device.wsUrl = elsewhere
      }
    }
  }

  #take(entry: InboxEntry): void {
    if (entry.kind === 'message' && !this.messages.has(entry.mid)) this.messages.set(entry.mid, entry)
    if (entry.kind === 'receipt') this.marks.push(...entry.receipts)
  }
}

async function edgeProcess(central: TestServer): Promise<FanfareProcess> {
  const edge = await FanfareProcess.start({ node: { secret: nodeSecret }, upstream: [central.url.replace('http', 'ws')] }, 'relay')
  atEnd(() => edge[Symbol.asyncDispose]())
  return edge
}
