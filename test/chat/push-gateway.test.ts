import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { silentLog } from '../../src/hub/index.ts'
import { systemClock, systemRandom } from '../../src/kit/index.ts'
import { verifySignature } from '../../src/server/index.ts'
import { pushOf, pushOptions } from '../../src/services/chat/options/index.ts'
import { GatewaySender, openPushes, type PushNote } from '../../src/services/chat/push/index.ts'
import { Folder, until, within } from '../kit/index.ts'
import { RowsInMemory } from './push-rows.ts'

const secret = 's'.repeat(32)
const topic = 'T'.repeat(32)
const note: PushNote = { kind: 'message', conversation: 'c1', seq: 7, mid: 'm7', badge: 3, urgency: 'high', ttlMs: 86_400_000, topic }
const dismissal: PushNote = { kind: 'dismiss', conversation: 'c1', seq: 7, badge: 0, urgency: 'low', ttlMs: 3_600_000, topic }

/** An operator's gateway: takes what is signed, and answers as APNs or FCM did. */
const posted: { readonly headers: Headers; readonly text: string; readonly body: unknown }[] = []
let status = 200
let gateway: Bun.Server<undefined>
beforeAll(() => {
  gateway = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const text = await request.text()
      posted.push({ headers: request.headers, text, body: JSON.parse(text) })
      return new Response(null, { status })
    },
  })
})
afterAll(() => gateway.stop(true))
afterEach(() => {
  posted.length = 0
  status = 200
})

const sender = (url = gateway.url.href) => new GatewaySender({ clock: systemClock, url, secret, timeoutMs: 300 })
const device = (endpoint: string) => ({ user: 'ann', device: 'phone', endpoint, p256dh: '', auth: '' })
const apns = device('apns:00fc13adff78')
const fcm = device('fcm:cXyz:APA91b_H-x')

test('[M38] APNs: an alert with its collapse id, priority, expiry and badge', async () => {
  const now = systemClock.now() / 1000
  expect(await sender().send(apns, note)).toEqual({ kind: 'delivered' })
  const headers = { 'apns-push-type': 'alert', 'apns-priority': '10', 'apns-collapse-id': topic, 'apns-expiration': expect.any(String) }
  const aps = expect.objectContaining({ badge: 3, 'thread-id': topic })
  const fanfare = { kind: 'message', conversation: 'c1', seq: 7, mid: 'm7', badge: 3 }
  expect(posted[0]?.body).toEqual({ service: 'apns', token: '00fc13adff78', headers, payload: { aps, fanfare } })
  const expiry = Number(/"apns-expiration":"(\d+)"/.exec(posted[0]?.text ?? '')?.[1])
  expect(Math.abs(expiry - now - 86_400)).toBeLessThan(10)
  expect(Buffer.byteLength(topic)).toBeLessThanOrEqual(64)
})

test('[M38] APNs: what takes away comes in the background, with priority 5 and nothing that shows', async () => {
  await sender().send(apns, dismissal)
  await sender().send(apns, { ...dismissal, kind: 'retract', latest: 9 })
  for (const { body } of posted) {
    expect(body).toMatchObject({ headers: { 'apns-push-type': 'background', 'apns-priority': '5', 'apns-collapse-id': topic } })
    expect(body).toMatchObject({ payload: { aps: { 'content-available': 1 } } })
  }
  for (const { text } of posted) expect(text).not.toMatch(/"alert"|"sound"|mutable-content/)
  expect(posted[1]?.body).toMatchObject({ payload: { fanfare: { kind: 'retract', seq: 7, latest: 9 } } })
})

test('[M38] FCM: a tag for each conversation, no more than four collapse keys, priority and TTL', async () => {
  const send = sender()
  expect(await send.send(fcm, note)).toEqual({ kind: 'delivered' })
  expect(posted[0]?.body).toEqual({
    service: 'fcm',
    message: {
      token: 'cXyz:APA91b_H-x',
      data: { kind: 'message', conversation: 'c1', seq: '7', mid: 'm7', badge: '3', topic },
      android: {
        priority: 'HIGH',
        ttl: '86400s',
        notification: expect.objectContaining({ tag: topic, notification_count: 3 }),
      },
    },
  })
  for (let index = 0; index < 20; index++) {
    for (const kind of ['message', 'dismiss', 'retract'] as const) await send.send(fcm, { ...note, kind, topic: `topic-${index}` })
  }
  const keys = posted.flatMap(({ text }) => /"collapse_key":"([^"]*)"/.exec(text)?.[1] ?? [])
  const tags = posted.flatMap(({ text }) => /"tag":"([^"]*)"/.exec(text)?.[1] ?? [])
  expect(new Set(keys).size).toBeLessThanOrEqual(4)
  expect(new Set(tags).size).toBe(21)
})

test('[M38] what is posted is signed as hooks are, with a key that is the same for the same note', async () => {
  const send = sender()
  for (const each of [note, note, dismissal]) await send.send(apns, each)
  for (const { headers, text } of posted) {
    const header = headers.get('x-fanfare-signature')
    expect(verifySignature({ header, body: text, secret })).toBe(true)
    expect(verifySignature({ header, body: `${text} `, secret })).toBe(false)
    expect(headers.get('x-fanfare-event')).toBe('push')
  }
  const keys = posted.map(({ headers }) => headers.get('x-fanfare-idempotency-key'))
  expect(keys[0]).toBe(keys[1] ?? '')
  expect(keys[2]).not.toBe(keys[1] ?? '')
})

test('[M38] the gateway’s answer is that of the service behind it', async () => {
  const outcomes = [
    [410, { kind: 'gone' }],
    [400, { kind: 'failed', reason: 'status 400' }],
    [500, { kind: 'later', reason: 'status 500' }],
  ] as const
  for (const [answer, outcome] of outcomes) {
    status = answer
    expect(await sender().send(apns, note)).toEqual(outcome)
  }
  status = 413
  posted.length = 0
  expect(await sender().send(apns, { ...note, enc: { scheme: 'x', bytes: 'AAAA' } })).toEqual({ kind: 'too-large' })
  expect(posted.map(({ body }) => body)).toEqual([
    expect.objectContaining({
      payload: expect.objectContaining({ fanfare: expect.objectContaining({ enc: { scheme: 'x', bytes: 'AAAA' } }) }),
    }),
    expect.objectContaining({ payload: expect.objectContaining({ fanfare: { kind: 'message', conversation: 'c1', seq: 7 } }) }),
  ])
})

test('[M38] what would be too large for APNs and FCM goes as ids alone', async () => {
  for (const target of [apns, fcm]) await sender().send(target, { ...note, enc: { scheme: 'x', bytes: 'b'.repeat(4000) } })
  for (const { text } of posted) expect(Buffer.byteLength(text)).toBeLessThan(1500)
  expect(posted).toHaveLength(2)
})

test('[M38] a gateway that hangs is given up in time', async () => {
  using slow = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Promise<never>(() => undefined) })
  expect(await within('an outcome', sender(slow.url.href).send(apns, note))).toEqual({
    kind: 'later',
    reason: 'no answer within 300 ms',
  })
})

test('[M38] with a gateway in the configuration, devices of both kinds are notified through it', async () => {
  using folder = new Folder()
  const config = { data: folder.path, push: pushOf(pushOptions.parse({ grace: '50ms', webhook: { url: gateway.url.href, secret } })) }
  const rows = new RowsInMemory()
  const opened = openPushes(config, { clock: systemClock, random: systemRandom, log: silentLog, rows, isInUse: () => false })
  rows.subscribed.push(apns, { ...fcm, device: 'tablet' })
  opened.pushes.owe('ann', { conversation: 'c1', offset: 1, seq: 1, mid: 'm1' })
  await until('both have it', () => posted.length === 2)
  expect(posted.map(({ body }) => body)).toEqual(
    expect.arrayContaining([expect.objectContaining({ service: 'apns' }), expect.objectContaining({ service: 'fcm' })]),
  )
  expect(opened.rules.hasGateway).toBe(true)
  expect(opened.publicKey).toHaveLength(87)
  await opened.pushes.close()
})
