import { expect, test } from 'bun:test'
import { z } from 'zod'
import { createServer } from '../../src/index.ts'
import { defineNamespace, defineService } from '../../src/service.ts'
import { createTestServer } from '../../src/testing.ts'
import { Folder, freePort, RawClient, Sample, tokenSecret, userToken } from '../kit/index.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const orders = { name: 'orders', history_size: 10, history_ttl: '10m' } as const

function open(folder: Folder, port: number) {
  const config = { port, data: folder.path, channel: { namespaces: [orders] }, client: { token: { hmac_secret_key: tokenSecret } } }
  return createServer(config, { log: silent, listen: false })
}

test('[A118] told not to listen, a server lets nobody in before listen(), however long the program takes to register its code', async () => {
  using folder = new Folder()
  const port = await freePort()
  const server = await open(folder, port)
  const at = `http://127.0.0.1:${port}`
  // What a client that comes back in this moment would be answered: nothing, so that it tries again.
  for (let turn = 0; turn < 10; turn++) expect(await fetch(`${at}/readyz`).catch(() => 'refused')).toBe('refused')
  server.authorize('orders', ({ user }) => user === 'ada')
  server.command('orders.count', z.object({}), () => ({ count: 7 }))
  await server.listen()
  await server.listen()
  using ada = await RawClient.connect(`ws://127.0.0.1:${port}/connection/websocket`, { token: await userToken('ada') })
  expect((await ada.call({ subscribe: { channel: 'orders:1' } })).error).toBeUndefined()
  expect(await ada.call({ rpc: { method: 'orders.count', data: {} } })).toMatchObject({ rpc: { data: { count: 7 } } })
  await server.close()
})

test('[A118] services that are given start before the first client is let in; what one began ends where it fails', async () => {
  const ended: string[] = []
  let isOpen: unknown
  const port = await freePort()
  const slow = defineService({
    name: 'slow',
    namespaces: [defineNamespace({ name: 'slow', historySize: 1, historyTtlMs: 1000 })],
    async start(host) {
      host.onClose(() => void ended.push('first'))
      host.onClose(() => void ended.push('second'))
      isOpen = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => 'refused')
      host.command('slow.count', z.object({}), () => ({ owner: host.owner('a').kind }), { anonymous: true })
    },
  })
  const test = await createTestServer({ port }, { services: [slow] })
  expect(isOpen).toBe('refused')
  const answer = await fetch(`${test.url}/rpc/slow.count`, { method: 'POST', body: '{}' })
  expect(await answer.json()).toEqual({ owner: 'here' })
  await test.close()
  expect(ended).toEqual(['second', 'first'])
  const failing = defineService({
    name: 'failing',
    start(host) {
      host.onClose(() => void ended.push('third'))
      throw new Error('no luck')
    },
  })
  await expect(createTestServer({}, { services: [failing] })).rejects.toThrow('no luck')
  expect(ended).toEqual(['second', 'first', 'third'])
})

test('[A118] a program that fetches what it needs before it listens runs as printed', async () => {
  await using sample = new Sample('own-code/listen.ts', 'http://localhost:7400', { PORT: '0' })
  expect(await sample.program.says(/orders are checked at (\S+)/)).toMatch(/^http:/)
})
