import { describe, expect, test } from 'bun:test'
import { between, seededRandom } from '../../src/kit/index.ts'
import { RawClient, ServerProcess, startServer, until, userToken } from '../kit/index.ts'

const room = {
  name: 'room',
  presence: true,
  join_leave: true,
  history_size: 10,
  history_ttl: '1m',
  allow_subscribe_for_client: true,
  allow_presence_for_client: true,
}

describe('presence', () => {
  test('[B71] through random comings and goings it is exact, and joins less leaves are who is there', async () => {
    await using server = await startServer({ channel: { namespaces: [room] } })
    const random = seededRandom(71)
    using watcher = await RawClient.connect(server.wsUrl, { token: await userToken('watcher') })
    await watcher.call({ subscribe: { channel: 'room:1', join_leave: true } })
    const tokens = await Promise.all(Array.from({ length: 6 }, (_, index) => userToken(`user${index}`)))
    const clients: { raw: RawClient; isIn: boolean; user: string }[] = []
    for (let step = 0; step < 400; step++) {
      const client = clients[between(random, 0, clients.length - 1)]
      const choice = random.next()
      if (client === undefined || (choice < 0.2 && clients.length < 20)) {
        const user = between(random, 0, tokens.length - 1)
        clients.push({ raw: await RawClient.connect(server.wsUrl, { token: tokens[user] }), isIn: false, user: `user${user}` })
      } else if (choice < 0.3) {
        client.raw.socket.close()
        clients.splice(clients.indexOf(client), 1)
      } else {
        const method = client.isIn ? 'unsubscribe' : 'subscribe'
        expect((await client.raw.call({ [method]: { channel: 'room:1' } })).error).toBeUndefined()
        client.isIn = !client.isIn
      }
    }
    const members = clients.filter(({ isIn }) => isIn)
    const users = new Set(members.map(({ user }) => user))
    const stats = { num_clients: members.length + 1, num_users: users.size + 1 }
    await until('the counts are right', async () =>
      Bun.deepEquals((await watcher.call({ presence_stats: { channel: 'room:1' } })).presence_stats, stats),
    )
    const { presence } = (await watcher.call({ presence: { channel: 'room:1' } })).presence ?? {}
    const listed = Object.values(presence ?? {}).map(({ user }) => user)
    expect(listed.toSorted()).toEqual([...members.map(({ user }) => user), 'watcher'].toSorted())
    const present = new Set<string>()
    const follow = () => {
      present.clear()
      for (const { join, leave } of watcher.pushes('room:1')) {
        if (join !== undefined) present.add(join.info.client)
        if (leave !== undefined) present.delete(leave.info.client)
      }
      return Bun.deepEquals([...present].toSorted(), Object.keys(presence ?? {}).toSorted())
    }
    await until('joins less leaves are who is there', follow)
    for (const { raw } of clients) raw.socket.close()
    await until(
      'all have gone',
      async () => (await watcher.call({ presence_stats: { channel: 'room:1' } })).presence_stats?.num_clients === 1,
    )
  })

  test('[B77] a namespace may send joins and leaves to every subscriber, asked or not', async () => {
    await using server = await startServer({ channel: { namespaces: [{ ...room, force_push_join_leave: true }] } })
    using watcher = await RawClient.connect(server.wsUrl, { token: await userToken('watcher') })
    await watcher.call({ subscribe: { channel: 'room:1' } })
    using other = await RawClient.connect(server.wsUrl, { token: await userToken('other') })
    await other.call({ subscribe: { channel: 'room:1' } })
    await until('the join came', () => watcher.pushes('room:1').some(({ join }) => join?.info.user === 'other'))
    await other.call({ unsubscribe: { channel: 'room:1' } })
    await until('the leave came', () => watcher.pushes('room:1').some(({ leave }) => leave?.info.user === 'other'))
  })

  test('[B72] thousands who come and go leave nothing behind: no session, no channel, no memory', async () => {
    await using server = await ServerProcess.start({
      client: { allow_anonymous_connect_without_token: true },
      channel: {
        linger: '0s',
        namespaces: [
          { ...room, allow_subscribe_for_anonymous: true },
          { name: 'plain', allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true },
        ],
      },
    })
    let served = 0
    const wave = async () => {
      await Promise.all(
        Array.from({ length: 250 }, async () => {
          const n = served++
          const raw = await RawClient.connect(server.wsUrl)
          await raw.call({ subscribe: { channel: `plain:${n}` } })
          await raw.call({ subscribe: { channel: 'room:all' } })
          if (n % 2 === 0) raw.socket.close()
          else Reflect.apply(Reflect.get(raw.socket, 'terminate'), raw.socket, [])
        }),
      )
      await until('all sessions are forgotten', async () => (await server.stats()).sessions === 0)
    }
    const settledMb = async () => {
      await until('all channels are forgotten', async () => (await server.stats()).channels === 0)
      await server.collect()
      return (await server.stats()).heapMb
    }
    for (let round = 0; round < 5; round++) await wave()
    const before = await settledMb()
    for (let round = 0; round < 10; round++) await wave()
    const after = await settledMb()
    expect(after - before).toBeLessThan(4)
    expect(server.complaints).toBe('')
  })
})
