import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { atEnd, RawClient, TcpClient, type TestServer, testServer, textFrame, until, userToken } from '../kit/index.ts'

const megabyte = 1024 * 1024
/** Each takes two units of UTF-16 and four bytes, so that no piece ends between them by chance. */
const smileys = `a${'😀'.repeat(megabyte)}`

/** A server whose command answers two million characters, and counts how often it ran. */
async function start(client: object) {
  const server = await testServer({ client })
  const ran = { count: 0 }
  server.server.command('big', z.unknown(), () => {
    ran.count++
    return smileys
  })
  return { server, ran }
}

const request = (server: TestServer, token: string) =>
  `POST /rpc/big HTTP/1.1\r\nHost: 127.0.0.1:${server.server.http.port}\r\nAuthorization: Bearer ${token}\r\nContent-Length: 2\r\n\r\n{}`

/** Asks, and reads nothing. */
async function askUnread(server: TestServer, token: string): Promise<TcpClient> {
  const client = await TcpClient.open(server.url)
  atEnd(() => client[Symbol.dispose]())
  client.keeps = false
  client.pause()
  client.write(request(server, token))
  return client
}

describe('answers that are not read', () => {
  test('[B212] over HTTP count among the bytes that wait for their user: the largest is cut, further calls are refused, and others are answered whole', async () => {
    const { server, ran } = await start({ user_unsent_size_limit: 16 * megabyte })
    const { unsent } = server.node
    const token = await userToken('mallory')
    const unread: TcpClient[] = []
    for (let count = 0; count < 40; count++) unread.push(await askUnread(server, token))
    await until('every call ran or was refused', () => ran.count + (server.node.counters.errors.get(111) ?? 0) === unread.length)
    await until('all of it is counted', () => unsent.total > 0)
    expect(unsent.total).toBeLessThanOrEqual(16 * megabyte)
    expect(server.node.counters.errors.get(111) ?? 0).toBeGreaterThan(0)

    const answer = await fetch(`${server.url}/rpc/big`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${await userToken('alice')}` },
    })
    expect(((await answer.json()) as unknown) === smileys).toBe(true)
    for (const client of unread) client[Symbol.dispose]()
    await until('nothing waits any more', () => unsent.total === 0)
    expect((await fetch(`${server.url}/rpc/big`, { method: 'POST', headers: { Authorization: `Bearer ${token}` } })).status).toBe(200)
  })

  test('[B213] over HTTP of all users are bounded for the node: who holds most is cut, and the log says nothing of failures', async () => {
    const complaints: unknown[] = []
    const log = { debug() {}, info() {}, warn() {}, error: (...line: unknown[]) => complaints.push(line) }
    const server = await testServer({ client: { unsent_size_limit: 8 * megabyte, user_unsent_size_limit: 100 * megabyte } }, { log })
    let ran = 0
    server.server.command('big', z.unknown(), () => {
      ran++
      return smileys
    })
    const { unsent } = server.node
    const token = await userToken('mallory')
    const unread: TcpClient[] = []
    for (let count = 0; count < 10; count++) unread.push(await askUnread(server, token))
    await until('every call ran', () => ran === unread.length)
    await until('it is within its bound', () => unsent.total > 0 && unsent.total <= 8 * megabyte)
    for (const client of unread) client.resume()
    const isWhole = ({ receivedBytes }: TcpClient) => receivedBytes > Buffer.byteLength(smileys)
    await until('all have come to an end', () => unread.every(client => isWhole(client) || client.isClosed))
    expect(unread.filter(isWhole).length).toBeWithin(1, 5)
    expect(complaints).toEqual([])
  })

  test('[B214] of three hundred calls in one frame of a connection that reads nothing a few run, and the rest as it reads', async () => {
    const { server } = await start({})
    const ran = { count: 0 }
    server.server.command('medium', z.unknown(), () => {
      ran.count++
      return 'x'.repeat(300_000)
    })
    const token = await userToken('alice')
    using client = await TcpClient.upgrade(server.wsUrl, [{ id: 1, connect: { token } }])
    await until('it is connected', () => client.received.includes('"client"'))
    client.pause()
    client.keeps = false
    const calls = Array.from({ length: 300 }, (_, index) => ({ id: index + 2, rpc: { method: 'medium', data: {} } }))
    client.write(textFrame(calls.map(call => JSON.stringify(call)).join('\n')))
    using other = await RawClient.connect(server.wsUrl, { token: await userToken('bob') })
    // Whoever asks later is answered later: by then the server has read all of those.
    for (let turn = 0; turn < 20; turn++) await other.call({ rpc: { method: 'medium', data: {} } })
    expect(ran.count - 20).toBeLessThanOrEqual(32)
    client.resume()
    await until('it has been answered', () => ran.count === calls.length + 20)
  })
})
