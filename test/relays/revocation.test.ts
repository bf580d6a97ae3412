import { describe, expect, test } from 'bun:test'
import { api } from '../kit/api.ts'
import { RawClient, sign, type TestServer, until, userToken } from '../kit/index.ts'
import { cableTo, startCentral, startRelay } from '../kit/servers/tree.ts'

const closed = async ({ wsUrl }: TestServer, token: string) => {
  using raw = await RawClient.open(wsUrl)
  raw.send({ id: 1, connect: { token } })
  return await until('an answer', () => raw.closedWith?.code ?? (raw.messages.length > 0 ? 'in' : undefined))
}

describe('revocations in a tree', () => {
  test('[A65] a token that is revoked at the centre is void on every node, and its sessions there end', async () => {
    const central = await startCentral()
    const regional = await startRelay([central])
    const edge = await startRelay([regional])
    const token = await sign({ sub: 'alice', jti: 'one', iat: 1000 })
    const clients = await Promise.all([central, regional, edge].map(({ wsUrl }) => RawClient.connect(wsUrl, { token })))
    // By way of the edge, which passes it up.
    expect(await api(edge, 'revoke_token', { uid: 'one' })).toEqual({ status: 200, body: { result: {} } })
    expect(await Promise.all(clients.map(async client => (await client.closes()).code))).toEqual([3500, 3500, 3500])
    for (const node of [central, regional, edge]) expect(await closed(node, token)).toBe(3500)
    for (const node of [central, regional, edge]) expect(await closed(node, await userToken('alice'))).toBe('in')
  })

  test('[A66] a node that is new, or was away, knows all of them before it lets anyone in', async () => {
    const central = await startCentral()
    const cable = await cableTo(central)
    const away = await startRelay([cable])
    const token = await sign({ sub: 'alice', jti: 'one' })
    using stays = await RawClient.connect(away.wsUrl, { token })
    cable.pull()
    for (let count = 0; count < 1_200; count++) await central.server.revoke({ kind: 'token', uid: `u${count}`, expireAt: 0 })
    await api(central, 'revoke_token', { uid: 'one' })
    // More than the nodes keep of orders to sessions.
    for (let count = 0; count < 1_200; count++)
      await central.server.revoke({ kind: 'user', user: `u${count}`, channel: '', issuedBefore: 9, expireAt: 0 })
    cable.plug()
    expect((await stays.closes()).code).toBe(3500)
    await until('the node knows all', () => away.node.revocations.size === 2_401)
    const edge = await startRelay([await startRelay([central])])
    expect(edge.node.revocations.size).toBe(2_401)
    expect(await closed(edge, token)).toBe(3500)
    expect(await closed(edge, await sign({ sub: 'u7', iat: 8 }))).toBe(3500)
    expect(await closed(edge, await sign({ sub: 'u7', iat: 9 }))).toBe('in')
  })
})
