import { expect, test } from 'bun:test'
import { RawClient, tokenSecret, until, userToken } from '../kit/index.ts'
import { startCentral, startRelay } from '../kit/servers/tree.ts'

const room = {
  name: 'hall',
  presence: true,
  allow_subscribe_for_client: true,
  allow_presence_for_subscriber: true,
} as const
const client = { token: { hmac_secret_key: tokenSecret }, presence_max_size: 1024 }

test('[B217] a list of who is there that is larger than `presence_max_size` is refused with 106, at the node and below a relay; presence_stats counts all the same', async () => {
  const central = await startCentral({ client, channel: { namespaces: [room] } })
  const relay = await startRelay([central], { client })
  const clients: RawClient[] = []
  const join = async (count: number, wsUrl: string) => {
    for (let index = 0; index < count; index++) {
      const one = await RawClient.connect(wsUrl, { token: await userToken(`user${clients.length}`) })
      clients.push(one)
      await one.call({ subscribe: { channel: 'hall:1' } })
    }
  }
  await join(4, central.wsUrl)
  await join(4, relay.wsUrl)
  const [above, below] = [clients[0], clients.at(-1)]
  if (above === undefined || below === undefined) throw new Error('nobody has joined')
  await until('the node above knows of all', async () => (await central.node.presence.stats('hall:1')).clients === 8)
  for (const asker of [above, below]) {
    const { presence } = (await asker.call({ presence: { channel: 'hall:1' } })) as { presence?: { presence: object } }
    expect(Object.keys(presence?.presence ?? {})).toHaveLength(8)
  }
  await join(12, relay.wsUrl)
  await until('the node above knows of all', async () => (await central.node.presence.stats('hall:1')).clients === 20)
  for (const asker of [above, below]) {
    const { error } = (await asker.call({ presence: { channel: 'hall:1' } })) as { error?: { code: number; message: string } }
    expect([error?.code, error?.message]).toEqual([
      106,
      'limit exceeded: the list of who is there is larger than 1024 bytes; presence_stats counts them',
    ])
    expect(await asker.call({ presence_stats: { channel: 'hall:1' } })).toMatchObject({
      presence_stats: { num_clients: 20, num_users: 20 },
    })
  }
  for (const one of clients) one[Symbol.dispose]()
})
