import { expect, test } from 'bun:test'
import { serveChat } from '../chat/chat-pair.ts'
import { Device } from '../chat/device.ts'
import { RawClient, until, userToken } from '../kit/index.ts'

const messages = 2_000
const questions = 100

test('[R10] a neighbour’s message is taken and delivered while one user’s hundred searches and lists are under way, by any number of connections', async () => {
  const server = await serveChat()
  using bob = await Device.connect(server, 'bob', 'phone')
  const { conversation } = await bob.call('chat.direct', { with: 'mallory' })
  for (let n = 0; n < messages; n++) await bob.call('chat.send', { conversation, cid: `m-${n}`, text: `message ${n}` })
  using ada = await Device.connect(server, 'ada', 'phone')
  const { conversation: own } = await ada.call('chat.direct', { with: 'cyd' })
  using cyd = await Device.connect(server, 'cyd', 'phone')
  const token = await userToken('mallory')
  const attackers = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(server.wsUrl, { token })))
  const answers = () => attackers.reduce((sum, client) => sum + client.messages.filter(({ id = 0 }) => id >= 100).length, 0)
  for (const client of attackers) {
    client.send(
      Array.from({ length: questions / attackers.length }, (_, n) => {
        const searching = { method: 'chat.search', data: { conversation, text: 'nothing' } }
        return JSON.stringify({ id: 100 + n, rpc: n % 5 === 0 ? { method: 'chat.conversations', data: {} } : searching })
      }).join('\n'),
    )
  }
  await until('they are under way', () => server.node.calls.underWay > 0)
  await ada.call('chat.send', { conversation: own, cid: 'hello', text: 'hello' })
  await cyd.gets('the message', () => cyd.texts.includes('hello'))
  // One of them at a time is under way: each search alone takes more turns of the event loop than a message.
  expect(answers()).toBeLessThan(questions / 2)
  await until('all of them are answered', () => answers() === questions)
  for (const client of attackers) {
    expect(client.messages.filter(({ id = 0, error }) => id >= 100 && error !== undefined)).toEqual([])
    client[Symbol.dispose]()
  }
})
