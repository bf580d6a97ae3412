import { describe, expect, test } from 'bun:test'
import { api, connectAs, failureOf, post, subscribeTo, until, userToken } from '../kit/api.ts'
import { inSeconds } from '../kit/index.ts'
import { BackEnd, failing, serveWith } from './back-end.ts'

describe('subscribe', () => {
  test('[K7] is asked in namespaces with subscribe_hook alone, and grants with data and info', async () => {
    const backEnd = new BackEnd().on('subscribe', ({ body }) => ({ result: { data: { you: body.user }, info: { seat: 1 } } }))
    const server = await serveWith(backEnd.hooks(['subscribe', 'publish']))
    const client = await connectAs(server, 'alice')
    const subscription = client.newSubscription('asked:a', { data: { pin: 7 } })
    const data = new Promise(resolve => subscription.on('subscribed', context => resolve(context.data)))
    subscription.subscribe()
    expect(await data).toEqual({ you: 'alice' })
    expect(backEnd.of('subscribe').map(({ body }) => body)).toMatchObject([{ user: 'alice', channel: 'asked:a', data: { pin: 7 } }])
    expect(JSON.stringify((await api(server, 'presence', { channel: 'asked:a' })).body)).toContain('"chan_info":{"seat":1}')
    await subscribeTo(client, 'open:a')
    expect(backEnd.of('subscribe')).toHaveLength(1)
  })

  test('[K8] a refusal ends the subscription with its code, and a disconnect the connection', async () => {
    const backEnd = new BackEnd().on('subscribe', ({ body }) =>
      body.channel === 'asked:no' ? { error: { code: 403, message: 'members only' } } : { disconnect: { code: 4500, reason: 'enough' } },
    )
    const server = await serveWith(backEnd.hooks(['subscribe', 'publish']))
    const client = await connectAs(server, 'alice')
    const refused = client.newSubscription('asked:no')
    const ended = new Promise(resolve => refused.on('unsubscribed', ({ code, reason }) => resolve([code, reason])))
    refused.subscribe()
    expect(await ended).toEqual([403, 'members only'])
    expect(client.state as string).toBe('connected')
    const gone = new Promise(resolve => client.on('disconnected', ({ code }) => resolve(code)))
    client.newSubscription('asked:never').subscribe()
    expect(await gone).toBe(4500)
  })

  test('[K9] a subscription that was granted until a time ends then, and the SDK asks again without a token', async () => {
    const backEnd = new BackEnd().on(
      'subscribe',
      failing(1, () => ({ result: { expire_at: inSeconds(1) } })),
    )
    const server = await serveWith(backEnd.hooks(['subscribe', 'publish']))
    const client = await connectAs(server, 'alice')
    const subscription = client.newSubscription('asked:a', { minResubscribeDelay: 10, maxResubscribeDelay: 50 })
    const states: number[] = []
    subscription.on('subscribing', ({ code }) => states.push(code))
    subscription.on('unsubscribed', ({ code }) => states.push(code))
    subscription.subscribe()
    await backEnd.gets('subscribe', 2)
    await subscription.ready()
    expect(states).toEqual([0, 2501])
  })
})

describe('publish', () => {
  test('[K10] is asked in namespaces with publish_hook, may change the data and skip the history, and may refuse', async () => {
    const backEnd = new BackEnd().on('publish', ({ body }) => {
      if (body.data === 'bad') return { error: { code: 422, message: 'language' } }
      return { result: body.data === 'secret' ? { skip_history: true } : { data: { said: body.data } } }
    })
    const server = await serveWith(backEnd.hooks(['subscribe', 'publish']))
    const { subscription, got } = await subscribeTo(await connectAs(server, 'alice'), 'asked:a')
    await subscription.publish('hi')
    await subscription.publish('secret')
    expect(await failureOf(subscription.publish('bad'))).toMatchObject({ code: 422, message: 'language' })
    await until('both came', () => got.length === 2)
    expect(got).toEqual([{ said: 'hi' }, 'secret'])
    expect(backEnd.of('publish').map(({ body }) => [body.user, body.channel, body.data])).toEqual([
      ['alice', 'asked:a', 'hi'],
      ['alice', 'asked:a', 'secret'],
      ['alice', 'asked:a', 'bad'],
    ])
    const { body } = await api(server, 'history', { channel: 'asked:a', limit: 9 })
    expect(body).toMatchObject({ result: { publications: [{ data: { said: 'hi' }, offset: 1 }], offset: 1 } })
  })
})

describe('rpc', () => {
  test('[K11] is asked what no command here answers, over the SDK and by POST', async () => {
    const backEnd = new BackEnd().on('rpc', ({ body }) => ({ result: { data: { method: body.method, data: body.data } } }))
    const server = await serveWith(backEnd.hooks(['rpc']))
    const answer = { method: 'price.of', data: { id: 12 } }
    expect((await (await connectAs(server, 'alice')).rpc('price.of', { id: 12 })).data).toEqual(answer)
    const headers = { Authorization: `Bearer ${await userToken('bob')}` }
    expect(await post(server, '/rpc/price.of', { id: 12 }, headers)).toEqual({ status: 200, body: answer })
    expect(backEnd.of('rpc').map(({ body }) => [body.user, body.transport])).toEqual([
      ['alice', 'websocket'],
      ['bob', 'http'],
    ])
  })

  test('[K11] an error reaches the caller as it is, by POST as the status; a disconnect closes the connection', async () => {
    const backEnd = new BackEnd().on('rpc', ({ body }) =>
      body.method === 'leave' ? { disconnect: { code: 4010, reason: 'come again' } } : { error: { code: 409, message: 'taken: by bob' } },
    )
    const server = await serveWith(backEnd.hooks(['rpc']))
    const client = await connectAs(server, 'alice')
    expect(await failureOf(client.rpc('take', {}))).toMatchObject({ code: 409, message: 'taken: by bob' })
    const headers = { Authorization: `Bearer ${await userToken('alice')}` }
    expect(await post(server, '/rpc/take', {}, headers)).toEqual({ status: 409, body: { error: { code: 409, message: 'taken: by bob' } } })
    expect((await post(server, '/rpc/leave', {}, headers)).status).toBe(403)
    const left: number[] = []
    client.on('connecting', ({ code }) => left.push(code))
    client.rpc('leave', {}).catch(() => undefined)
    await until('it was closed', () => left.length === 1)
    expect(left).toEqual([4010])
  })
})
