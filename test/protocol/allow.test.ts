import { describe, expect, test } from 'bun:test'
import type { ConfigInput } from '../../src/server/index.ts'
import { inSeconds, RawClient, Sdk, sign, startServer, userToken } from '../kit/index.ts'

type Options = NonNullable<NonNullable<ConfigInput['channel']>['without_namespace']>
type Who = 'alice' | 'stranger'

const history = { history_size: 10, history_ttl: '1m' } as const

/** What is tried in a channel, as the method and the code of its refusal; 0 for allowed. */
async function attempt(options: Options, who: Who, method: string, subscribed = false): Promise<number> {
  const client = { allow_anonymous_connect_without_token: true }
  await using server = await startServer({ client, channel: { without_namespace: options } })
  using raw = await RawClient.connect(server.wsUrl, who === 'stranger' ? {} : { token: await userToken(who) })
  if (subscribed) {
    const { error } = await raw.call({ subscribe: { channel: 'news' } })
    if (error !== undefined) throw new Error(`not subscribed: ${error.message}`)
  }
  const { error } = await raw.call({ [method]: { channel: 'news', ...(method === 'publish' ? { data: 1 } : {}) } })
  return error?.code ?? 0
}

const client = { allow_subscribe_for_client: true } as const
const both = { ...client, allow_subscribe_for_anonymous: true } as const
const keeping = { ...client, ...history, presence: true } as const

describe('what a namespace allows', () => {
  test.each<[string, Options, Who, string, boolean, number]>([
    ['nothing', {}, 'alice', 'subscribe', false, 103],
    ['nothing', {}, 'alice', 'publish', false, 103],
    ['no presence', {}, 'alice', 'presence', false, 108],
    ['no presence', {}, 'alice', 'presence_stats', false, 108],
    ['no history', {}, 'alice', 'history', false, 108],
    ['allow_subscribe_for_client', client, 'alice', 'subscribe', false, 0],
    ['allow_subscribe_for_client', client, 'stranger', 'subscribe', false, 103],
    ['allow_subscribe_for_client and _anonymous', both, 'stranger', 'subscribe', false, 0],
    ['allow_subscribe_for_anonymous alone', { allow_subscribe_for_anonymous: true }, 'stranger', 'subscribe', false, 103],
    ['allow_subscribe_for_anonymous alone', { allow_subscribe_for_anonymous: true }, 'alice', 'subscribe', false, 103],
    ['allow_publish_for_client', { allow_publish_for_client: true }, 'alice', 'publish', false, 0],
    ['allow_publish_for_client', { allow_publish_for_client: true }, 'stranger', 'publish', false, 103],
    [
      'allow_publish_for_client and _anonymous',
      { allow_publish_for_client: true, allow_publish_for_anonymous: true },
      'stranger',
      'publish',
      false,
      0,
    ],
    ['allow_publish_for_anonymous alone', { allow_publish_for_anonymous: true }, 'stranger', 'publish', false, 103],
    ['allow_publish_for_subscriber', { ...client, allow_publish_for_subscriber: true }, 'alice', 'publish', true, 0],
    ['allow_publish_for_subscriber', { ...client, allow_publish_for_subscriber: true }, 'alice', 'publish', false, 103],
    ['allow_publish_for_subscriber', { ...both, allow_publish_for_subscriber: true }, 'stranger', 'publish', true, 103],
    [
      'allow_publish_for_subscriber and _anonymous',
      { ...both, allow_publish_for_subscriber: true, allow_publish_for_anonymous: true },
      'stranger',
      'publish',
      true,
      0,
    ],
    ['presence', keeping, 'alice', 'presence', true, 103],
    ['presence', keeping, 'alice', 'presence_stats', true, 103],
    ['allow_presence_for_subscriber', { ...keeping, allow_presence_for_subscriber: true }, 'alice', 'presence', true, 0],
    ['allow_presence_for_subscriber', { ...keeping, allow_presence_for_subscriber: true }, 'alice', 'presence', false, 103],
    ['allow_presence_for_client', { ...keeping, allow_presence_for_client: true }, 'alice', 'presence', false, 0],
    ['allow_presence_for_client', { ...keeping, allow_presence_for_client: true }, 'alice', 'presence_stats', false, 0],
    ['allow_presence_for_client', { ...keeping, allow_presence_for_client: true }, 'stranger', 'presence', false, 103],
    ['history', keeping, 'alice', 'history', true, 103],
    ['allow_history_for_subscriber', { ...keeping, allow_history_for_subscriber: true }, 'alice', 'history', true, 0],
    ['allow_history_for_subscriber', { ...keeping, allow_history_for_subscriber: true }, 'alice', 'history', false, 103],
    ['allow_history_for_client', { ...keeping, allow_history_for_client: true }, 'alice', 'history', false, 0],
    ['allow_history_for_client', { ...keeping, allow_history_for_client: true }, 'stranger', 'history', false, 103],
  ])('[B25] with %s (%j), %s: %s, subscribed %p, is answered %p', async (_name, options, who, method, subscribed, code) => {
    expect(await attempt(options, who, method, subscribed)).toBe(code)
  })

  test('[B26] a channel that names users admits them alone, where the namespace says so', async () => {
    const limited = { ...client, allow_user_limited_channels: true }
    const namespaces = [
      { name: 'limited', ...limited },
      { name: 'only', allow_user_limited_channels: true },
      { name: 'open', ...client },
    ]
    await using server = await startServer({ client: { allow_anonymous_connect_without_token: true }, channel: { namespaces } })
    using alice = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    using eve = await RawClient.connect(server.wsUrl, { token: await userToken('eve') })
    using stranger = await RawClient.connect(server.wsUrl)
    const code = async (raw: RawClient, channel: string) => (await raw.call({ subscribe: { channel } })).error?.code ?? 0
    expect(await code(alice, 'limited:inbox#alice')).toBe(0)
    expect(await code(alice, 'limited:#alice,bob')).toBe(0)
    expect(await code(alice, 'limited:free')).toBe(0)
    expect(await code(alice, 'only:#alice')).toBe(0)
    expect(await code(alice, 'only:free')).toBe(103)
    expect(await code(eve, 'limited:inbox#alice')).toBe(103)
    expect(await code(eve, 'limited:#alice,bob')).toBe(103)
    expect(await code(eve, 'limited:#')).toBe(103)
    expect(await code(eve, 'open:#alice')).toBe(0)
    expect(await code(stranger, 'limited:#')).toBe(103)
    expect(await code(stranger, 'limited:#,alice')).toBe(103)
  })

  test('[B27] a private channel is opened by a subscription token and by nothing else', async () => {
    await using server = await startServer({ channel: { without_namespace: client, namespaces: [{ name: 'ns', ...client }] } })
    using alice = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    const code = async (channel: string, token?: string) => {
      const reply = await alice.call({ subscribe: { channel, ...(token === undefined ? {} : { token }) } })
      if (reply.error === undefined) await alice.call({ unsubscribe: { channel } })
      return reply.error?.code ?? 0
    }
    const claims = { sub: 'alice', channel: '$secret' }
    expect(await code('$secret')).toBe(103)
    expect(await code('$secret', '')).toBe(103)
    expect(await code('$ns:secret')).toBe(103)
    expect(await code('$secret', await sign(claims))).toBe(0)
    expect(await code('$ns:secret', await sign({ sub: 'alice', channel: '$ns:secret' }))).toBe(0)
    expect(await code('$secret', await sign({ ...claims, sub: 'bob' }))).toBe(103)
    expect(await code('$secret', await sign({ ...claims, channel: '$other' }))).toBe(103)
    expect(await code('$secret', await sign(claims, 'another-secret-of-at-least-32-bytes'))).toBe(103)
    expect(await code('$secret', await sign({ ...claims, exp: inSeconds(-60) }))).toBe(109)
    expect(await code('$secret', await sign({ ...claims, client: 'somebody-else' }))).toBe(103)
    expect(await code('$secret', await userToken('alice'))).toBe(103)
  })

  test('[B28] caps of a connection token permit what the namespace does not, in the channels that they name', async () => {
    await using server = await startServer({ channel: { without_namespace: { ...history, presence: true } } })
    const caps = [
      { channels: ['news'], allow: ['sub', 'hst'] },
      { channels: ['team-*'], match: 'wildcard', allow: ['sub', 'pub', 'prs'] },
    ]
    using alice = await RawClient.connect(server.wsUrl, { token: await userToken('alice', { caps }) })
    const code = async (method: string, channel: string) => (await alice.call({ [method]: { channel, data: 1 } })).error?.code ?? 0
    expect(await code('subscribe', 'news')).toBe(0)
    expect(await code('history', 'news')).toBe(0)
    expect(await code('publish', 'news')).toBe(103)
    expect(await code('presence', 'news')).toBe(103)
    expect(await code('subscribe', 'news2')).toBe(103)
    expect(await code('subscribe', 'team-red')).toBe(0)
    expect(await code('publish', 'team-red')).toBe(0)
    expect(await code('presence', 'team-blue')).toBe(0)
    expect(await code('history', 'team-red')).toBe(103)
  })

  test('[B29] a channel of a namespace that is not configured does not exist, for every command', async () => {
    await using server = await startServer({ channel: { without_namespace: client } })
    using alice = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
    for (const method of ['subscribe', 'publish', 'presence', 'presence_stats', 'history']) {
      const { error } = await alice.call({ [method]: { channel: 'nowhere:1', data: 1 } })
      expect([method, error?.code]).toEqual([method, 102])
    }
  })

  test('[B30] the SDK meets a refusal as the end of that subscription, with its code', async () => {
    await using server = await startServer({ channel: { without_namespace: client } })
    using sdk = await new Sdk(server.wsUrl, { token: await userToken('alice') }).connect()
    const refused = sdk.subscribe('$secret')
    await refused.reaches('unsubscribed 103')
    const unknown = sdk.subscribe('nowhere:1')
    await unknown.reaches('unsubscribed 102')
    expect(await sdk.client.publish('news', 1).catch(error => error.code)).toBe(103)
    expect(await sdk.client.history('news', { limit: 1 }).catch(error => error.code)).toBe(108)
    await sdk.subscribe('news').ready()
  })
})
