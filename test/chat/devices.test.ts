import { expect, test } from 'bun:test'
import { limits } from '../../src/services/chat/limits.ts'
import { failureOf, until } from '../kit/api.ts'
import { atEnd, Sdk, userToken } from '../kit/index.ts'
import { serveChat } from './chat-pair.ts'
import { ChatPerson } from './chat-person.ts'
import { Device } from './device.ts'

async function device(server: { readonly url: string }, user: string, name: string): Promise<Device> {
  const connected = await Device.connect(server, user, name)
  atEnd(() => connected[Symbol.dispose]())
  return connected
}

/** Why a device was not let in. */
async function refusalOf(server: { readonly url: string }, user: string, name: string): Promise<unknown> {
  const sdk = new Sdk(`${server.url.replace('http', 'ws')}/connection/websocket`, { token: await userToken(user), data: { device: name } })
  atEnd(() => sdk[Symbol.dispose]())
  const refused = new Promise(resolve => sdk.client.on('disconnected', ({ code, reason }) => resolve({ code, reason })))
  sdk.client.connect()
  return refused
}

test('[M186] one’s devices are listed, and one of them is signed out from another: at once, or when it comes', async () => {
  const server = await serveChat()
  const [laptop, phone] = [await device(server, 'ann', 'laptop'), await device(server, 'ann', 'phone')]
  const tablet = await device(server, 'ann', 'tablet')
  await device(server, 'bob', 'phone')
  tablet[Symbol.dispose]()
  const listed = async () => (await laptop.call('chat.devices', {})).devices
  await until('the tablet is away', async () => (await listed()).some(({ device, online }) => device === 'tablet' && !online))
  const devices = (await listed()).map(({ device, current, online, pushes }) => [device, current === true, online, pushes])
  expect(devices.toSorted()).toEqual([
    ['laptop', true, true, false],
    ['phone', false, true, false],
    ['tablet', false, false, false],
  ])
  const closed = new Promise(resolve => phone.sdk.client.on('disconnected', ({ code, reason }) => resolve({ code, reason })))
  const left = await laptop.call('chat.devices', { sign_out: 'phone' })
  expect(left.devices.map(({ device }) => device)).toEqual(expect.not.arrayContaining(['phone']))
  expect(await closed).toEqual({ code: 4501, reason: 'signed_out' })
  await laptop.call('chat.devices', { sign_out: 'tablet' })
  for (const name of ['phone', 'tablet'])
    expect(await refusalOf(server, 'ann', name)).toMatchObject({ code: 403, reason: expect.stringContaining('signed_out') })
  expect((await listed()).map(({ device }) => device)).toEqual(['laptop'])
  expect(await failureOf(laptop.call('chat.devices', { sign_out: 'phone' }))).toMatchObject({ code: 404 })
  await device(server, 'bob', 'tablet')
  await device(server, 'ann', 'new')
})

test('[M186] the client layer says that it was signed out', async () => {
  const server = await serveChat()
  const [ann, other] = [await ChatPerson.start(server, 'ann'), await ChatPerson.start(server, 'ann', { device: 'other' })]
  expect((await ann.client.devices()).map(({ device }) => device)).toContain('other')
  await ann.client.signOutDevice('other')
  await other.sees('why it is let in no longer', () => other.client.ended !== undefined)
  expect(other.client.ended).toMatchObject({ code: 4501, reason: 'signed_out' })
})

test('[M185] with as many devices connected as there may be, another one is refused and says why, and none of them is unlinked', async () => {
  const server = await serveChat()
  const all: Device[] = []
  for (let index = 0; index < limits.devicesMax; index++) all.push(await device(server, 'ann', `d${index}`))
  expect(await refusalOf(server, 'ann', 'one-more')).toEqual({
    code: 106,
    reason: 'limit exceeded: 16 devices of this account are connected: sign one of them out first',
  })
  const bob = await device(server, 'bob', 'phone')
  const { conversation } = await bob.call('chat.direct', { with: 'ann' })
  await bob.call('chat.send', { conversation, cid: 'one', text: 'hello' })
  for (const each of all) {
    await each.gets('the message', () => each.texts.length === 1)
    await each.acknowledge()
  }
  all[3]?.[Symbol.dispose]()
  await until('there is room', async () => (await all[0]?.call('chat.devices', {}))?.devices.some(({ online }) => !online) === true)
  await device(server, 'ann', 'one-more')
  const names = (await all[0]?.call('chat.devices', {}))?.devices.map(({ device }) => device)
  expect(names).toContain('one-more')
  expect(names).not.toContain('d3')
})
