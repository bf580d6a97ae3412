import { afterEach, describe, expect, test } from 'bun:test'
import { ProtobufSdk } from '../kit/clients/protobuf-sdk.ts'
import { RawClient, tokenSecret, until, userToken } from '../kit/index.ts'
import { endAll, kept, startCentral, startRelay } from '../kit/servers/tree.ts'

afterEach(endAll)

const tagged = { name: 'news', ...kept, allow_tags_filter: true }
const english = { key: 'lang', cmp: 'eq', val: 'en' } as const

describe('the client protocol on a relay', () => {
  test('[B183] a filter by tags is looked at on the node of the client, in what is live, recovered, and kept there', async () => {
    const central = await startCentral({ channel: { namespaces: [tagged] } })
    const edge = await startRelay([central])
    using all = await RawClient.connect(edge.wsUrl, { token: await userToken('all') })
    await all.call({ subscribe: { channel: 'news:1' } })
    using sdk = new ProtobufSdk(edge.wsUrl, { token: await userToken('alice'), minReconnectDelay: 100 })
    const part = await (await sdk.connect()).subscribe('news:1', { recoverable: true, tagsFilter: english }).ready()
    const publish = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) await central.publish('news:1', n, { tags: { lang: n % 3 === 0 ? 'en' : 'de' } })
    }
    await publish(1, 9)
    expect(await part.gets(3)).toEqual([3, 6, 9])
    for (const session of edge.node.sessions.of('alice')) session.socket.close(1011, 'cut by the test')
    await until('it is gone', () => sdk.states.includes('connecting 1'))
    await publish(10, 18)
    expect(await part.gets(6)).toEqual([3, 6, 9, 12, 15, 18])
    expect(part.recoveries.at(-1)).toEqual({ recovered: true, wasRecovering: true })
    await until('the other has all', () => all.data('news:1').length === 18)
  })

  test('[B189] who connects to one node ends the connections of the same user to others', async () => {
    const client = { subscribe_to_user_personal_channel: { enabled: true, personal_channel_namespace: 'kept', single_connection: true } }
    const central = await startCentral()
    const [left, right] = [await startRelay([central], { client: { token: { hmac_secret_key: tokenSecret }, ...client } }), central]
    using first = await RawClient.connect(right.wsUrl, { token: await userToken('alice') })
    using other = await RawClient.connect(right.wsUrl, { token: await userToken('bob') })
    using second = await RawClient.connect(left.wsUrl, { token: await userToken('alice') })
    expect((await first.closes()).code).toBe(3504)
    await central.publish('kept:#alice', 1)
    await until('it came', () => second.data('kept:#alice').length === 1)
    expect(other.closedWith).toBeUndefined()
  })
})
