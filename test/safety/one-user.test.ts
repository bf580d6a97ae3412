import { expect, test } from 'bun:test'
import { RawClient, startServer, userToken } from '../kit/index.ts'

test('[F120] one user takes at most a thousand sessions of a node by default, and the next is refused alone', async () => {
  await using server = await startServer()
  const token = await userToken('alice')
  const clients: RawClient[] = []
  for (let from = 0; from < 1000; from += 100)
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(server.wsUrl, { token })))))
  using late = await RawClient.open(server.wsUrl)
  late.send({ id: 1, connect: { token } })
  expect(await late.closed).toMatchObject({ code: 3504 })
  expect(server.server.node.sessions.size).toBe(1000)
  for (const client of clients) client[Symbol.dispose]()
})
