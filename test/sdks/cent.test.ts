import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { apiKey, inSeconds } from '../kit/index.ts'
import { Driver, forms } from './driver.ts'
import { Peer } from './peer.ts'
import { Site } from './site.ts'
import { lacksSdk } from './toolchains.ts'

describe.skipIf(lacksSdk('python', 'cent'))('cent, the server library', () => {
  let site: Site
  let driver: Driver
  beforeAll(async () => {
    site = await Site.start()
    driver = new Driver('python')
  })
  afterAll(async () => {
    await driver[Symbol.asyncDispose]()
    await site[Symbol.asyncDispose]()
  })

  const call = (method: string, request: string, data: object) =>
    driver.call('call', { url: `${site.url}/api`, key: apiKey, method, request, data })
  let users = 0
  /** Somebody who listens to what the library does. */
  const listener = async () => {
    const user = `user${++users}`
    const [form] = forms.filter(({ language }) => language === 'python')
    const peer = await Peer.open(driver, { form: form?.form ?? 'json' }, site.wsUrl, { token: await site.token({ sub: user }) }, user)
    return { user, peer: await peer.connect() }
  }

  test('[B204] publishes, broadcasts and reads channels', async () => {
    const { user, peer } = await listener()
    await peer.subscribe('room:cent', { joinLeave: true })
    expect(await call('publish', 'PublishRequest', { channel: 'room:cent', data: { n: 1 }, tags: { lang: 'en' } })).toMatchObject({
      offset: 1,
    })
    expect(await peer.gets('room:cent', { n: 1 })).toMatchObject({ tags: { lang: 'en' } })
    const { responses } = Object(await call('broadcast', 'BroadcastRequest', { channels: ['room:cent', 'kept:cent'], data: { n: 2 } }))
    expect(responses).toMatchObject([{ result: { offset: 2 } }, { result: { offset: 1 } }])
    expect(await call('history', 'HistoryRequest', { channel: 'room:cent', limit: 10 })).toMatchObject({
      publications: [
        { offset: 1, data: { n: 1 } },
        { offset: 2, data: { n: 2 } },
      ],
      offset: 2,
    })
    const id = peer.of('connected')[0]?.id ?? ''
    expect(await call('presence', 'PresenceRequest', { channel: 'room:cent' })).toMatchObject({ presence: { [id]: { client: id, user } } })
    expect(await call('presence_stats', 'PresenceStatsRequest', { channel: 'room:cent' })).toEqual({ num_clients: 1, num_users: 1 })
    expect(await call('channels', 'ChannelsRequest', { pattern: 'room:*' })).toEqual({ channels: { 'room:cent': { num_clients: 1 } } })
    expect(await call('history_remove', 'HistoryRemoveRequest', { channel: 'room:cent' })).toEqual({})
    const { publications } = Object(await call('history', 'HistoryRequest', { channel: 'room:cent', limit: 10 }))
    expect(publications).toEqual([])
    expect(await call('info', 'InfoRequest', {})).toMatchObject({ nodes: [{ num_clients: 1, num_channels: 1, num_users: 1 }] })
  })

  test('[B204] subscribes, unsubscribes, refreshes and disconnects users', async () => {
    const { user, peer } = await listener()
    await call('subscribe', 'SubscribeRequest', { user, channel: 'kept:given' })
    await peer.next('subscribed', 'kept:given')
    await call('unsubscribe', 'UnsubscribeRequest', { user, channel: 'kept:given' })
    await peer.next('unsubscribed', 'kept:given')
    expect(await call('refresh', 'RefreshRequest', { user, expire_at: inSeconds(600) })).toEqual({})
    await call('disconnect', 'DisconnectRequest', { user, disconnect: { code: 4501, reason: 'enough' } })
    expect(await peer.next('disconnected')).toMatchObject({ code: 4501 })
  })

  test('[B204] sends batches, and is told the code of what is refused', async () => {
    const refused = await call('publish', 'PublishRequest', { channel: 'nowhere:a', data: {} }).catch(error => String(error))
    expect(refused).toContain('CentApiResponseError')
    expect(refused).toContain('102')
    const wrongKey = driver.call('call', { url: `${site.url}/api`, key: 'wrong', method: 'info', request: 'InfoRequest', data: {} })
    expect(await wrongKey.catch(error => String(error))).toContain('CentUnauthorizedError')
  })
})
