import { expect, test } from 'bun:test'
import { Connections } from '../../src/services/chat/connections.ts'
import { FollowedInboxes } from '../../src/services/chat/followed-inboxes.ts'
import { chatWith } from '../../src/services/chat/index.ts'
import { limits } from '../../src/services/chat/limits.ts'
import { Inboxes, placeBefore } from '../../src/services/chat/store/index.ts'
import { openSql } from '../../src/store/index.ts'
import { atEnd, testServer } from '../kit/api.ts'
import { overBothStores } from './both-stores.ts'
import { Device } from './device.ts'

/** More than a node remembers of those that nobody follows. */
const passersBy = 200_001
const head = { pts: 0, place: 0, floor: { pts: 0, place: 0 } }

/** Chat in memory, and its inboxes as the server asks for them. */
async function serveChat() {
  const chat = chatWith({ openSql: () => openSql('sqlite::memory:') })
  const found: Inboxes[] = []
  const service: typeof chat = {
    ...chat,
    start: (host, options) =>
      chat.start(
        {
          ...host,
          provideHistory(namespace, provider) {
            if (provider instanceof Inboxes) found.push(provider)
            host.provideHistory(namespace, provider)
          },
        },
        options,
      ),
  }
  const server = await testServer({}, { services: [service] })
  const [inboxes] = found
  if (inboxes === undefined) throw new Error('chat provides no inboxes')
  return { server, inboxes }
}

async function device(server: { readonly url: string }, user: string, name = 'phone'): Promise<Device> {
  const connected = await Device.connect(server, user, name)
  atEnd(() => connected[Symbol.dispose]())
  return connected
}

test('[CP70] whoever stays connected gets what is said live, however many others came and went', async () => {
  const { server, inboxes } = await serveChat()
  const [ada, bob] = [await device(server, 'ada'), await device(server, 'bob')]
  const laptop = await device(server, 'ada', 'laptop')
  const { conversation } = await bob.call('chat.direct', { with: 'ada' })
  const pass = async () => {
    for (let i = 0; i < passersBy; i++) await inboxes.follow(`passer-by ${i}`, async () => head)
  }
  const say = async (text: string, devices: readonly Device[]) => {
    await bob.call('chat.send', { conversation, cid: text.replaceAll(' ', '-'), text })
    for (const each of devices) await each.gets(`"${text}", live`, () => each.of('message').some(entry => entry.text === text && !entry.re))
  }
  await pass()
  await say('to both', [ada, laptop])
  // One of two ends: the other still follows.
  laptop[Symbol.dispose]()
  await say('to one', [ada])
  await pass()
  await say('to one still', [ada])
})

overBothStores(({ rows }) => {
  test('[CP71] the rows say where an inbox stood right before any of its entries', async () => {
    const chat = await rows()
    const { id } = await chat.group('ann', ['bob', 'carol'])
    for (const text of ['one', 'two', 'three']) await chat.send('ann', id, text)
    await chat.direct('carol', 'bob')
    await chat.remove('ann', id, ['bob'])
    await chat.send('ann', id, 'without bob')
    await chat.add('ann', id, ['bob'])
    await chat.send('carol', id, 'four')
    for (const person of ['ann', 'bob', 'carol']) {
      const items = await chat.inboxes.items(person, 0, 100)
      expect(items.length).toBeGreaterThan(5)
      for (const { pts, place } of items) {
        const before = await chat.sql.transaction(tx => placeBefore(tx, person, place))
        expect([person, before]).toEqual([person, { pts: pts - 1, place: place - 1 }])
      }
    }
  })

  test('[CP75] of a connection that nobody can say anything of, nothing is kept after a day, unless its inbox is followed', async () => {
    const chat = await rows()
    const followed = new FollowedInboxes({ late() {}, before: () => Promise.reject(new Error('nobody asks')), failed() {} })
    const { unitsOfWork, inboxes } = chat
    const connections = new Connections({
      ...{ unitsOfWork, inboxes, followed, durability: 'durable', limits: { edit_ms: 0, delete_ms: 0 } },
      push: async () => true,
      failed() {},
    })
    const now = unitsOfWork.clock.now()
    for (const [client, user] of Object.entries({ one: 'ann', two: 'bob', three: 'carol', four: 'dan' })) {
      await connections.onConnect({ client, user, transport: 'websocket' }, { device: 'phone' })
      connections.connected(client)
    }
    for (const client of ['one', 'two', 'three']) connections.away(client, now)
    followed.occupied('bob')
    connections.back('three')
    expect(['ann', 'bob', 'carol', 'dan'].map(user => connections.devicesOf(user).size)).toEqual([0, 0, 1, 1])
    connections.sweep(now + limits.awayKeptMs)
    expect(connections.size).toBe(4)
    connections.sweep(now + limits.awayKeptMs + 1)
    expect(['one', 'two', 'three', 'four'].filter(client => connections.deviceOf(client) !== undefined)).toEqual(['two', 'three', 'four'])
  })
})
