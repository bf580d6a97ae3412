import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { chatWith } from '../../src/services/chat/index.ts'
import { pushOf, pushOptions } from '../../src/services/chat/options/index.ts'
import { openPushes, pushLimits } from '../../src/services/chat/push/index.ts'
import { openSql } from '../../src/store/index.ts'
import { atEnd, Folder, failureOf, post, testServer, until, userToken } from '../kit/api.ts'
import { Device } from './device.ts'
import { PushService } from './push-service.ts'

/** A server with chat and pushes as they ship, and a push service on this machine that the configuration allows. */
async function serveChat(folder: Folder, push: PushService, grace = '150ms', inUseMs = 30_000) {
  const config = {
    data: folder.path,
    push: pushOf(pushOptions.parse({ grace, allowed_hosts: [`localhost:${push.port}`], allow_private_addresses: true })),
  }
  return testServer(
    {},
    {
      services: [
        chatWith({
          openSql: () => openSql(`sqlite:${join(folder.path, 'chat.sqlite')}`),
          openPushes: surroundings => openPushes(config, { ...surroundings, ca: push.ca, restoredGraceMs: 150, inUseMs }),
        }),
      ],
    },
  )
}

async function device(server: { readonly url: string }, user: string, name = 'phone'): Promise<Device> {
  const connected = await Device.connect(server, user, name)
  atEnd(() => connected[Symbol.dispose]())
  return connected
}

/** Subscribes as the page does, and gives the id under which the push service knows the device. */
async function subscribe(of: Device, push: PushService): Promise<string> {
  const { endpoint, p256dh, auth } = push.subscribe(of.user, of.device, 'localhost')
  const { key } = await of.call('chat.push', { subscription: { endpoint, keys: { p256dh, auth } } })
  expect(await of.call('chat.push_key', {})).toEqual({ key })
  return `${of.user}-${of.device}`
}

test('[M23] a message that no device acknowledges arrives at its phone, and what is read or answered elsewhere goes away again', async () => {
  using folder = new Folder()
  await using push = new PushService()
  const server = await serveChat(folder, push)
  const [alice, phone] = [await device(server, 'alice'), await device(server, 'bob')]
  const { conversation } = await alice.call('chat.direct', { with: 'bob' })
  const id = await subscribe(phone, push)
  const send = (cid: string) => alice.call('chat.send', { conversation, cid, text: 'the text is nobody’s business' })
  phone[Symbol.dispose]()

  const first = await send('one')
  await until('it is pushed', () => push.to(id).length === 1)
  expect(push.to(id)[0]?.body).toEqual({
    kind: 'message',
    conversation,
    seq: first.seq,
    mid: first.mid,
    badge: 1,
    from: 'alice',
    count: 1,
    request: true,
  })
  const laptop = await device(server, 'bob', 'laptop')
  await laptop.call('chat.read', { conversation, seq: first.seq })
  await until('it goes away', () => push.to(id).length === 2)
  expect(push.to(id)[1]?.body).toEqual({ kind: 'dismiss', conversation, seq: first.seq, badge: 0 })

  const second = await send('two')
  await until('it is pushed', () => push.to(id).length === 3)
  await laptop.call('chat.send', { conversation, cid: 'answer', text: 'yes' })
  await until('it goes away', () => push.to(id).length === 4)
  expect(push.to(id)[3]?.body).toMatchObject({ kind: 'dismiss' })

  const third = await send('three')
  await until('it is pushed', () => push.to(id).length === 5)
  await alice.call('chat.delete', { conversation, seq: third.seq, for: 'everyone' })
  await until('it is taken back', () => push.to(id).length === 6)
  expect(push.to(id)[5]?.body).toMatchObject({ kind: 'retract', seq: third.seq, badge: 0 })
  expect(second.seq).toBe(first.seq + 1)
  expect(push.failures).toEqual([])
})

test('[M39, M72] what is cleared on one device goes away from the others, and is not pushed any longer', async () => {
  using folder = new Folder()
  await using push = new PushService()
  const server = await serveChat(folder, push, '600ms')
  const [alice, phone] = [await device(server, 'alice'), await device(server, 'bob')]
  const { conversation } = await alice.call('chat.direct', { with: 'bob' })
  const id = await subscribe(phone, push)
  phone[Symbol.dispose]()
  const first = await alice.call('chat.send', { conversation, cid: 'one', text: 'hello' })
  await until('it is pushed', () => push.to(id).length === 1)
  const laptop = await device(server, 'bob', 'laptop')
  await laptop.call('chat.clear', { conversation })
  await until('it goes away', () => push.to(id).length === 2)
  expect(push.to(id)[1]?.body).toEqual({ kind: 'dismiss', conversation, seq: first.seq, badge: 0 })
  laptop[Symbol.dispose]()
  await alice.call('chat.send', { conversation, cid: 'two', text: 'hello?' })
  const { status } = await post(server, '/rpc/chat.clear', { conversation }, { Authorization: `Bearer ${await userToken('bob')}` })
  expect(status).toBe(200)
  await server.passes(1_000)
  expect(push.to(id)).toHaveLength(2)
})

test('[M23, M170] a laptop that lies open takes nothing from the phone: what it acknowledges is pushed there, and not to itself', async () => {
  using folder = new Folder()
  await using push = new PushService()
  const server = await serveChat(folder, push)
  const [alice, phone, laptop] = [await device(server, 'alice'), await device(server, 'bob'), await device(server, 'bob', 'laptop')]
  const { conversation } = await alice.call('chat.direct', { with: 'bob' })
  const id = await subscribe(phone, push)
  await subscribe(laptop, push)
  phone[Symbol.dispose]()
  await laptop.open(conversation)
  for (let count = 1; count <= 4; count++) {
    await alice.call('chat.send', { conversation, cid: `${count}`, text: `${count}` })
    await laptop.gets('the message', () => laptop.texts.length === count)
    await laptop.acknowledge()
    await until('it is pushed', () => push.to(id).length === count)
  }
  await server.passes(400)
  expect(push.received.map(({ device: whose }) => whose)).toEqual([id, id, id, id])
})

test('[M170] a device in use keeps the others quiet until it is left, or does not read for long', async () => {
  using folder = new Folder()
  await using push = new PushService()
  const server = await serveChat(folder, push, '100ms', 4_000)
  const [alice, phone, laptop] = [await device(server, 'alice'), await device(server, 'bob'), await device(server, 'bob', 'laptop')]
  const { conversation } = await alice.call('chat.direct', { with: 'bob' })
  const id = await subscribe(phone, push)
  phone[Symbol.dispose]()
  const send = async (cid: string) => {
    const sent = await alice.call('chat.send', { conversation, cid: cid.replaceAll(' ', '-'), text: cid })
    await laptop.gets('the message', () => laptop.texts.includes(cid))
    await laptop.acknowledge()
    return sent
  }
  await laptop.call('chat.in_use', { on: true })
  const read = await send('read there')
  await server.passes(600)
  await laptop.call('chat.read', { conversation, seq: read.seq })
  await send('hidden then')
  await server.passes(600)
  expect(push.received).toEqual([])
  await laptop.call('chat.in_use', { on: false })
  await until('it is pushed once nobody sits there', () => push.to(id).length === 1)
  await laptop.call('chat.in_use', { on: true })
  await send('not read')
  await until('it is pushed after a while', () => push.to(id).length === 2)
  await laptop.call('chat.in_use', { on: true })
  await send('and gone')
  laptop[Symbol.dispose]()
  await until('it is pushed once the device is gone', () => push.to(id).length === 3)
})

test('[M171] a note says who, where and what, or as little as its user wants', async () => {
  using folder = new Folder()
  await using push = new PushService()
  const server = await serveChat(folder, push)
  const [alice, phone] = [await device(server, 'alice'), await device(server, 'bob')]
  const { conversation } = await alice.call('chat.group', { title: 'Hiking', members: ['bob'], cid: 'hiking' })
  const id = await subscribe(phone, push)
  phone[Symbol.dispose]()
  const wanted = [
    ['text', { from: 'alice', group: 'Hiking', text: 'see you at 8', count: 1 }],
    ['name', { from: 'alice', group: 'Hiking', count: 2 }],
    ['none', {}],
  ] as const
  const laptop = await device(server, 'bob', 'laptop')
  for (const [index, [previews, said]] of wanted.entries()) {
    expect(await laptop.call('chat.settings', { previews })).toMatchObject({ previews })
    const { seq, mid } = await alice.call('chat.send', { conversation, cid: previews, text: 'see you\n at 8' })
    await until('it is pushed', () => push.to(id).length === index + 1)
    expect(push.to(id)[index]?.body).toEqual({ kind: 'message', conversation, seq, mid, badge: index + 1, ...said })
  }
  const long = 'a\ud83d\ude00'.repeat(8_000).slice(0, 16_000)
  await laptop.call('chat.settings', { previews: 'text' })
  await alice.call('chat.send', { conversation, cid: 'long', text: long.toWellFormed().slice(0, 5_000).toWellFormed() })
  await until('it is pushed', () => push.to(id).length === 4)
  expect(push.to(id)[3]?.body).toMatchObject({ text: long.slice(0, 200).toWellFormed() })
  expect(push.failures).toEqual([])
})

test('[M172, M178] a mute ends by itself, and a mention comes through it if one wants', async () => {
  using folder = new Folder()
  await using push = new PushService()
  const server = await serveChat(folder, push)
  const [alice, phone] = [await device(server, 'alice'), await device(server, 'bob')]
  const laptop = await device(server, 'bob', 'laptop')
  const { conversation } = await alice.call('chat.group', { title: 'Hiking', members: ['bob'], cid: 'hiking' })
  const id = await subscribe(phone, push)
  phone[Symbol.dispose]()
  const send = (text: string) => {
    const at = text.indexOf('@bob')
    const mentions = at < 0 ? [] : [{ user: 'bob', at, length: 4 }]
    return alice.call('chat.send', { conversation, cid: text.replaceAll(/\W/g, '-'), text, mentions })
  }
  await laptop.call('chat.settings', { conversation, muted: true })
  await send('nobody hears')
  await send('but @bob does')
  await until('it is pushed', () => push.to(id).length === 1)
  expect(push.to(id)[0]?.body).toMatchObject({ text: 'but @bob does', mention: true, badge: 1, count: 2 })
  await laptop.call('chat.settings', { mentions: false })
  await send('and @bob no longer')
  await server.passes(500)
  expect(push.to(id)).toHaveLength(1)
  await laptop.call('chat.settings', { conversation, mute_ms: 1_000 })
  const muted = laptop.of('conversation').at(-1)?.summary
  expect(muted).toMatchObject({ muted: true, muted_until: expect.any(Number) })
  await server.passes(1_200)
  await send('it is over')
  await until('it is pushed', () => push.to(id).length === 2)
  expect(push.to(id)[1]?.body).toMatchObject({ text: 'it is over', badge: 4 })
})

test('[M37] what was owed when the server stopped is pushed by the next one', async () => {
  using folder = new Folder()
  await using push = new PushService()
  const before = await serveChat(folder, push, '1h')
  const [alice, phone] = [await device(before, 'alice'), await device(before, 'bob')]
  const { conversation } = await alice.call('chat.direct', { with: 'bob' })
  const id = await subscribe(phone, push)
  phone[Symbol.dispose]()
  for (const cid of ['one', 'two']) await alice.call('chat.send', { conversation, cid, text: cid })
  alice[Symbol.dispose]()
  await before[Symbol.asyncDispose]()
  expect(push.received).toEqual([])

  const after = await serveChat(folder, push)
  await until('it is pushed', () => push.to(id).length === 1)
  expect(push.to(id)[0]?.body).toMatchObject({ kind: 'message', conversation, seq: 2, badge: 2 })
  await after.passes(400)
  await after[Symbol.asyncDispose]()
  await (await serveChat(folder, push)).passes(600)
  expect(push.to(id)).toHaveLength(1)
})

test('[M32] a hostile endpoint is refused with its path, and nobody has more than so many', async () => {
  using folder = new Folder()
  await using push = new PushService()
  const server = await serveChat(folder, push)
  const alice = await device(server, 'alice')
  const { endpoint, p256dh, auth } = push.subscribe('alice', 'phone', 'localhost')
  const keys = { p256dh, auth }
  const tried = (url: string, name = 'phone') => alice.call('chat.push', { device: name, subscription: { endpoint: url, keys } })
  for (const url of ['http://localhost/a', 'https://169.254.169.254/latest', 'https://evil.example/a', `${endpoint}#x`]) {
    const failure = await failureOf(tried(url))
    expect(failure.code).toBe(422)
    expect(failure.message).toStartWith('unprocessable: subscription.endpoint: ')
  }
  for (let index = 0; index < pushLimits.subscriptionsMax; index++) await tried(`${endpoint}${index}`, `device-${index}`)
  expect(await failureOf(tried(endpoint))).toMatchObject({ code: 106 })
  await tried(`${endpoint}-renewed`, 'device-3')
  await alice.call('chat.push', { device: 'device-3', subscription: null })
  await tried(endpoint)
})

test('[M32] a browser’s endpoint is that of who subscribed last', async () => {
  using folder = new Folder()
  await using push = new PushService()
  const server = await serveChat(folder, push)
  const [alice, bob] = [await device(server, 'alice'), await device(server, 'bob')]
  const carol = await device(server, 'carol')
  const { endpoint, p256dh, auth } = push.subscribe('shared', 'browser', 'localhost')
  for (const each of [alice, bob]) await each.call('chat.push', { subscription: { endpoint, keys: { p256dh, auth } } })
  for (const each of [alice, bob]) {
    const { conversation } = await carol.call('chat.direct', { with: each.user })
    await carol.call('chat.send', { conversation, cid: each.user, text: 'hello' })
  }
  await until('bob’s is pushed', () => push.received.length === 1)
  await server.passes(400)
  expect(push.received).toHaveLength(1)
})

test('[M210] what one has muted, left, blocked or deleted for oneself while it waited notifies nobody', async () => {
  using folder = new Folder()
  await using push = new PushService()
  const server = await serveChat(folder, push)
  const [ann, cat, phone, laptop] = await Promise.all([
    device(server, 'ann'),
    device(server, 'cat'),
    device(server, 'bob'),
    device(server, 'bob', 'laptop'),
  ])
  const id = await subscribe(phone, push)
  phone[Symbol.dispose]()
  await laptop.call('chat.in_use', { on: true })
  const groupOf = async (title: string) => (await ann.call('chat.group', { title, members: ['bob', 'cat'], cid: title })).conversation
  const [muted, left, blocked] = [await groupOf('muted'), await groupOf('left'), await groupOf('blocked')]
  const [deleted, last] = [await groupOf('deleted'), await groupOf('last')]
  const say = (by: Device, conversation: string, text: string) =>
    by.call('chat.send', { conversation, cid: text.replaceAll(' ', '-'), text })
  await say(cat, blocked, 'of cat')
  for (const conversation of [muted, left, blocked]) await say(ann, conversation, `of ann in ${conversation}`)
  await say(cat, deleted, 'kept')
  const { seq } = await say(cat, deleted, 'deleted')
  await laptop.call('chat.settings', { conversation: muted, muted: true })
  await laptop.call('chat.leave', { conversation: left })
  await laptop.call('chat.block', { user: 'ann', on: true })
  await laptop.call('chat.delete', { conversation: deleted, seq, for: 'me' })
  await laptop.call('chat.in_use', { on: false })
  const texts = () => push.to(id).flatMap(({ body }) => (typeof body === 'object' && body !== null && 'text' in body ? [body.text] : []))
  await until('what is left is pushed', () => texts().includes('of cat') && texts().includes('kept'))
  await say(cat, last, 'the last')
  await until('all are', () => texts().includes('the last'))
  expect(texts().toSorted()).toEqual(['kept', 'of cat', 'the last'])
})
