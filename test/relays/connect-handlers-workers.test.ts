import { afterEach, expect, test } from 'bun:test'
import { inbox, RawClient, Rows, until, userToken } from '../kit/index.ts'
import { endAll, startCentral, upTo } from '../kit/servers/tree.ts'

afterEach(endAll)

test('[A51] with workers, inboxes, server-side subscriptions and pushes are the same on every process', async () => {
  const rows = new Rows()
  const central = await startCentral({ workers: 2 })
  const { server } = central
  server.namespace(inbox)
  server.provideHistory('inbox', rows)
  server.onConnect(async ({ user }) => ({ subs: { [`inbox:${user}`]: { since: { epoch: rows.epoch, offset: 2 }, data: { user } } } }))
  const arrived = new Set<string>()
  server.on('connect', ({ client: { client } }) => void arrived.add(client))
  const post = (n: number) => central.publish('inbox:alice', { n }, { at: rows.add('inbox:alice', { n }) })
  for (let n = 1; n <= 5; n++) await post(n)
  const token = await userToken('alice')
  const nodes = new Set<unknown>()
  for (let index = 0; index < 24; index++) {
    using client = await RawClient.open(central.wsUrl)
    const { connect } = await client.call({ connect: { token, data: {} } })
    nodes.add(Object(connect).node)
    const sub = connect?.subs?.['inbox:alice']
    const top = 5 + index
    expect(sub).toMatchObject({ recovered: true, was_recovering: true, epoch: 'mine', offset: 2, data: { user: 'alice' } })
    expect(sub?.publications?.map(({ data }) => data)).toEqual(upTo(top - 2, 3))
    const id = connect?.client ?? ''
    await until('the service heard of it', () => arrived.has(id))
    expect(await server.push(id, 'inbox:alice', [{ data: 'old', offset: 1 }])).toBe(true)
    await post(top + 1)
    await until('both came', () => client.publications('inbox:alice').length === 2)
    expect(client.publications('inbox:alice')).toEqual([
      { data: 'old', offset: 1 },
      { data: { n: top + 1 }, offset: top + 1 },
    ])
  }
  expect(nodes.size).toBeGreaterThan(1)
})
