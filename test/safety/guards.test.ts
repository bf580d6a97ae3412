import { expect, test } from 'bun:test'
import { api, testServer } from '../kit/api.ts'
import { RawClient, until, userToken } from '../kit/index.ts'

const everything = {
  allow_subscribe_for_client: true,
  allow_subscribe_for_anonymous: true,
  allow_publish_for_client: true,
  allow_publish_for_anonymous: true,
  allow_history_for_client: true,
  allow_presence_for_client: true,
  presence: true,
  history_size: 10,
  history_ttl: '1m',
  allow_user_limited_channels: true,
} as const

const actions = (channel: string) => [
  { history: { channel, limit: 10 } },
  { presence: { channel } },
  { presence_stats: { channel } },
  { publish: { channel, data: 'from outside' } },
]

test('[F91] what a channel’s name says of who it is for holds for history, presence and publishing as well', async () => {
  const server = await testServer({ channel: { namespaces: [{ name: 'room', ...everything }] } })
  using mallory = await RawClient.connect(server.wsUrl, { token: await userToken('mallory') })
  using alice = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
  for (const channel of ['room:#alice,bob', '$room:secret']) {
    await api(server, 'publish', { channel, data: 'kept' })
    for (const action of actions(channel)) expect([action, (await mallory.call(action)).error?.code]).toEqual([action, 103])
  }
  for (const action of actions('room:#alice,bob')) expect([action, (await alice.call(action)).error]).toEqual([action, undefined])
  for (const action of actions('room:open')) expect([action, (await mallory.call(action)).error]).toEqual([action, undefined])
})

test('[F91] who is in a private channel by token does there what its namespace allows, and the server API what it likes', async () => {
  const server = await testServer({ channel: { namespaces: [{ name: 'room', ...everything }] } })
  const channel = '$room:secret'
  using alice = await RawClient.connect(server.wsUrl, { token: await userToken('alice') })
  const token = await userToken('alice', { channel })
  expect((await alice.call({ subscribe: { channel, token } })).error).toBeUndefined()
  for (const action of actions(channel)) expect([action, (await alice.call(action)).error]).toEqual([action, undefined])
  const answered = await api(server, 'history', { channel, limit: 10 })
  expect(answered.body).toMatchObject({ result: { publications: [{ data: 'from outside' }] } })
  await alice.call({ unsubscribe: { channel } })
  await until('it has ended', () => server.node.hub.subscriptions === 0)
  for (const action of actions(channel)) expect([action, (await alice.call(action)).error?.code]).toEqual([action, 103])
})

test('[F91] a capability of the connection token is the back end’s own word on a channel', async () => {
  const server = await testServer({ channel: { namespaces: [{ name: 'room', presence: true, history_size: 10, history_ttl: '1m' }] } })
  const caps = [{ channels: ['$room:*'], match: 'wildcard', allow: ['hst'] }]
  using auditor = await RawClient.connect(server.wsUrl, { token: await userToken('auditor', { caps }) })
  expect((await auditor.call({ history: { channel: '$room:secret', limit: 1 } })).error).toBeUndefined()
  expect((await auditor.call({ publish: { channel: '$room:secret', data: 1 } })).error?.code).toBe(103)
})
