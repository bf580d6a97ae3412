import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { between, seededRandom } from '../../src/kit/index.ts'
import { chatWith } from '../../src/services/chat/index.ts'
import type { InboxEntry, MessageEntry } from '../../src/services/chat/model/wire.ts'
import { openSql, type Sql } from '../../src/store/index.ts'
import { atEnd, failureOf, testServer } from '../kit/api.ts'
import { FanfareProcess, lacks, Postgres, until, userToken } from '../kit/index.ts'
import { Device } from './device.ts'
import { Broken, LeanDevice, Refusal } from './lean-device.ts'

const plenty = { perSecond: 10_000, burst: 10_000 }
const bounds = { messageRate: plenty, commandRate: plenty, entryRate: plenty }
let postgres: Postgres

async function serveChat(target: string) {
  return testServer({}, { services: [chatWith({ openSql: () => openSql(target), bounds })] })
}

async function device(server: { readonly url: string }, user: string, name = 'phone'): Promise<Device> {
  const connected = await Device.connect(server, user, name)
  atEnd(() => connected[Symbol.dispose]())
  return connected
}

async function rowsOf(url: string): Promise<Sql> {
  const sql = await openSql(url)
  atEnd(() => sql.close())
  return sql
}

describe.skipIf(lacks('postgres', 'chat on Postgres'))('chat on Postgres', () => {
  beforeAll(async () => {
    postgres = await Postgres.start()
  })

  afterAll(() => postgres?.[Symbol.asyncDispose]())

  test('[M2, M5, M8, M9, M17, M18, M20] messages, receipts, edits, deletions and reactions reach every device, and are there after a restart', async () => {
    const url = await postgres.database()
    const server = await serveChat(url)
    const [alice, laptop, bob] = [await device(server, 'alice'), await device(server, 'alice', 'laptop'), await device(server, 'bob')]
    const { conversation: id } = await alice.call('chat.direct', { with: 'bob' })
    const sent = await alice.call('chat.send', { conversation: id, cid: '1', text: 'hello \0 \ud800 👍🏽' })
    for (const each of [alice, laptop, bob]) await each.gets('the message', () => each.texts.length === 1)
    expect(bob.of('message')).toMatchObject([{ mid: sent.mid, seq: 1, author: 'alice', text: 'hello \0 \ud800 👍🏽' }])
    await bob.acknowledge()
    const marks = () => alice.of('receipt').flatMap(({ receipts }) => receipts)
    await alice.gets('that it was delivered', () => marks().some(({ user, delivered }) => user === 'bob' && delivered === 1))
    expect(await bob.call('chat.read', { conversation: id, seq: 1 })).toEqual({ read: 1, unread: 0 })
    await alice.gets('that it was read', () => marks().some(({ user, read }) => user === 'bob' && read === 1))
    await alice.call('chat.edit', { conversation: id, seq: 1, text: 'Hello' })
    await bob.call('chat.react', { conversation: id, seq: 1, emoji: '🎉' })
    const second = await bob.call('chat.send', { conversation: id, cid: '1', text: 'never mind', reply_to: 1 })
    await bob.call('chat.delete', { conversation: id, seq: second.seq, for: 'everyone' })
    for (const each of [alice, laptop, bob]) await each.gets('the deletion', () => each.of('delete').length === 1)
    bob[Symbol.dispose]()
    await alice.call('chat.send', { conversation: id, cid: '2', text: 'while away' })
    const answer = await failureOf(alice.call('chat.send', { conversation: id, cid: '2', text: 'something else' }))
    expect(answer).toMatchObject({ code: 409, message: expect.stringContaining('idempotency_conflict') })
    await server[Symbol.asyncDispose]()

    const after = await serveChat(url)
    const back = await device(after, 'bob')
    await back.gets('what was said meanwhile', () => back.texts.includes('while away'))
    expect(back.inboxState).toMatchObject({ device: 'phone', durability: 'durable' })
    const { entries } = await back.call('chat.history', { conversation: id })
    expect(entries).toMatchObject([
      { seq: 1, text: 'Hello', rev: 1, reactions: [{ emoji: '🎉', count: 1, mine: true }] },
      { seq: second.seq, deleted: true },
      { text: 'while away' },
    ])
    const again = await device(after, 'alice')
    expect(await again.call('chat.send', { conversation: id, cid: '1', text: 'hello \0 \ud800 👍🏽' })).toEqual(sent)
    expect((await back.call('chat.conversations', {})).conversations).toMatchObject([{ id, unread: 1 }])
  })

  test('[M5] a backlog comes in windows, with live entries beside them', async () => {
    const server = await serveChat(await postgres.database())
    const alice = await device(server, 'alice')
    ;(await device(server, 'bob'))[Symbol.dispose]()
    const { conversation } = await alice.call('chat.direct', { with: 'bob' })
    const send = (i: number) => alice.call('chat.send', { conversation, cid: `${i}`, text: `${i}` })
    for (let i = 1; i <= 400; i++) await send(i)
    const bob = await device(server, 'bob')
    expect(bob.inboxState).toMatchObject({ acked: 0, top: 401, backlog: 401 })
    await bob.gets('the first window', () => bob.received.length >= 256)
    await send(401)
    await bob.gets('what is said now', () => bob.texts.includes('401'))
    expect(bob.received.length).toBe(257)
    await until('all of it came', async () => {
      await bob.acknowledge()
      return bob.received.length === 402
    })
    expect(bob.received.map(({ offset }) => offset).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 402 }, (_, i) => i + 1))
  })

  test('[M15] of 40 who join at once, exactly as many get in as there is room for', async () => {
    const url = await postgres.database()
    const few = { ...bounds, membersMax: 20 }
    const server = await testServer({}, { services: [chatWith({ openSql: () => openSql(url), bounds: few })] })
    const owner = await device(server, 'owner')
    const { conversation } = await owner.call('chat.group', { title: 'few', members: [], cid: 'g' })
    const { code = '' } = await owner.call('chat.invite', { conversation })
    const guests = await Promise.all(Array.from({ length: 40 }, (_, index) => device(server, `guest${index}`)))
    const joined = await Promise.allSettled(guests.map(guest => guest.call('chat.join', { code })))
    expect(joined.filter(({ status }) => status === 'fulfilled')).toHaveLength(19)
    const refused = joined.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
    expect(refused.every(({ code }) => code === 409)).toBe(true)
    await owner.gets('all who joined', () => owner.of('membership').length === 20)
    expect(owner.of('membership').map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  })

  test('[M1, M3, M4] fifty who send at once in groups that overlap, while connections to Postgres are cut: each message once, each inbox dense', async () => {
    const url = await postgres.database()
    const server = await serveChat(url)
    const senders = Array.from({ length: 50 }, (_, index) => new Sender(server.wsUrl, `user${index}`, index))
    atEnd(() => {
      for (const { device } of senders) device.close()
    })
    await Promise.all(senders.map(({ device }) => device.connect()))
    const random = seededRandom(15)
    const groups: { readonly id: string; readonly members: readonly Sender[] }[] = []
    for (let index = 0; index < 8; index++) {
      const members = senders.filter(() => random.next() < 0.4)
      const [first] = members
      if (first === undefined) throw new Error('an empty group')
      const { conversation } = await first.device.call('chat.group', {
        title: `group ${index}`,
        members: members.map(({ user }) => user),
        cid: `${index}`,
      })
      groups.push({ id: conversation, members })
    }
    let isOver = false
    let cuts = 0
    const cutting = (async () => {
      for (let round = 0; round < 8 && !isOver; round++) {
        await Bun.sleep(150)
        cuts += await postgres.cutConnections(url)
      }
    })()
    const each = 12
    const said = new Map<string, string[]>(groups.map(({ id }) => [id, []]))
    await Promise.all(
      senders.map(async sender => {
        const own = groups.filter(({ members }) => members.includes(sender))
        for (let n = 0; n < each && own.length > 0; n++) {
          const id = own[between(sender.random, 0, own.length - 1)]?.id ?? ''
          const text = `${sender.user} ${n}`
          said.get(id)?.push(text)
          await sender.send(id, text)
        }
      }),
    )
    isOver = true
    await cutting
    expect(cuts).toBeGreaterThan(0)
    // The server goes on where nothing is cut any more, without a retry.
    const [first] = groups
    const last = first?.members[0]
    if (first === undefined || last === undefined) throw new Error('no group')
    said.get(first.id)?.push('the end')
    await until('the store is there again', () => last.trySend(first.id, 'the end'))
    for (const { user, device, messages } of senders) {
      const owed = groups.filter(({ members }) => members.some(member => member.user === user)).flatMap(({ id }) => said.get(id) ?? [])
      // What was kept and not handed on, since the store was away, comes with the next connection.
      device.cut()
      await device.connect()
      await until(`${user} has all (${messages.size} of ${owed.length})`, () => messages.size >= owed.length)
      expect([...messages.values()].map(({ text }) => text ?? '').toSorted()).toEqual(owed.toSorted())
      for (const { id } of groups) {
        const seqs = [...messages.values()].filter(({ conversation }) => conversation === id).map(({ seq }) => seq)
        const sorted = seqs.toSorted((a, b) => a - b)
        expect(sorted).toEqual(sorted.map((_, index) => index + 2))
      }
      expect(device.faults).toEqual([])
    }
    const retries = senders.reduce((sum, sender) => sum + sender.retries, 0)
    expect(retries).toBeGreaterThan(0)
    const rows = await rowsOf(url)
    for (const { id } of groups) {
      const entries = await rows.all<{ seq: number }>('select seq from chat_entry where conversation = ?1 order by seq', id)
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: (said.get(id)?.length ?? 0) + 1 }, (_, index) => index + 1))
    }
    console.log(`Postgres: ${50 * each} sends of 50 users, ${cuts} connections cut, ${retries} sends tried again`)
  })

  test('[M2] `fanfare start` with a Postgres as its store: chat is there, survives a kill, and carries on', async () => {
    const url = await postgres.database()
    const fanfare = await FanfareProcess.start({ store: url })
    atEnd(() => fanfare[Symbol.asyncDispose]())
    const [alice, bob] = [await device(fanfare, 'alice'), await device(fanfare, 'bob')]
    const { conversation: id } = await alice.call('chat.group', { title: 'two', members: ['bob'], cid: 'g' })
    const sent = await alice.call('chat.send', { conversation: id, cid: '1', text: 'hello' })
    await bob.gets('it', () => bob.texts.includes('hello'))
    await bob.acknowledge()
    await bob.call('chat.read', { conversation: id, seq: sent.seq })
    await alice.call('chat.send', { conversation: id, cid: '2', text: 'are you there?' })
    fanfare.signal('SIGKILL')
    await fanfare.ended()
    await fanfare.start()
    // The published SDK comes back by itself.
    expect(await again(() => alice.call('chat.send', { conversation: id, cid: '1', text: 'hello' }))).toEqual(sent)
    await again(() => alice.call('chat.send', { conversation: id, cid: '3', text: 'and now?' }))
    await bob.gets('both', () => ['are you there?', 'and now?'].every(text => bob.texts.includes(text)))
    const response = await fetch(`${fanfare.url}/rpc/chat.conversations`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await userToken('bob')}` },
      body: '{}',
    })
    expect(await response.json()).toMatchObject({ conversations: [{ id, unread: 2, last: { text: 'and now?' } }] })
    expect(fanfare.output).not.toContain('p%40ss')
  })
})

/** A user whose device sends until it is answered. */
class Sender {
  readonly device: LeanDevice
  readonly messages = new Map<string, MessageEntry>()
  readonly random
  retries = 0

  constructor(
    wsUrl: string,
    readonly user: string,
    seed: number,
  ) {
    this.random = seededRandom(seed)
    this.device = new LeanDevice(wsUrl, user, 'phone', entry => this.#take(entry))
  }

  async send(conversation: string, text: string): Promise<void> {
    for (let tries = 1; !(await this.trySend(conversation, text)); tries++) {
      if (tries === triesMax) throw new Error(`${text} could not be sent`)
      this.retries++
      await Bun.sleep(between(this.random, 5, 50))
    }
  }

  /** Fails cleanly, with an error that says that it may work later, or not at all. */
  async trySend(conversation: string, text: string): Promise<boolean> {
    try {
      await this.device.connect()
      await this.device.call('chat.send', { conversation, cid: text.replaceAll(' ', '-'), text })
      return true
    } catch (error) {
      if (error instanceof Broken || (error instanceof Refusal && error.isPassing)) return false
      throw error
    }
  }

  #take(entry: InboxEntry): void {
    if (entry.kind === 'message' && !this.messages.has(entry.mid)) this.messages.set(entry.mid, entry)
  }
}

/** A database that is cut off eight times is back before that. */
const triesMax = 2000

async function again<T>(act: () => Promise<T>): Promise<T> {
  const { answer } = await until('it is answered', () =>
    act()
      .then(answer => ({ answer }))
      .catch(() => undefined),
  )
  return answer
}
