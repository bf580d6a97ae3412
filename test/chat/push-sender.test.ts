import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { generateVAPIDKeys } from 'web-push'
import { systemClock, systemRandom } from '../../src/kit/index.ts'
import { openVapidKeys, type PushNote, vapidPath } from '../../src/services/chat/push/index.ts'
import { topicOf } from '../../src/services/chat/push/note.ts'
import { retryAfterMs } from '../../src/services/chat/push/sender.ts'
import { VapidTokens } from '../../src/services/chat/push/vapid.ts'
import { Folder, within } from '../kit/index.ts'
import { subject, webPush } from './push-desk.ts'
import { PushService } from './push-service.ts'

const topic = topicOf('ann', 'c1')
const note: PushNote = { kind: 'message', conversation: 'c1', seq: 7, mid: 'm7', badge: 3, urgency: 'high', ttlMs: 86_400_000, topic }

let service: PushService
beforeAll(() => {
  service = new PushService()
})
afterAll(() => service[Symbol.asyncDispose]())
afterEach(() => {
  service.answer = () => new Response(null, { status: 201 })
  service.received.length = 0
})

/** Answers with these in turn; the last one stays. */
function answers(...responses: (() => Response)[]): void {
  let turn = 0
  service.answer = () => (responses[Math.min(turn++, responses.length - 1)] ?? Response.error)()
}

describe('on the wire', () => {
  test('[M30] what the device decrypts is what was sent: ids and the badge', async () => {
    const sender = webPush(service)
    expect(await sender.send(service.subscribe('ann', 'phone'), note)).toEqual({ kind: 'delivered' })
    expect(service.failures).toEqual([])
    const [received] = service.received
    expect(received?.body).toEqual({ kind: 'message', conversation: 'c1', seq: 7, mid: 'm7', badge: 3 })
    expect(received?.headers.get('content-encoding')).toBe('aes128gcm')
    expect(received?.headers.get('host')).toBe(service.authority)
  })

  test('[M33] topic, urgency and TTL stand in the headers', async () => {
    const sender = webPush(service)
    await sender.send(service.subscribe('ann', 'phone'), note)
    await sender.send(service.subscribe('ann', 'phone'), { ...note, kind: 'dismiss', urgency: 'low', ttlMs: 61_500 })
    const headers = service.received.map(({ headers }) => [headers.get('topic'), headers.get('urgency'), headers.get('ttl')])
    expect(headers).toEqual([
      [topic, 'high', '86400'],
      [topic, 'low', '61'],
    ])
  })

  test('[M33] a topic is 32 base64url characters, the same for a conversation and another for each user', () => {
    expect(topic).toMatch(/^[\w-]{32}$/)
    expect(topic).toBe(topicOf('ann', 'c1'))
    const others = [topicOf('ann', 'c2'), topicOf('bob', 'c1'), topicOf('an', 'nc1'), topicOf('ann","c', '1'), topic]
    expect(new Set(others).size).toBe(5)
  })

  test('[M31] the server shows who it is: a token for the push service, signed by the key that the browser subscribed with', async () => {
    const keys = generateVAPIDKeys()
    await webPush(service, { keys }).send(service.subscribe('ann', 'phone'), note)
    const { claims, key } = service.received[0] ?? {}
    expect(key).toBe(keys.publicKey)
    expect(claims).toMatchObject({ aud: service.origin, sub: subject })
    const left = (claims?.exp ?? 0) - systemClock.now() / 1000
    expect(left).toBeGreaterThan(3600)
    expect(left).toBeLessThanOrEqual(86_400)
  })

  test('[M31] a token is used again while it holds, and made anew before its end', () => {
    let now = systemClock.now()
    const tokens = new VapidTokens(generateVAPIDKeys(), subject, { ...systemClock, now: () => now })
    const first = tokens.headerFor('https://a.example')
    now += 10 * 3_600_000
    expect(tokens.headerFor('https://a.example')).toBe(first)
    expect(tokens.headerFor('https://b.example')).not.toBe(first)
    now += 1.5 * 3_600_000
    expect(tokens.headerFor('https://a.example')).not.toBe(first)
  })

  test('[M31] so it is over the wire', async () => {
    const sender = webPush(service)
    const [phone, laptop] = [service.subscribe('ann', 'phone'), service.subscribe('ann', 'laptop')]
    for (const device of [phone, laptop, phone]) await sender.send(device, note)
    expect(new Set(service.received.map(({ jwt }) => jwt)).size).toBe(1)
  })
})

describe('size', () => {
  const enc = (size: number) => ({ scheme: 'x', bytes: 'b'.repeat(size) })

  test('[M30] what is encrypted end to end goes along, of several parts only the device’s own', async () => {
    const sender = webPush(service)
    await sender.send(service.subscribe('ann', 'phone'), { ...note, enc: { scheme: 'x', epoch: 2, bytes: 'AAAA' } })
    await sender.send(service.subscribe('ann', 'phone'), {
      ...note,
      enc: { scheme: 'x', perDevice: { 'ann/phone': 'BBBB', 'ann/laptop': 'CCCC' } },
    })
    await sender.send(service.subscribe('ann', 'new'), { ...note, enc: { scheme: 'x', perDevice: { 'ann/phone': 'BBBB' } } })
    expect(service.received.map(({ body }) => body)).toEqual([
      expect.objectContaining({ enc: { scheme: 'x', epoch: 2, bytes: 'AAAA' } }),
      expect.objectContaining({ enc: { scheme: 'x', bytes: 'BBBB' } }),
      { kind: 'message', conversation: 'c1', seq: 7, mid: 'm7', badge: 3 },
    ])
  })

  test('[M30] a body has at most 4,096 bytes once it is encrypted; where it would have more, it is ids alone', async () => {
    const sender = webPush(service)
    const phone = service.subscribe('ann', 'phone')
    const around = Buffer.byteLength(JSON.stringify({ kind: 'message', conversation: 'c1', seq: 7, mid: 'm7', badge: 3, enc: enc(0) }))
    await sender.send(phone, { ...note, enc: enc(4096 - 103 - around) })
    await sender.send(phone, { ...note, enc: enc(4096 - 103 - around + 1) })
    expect(service.received.map(({ cipherBytes }) => cipherBytes)).toEqual([4096, expect.any(Number)])
    expect(service.received[0]?.body).toHaveProperty('enc')
    expect(service.received[1]?.body).toEqual({ kind: 'message', conversation: 'c1', seq: 7, mid: 'm7', badge: 3 })
  })

  test('[M30] 413: sent once more with the least that a device needs, then too large', async () => {
    const sender = webPush(service)
    answers(
      () => new Response(null, { status: 413 }),
      () => new Response(null, { status: 201 }),
    )
    expect(await sender.send(service.subscribe('ann', 'phone'), { ...note, enc: enc(100) })).toEqual({ kind: 'delivered' })
    expect(service.received.map(({ body }) => body)).toEqual([
      expect.objectContaining({ enc: enc(100) }),
      { kind: 'message', conversation: 'c1', seq: 7 },
    ])
    answers(() => new Response(null, { status: 413 }))
    service.received.length = 0
    expect(await sender.send(service.subscribe('ann', 'phone'), note)).toEqual({ kind: 'too-large' })
    expect(service.received).toHaveLength(2)
  })
})

describe('answers', () => {
  const sent = (response: () => Response) => {
    answers(response)
    return webPush(service).send(service.subscribe('ann', 'phone'), note)
  }

  test.each([404, 410])('[M35] %i: the subscription is gone', async status => {
    expect(await sent(() => new Response('who?', { status }))).toEqual({ kind: 'gone' })
  })

  test.each([429, 503])('[M34] %i says when to come again, in seconds or with a date', async status => {
    const after = (value: string) => () => new Response('slower', { status, headers: { 'Retry-After': value } })
    const reason = `status ${status}: "slower"`
    expect(await sent(after('7'))).toEqual({ kind: 'later', reason, afterMs: 7000 })
    const date = await sent(after(new Date(systemClock.now() + 60_000).toUTCString()))
    expect(date).toMatchObject({ kind: 'later' })
    expect(date.kind === 'later' && date.afterMs).toBeGreaterThan(50_000)
    expect(await sent(after('soon'))).toEqual({ kind: 'later', reason })
    expect(await sent(() => new Response('slower', { status }))).toEqual({ kind: 'later', reason })
  })

  test('[M34] a date that is past is now, and nobody can ask for more than an hour', () => {
    expect(retryAfterMs('Wed, 21 Oct 2015 07:28:00 GMT', systemClock.now())).toBe(0)
    expect(retryAfterMs('999999999999999999999', 0)).toBe(3_600_000)
    expect(retryAfterMs(' 2 ', 0)).toBe(2000)
    for (const nonsense of ['', '-1 s', 'tomorrow', '1e3x']) expect([nonsense, retryAfterMs(nonsense, 0)]).toEqual([nonsense, undefined])
  })

  test.each([500, 502, 408])('[M34] %i: later', async status => {
    expect(await sent(() => new Response(null, { status }))).toEqual({ kind: 'later', reason: `status ${status}` })
  })

  test.each([400, 401, 403])('[M34] %i: failed, and the subscription stays', async status => {
    expect(await sent(() => new Response('{"a":1}\n', { status }))).toEqual({
      kind: 'failed',
      reason: `status ${status}: "{\\"a\\":1}\\n"`,
    })
  })

  test('[M34] a push service that never answers is given up in time', async () => {
    service.answer = () => new Promise(() => undefined)
    const sender = webPush(service, { timeoutMs: 150 })
    const outcome = await within('an outcome', sender.send(service.subscribe('ann', 'phone'), note))
    expect(outcome).toEqual({ kind: 'later', reason: 'no answer within 150 ms' })
  })

  test('[M34] so is one whose answer never ends, or never begins for its name is not resolved', async () => {
    const endless = () =>
      new ReadableStream<Uint8Array>({ pull: async stream => stream.enqueue(await Bun.sleep(10).then(() => Buffer.from('x'))) })
    service.answer = () => new Response(endless(), { status: 500 })
    const late = { kind: 'later', reason: 'no answer within 150 ms' } as const
    const slow = webPush(service, { timeoutMs: 150 })
    expect(await within('an outcome', slow.send(service.subscribe('ann', 'phone'), note))).toEqual(late)
    const lost = webPush(service, { timeoutMs: 150, resolve: () => new Promise(() => undefined) })
    expect(await within('an outcome', lost.send(service.subscribe('ann', 'phone'), note))).toEqual(late)
  })

  test('[M32] of an answer only the beginning is read', async () => {
    let pulled = 0
    const large = () =>
      new ReadableStream({
        pull(stream) {
          pulled++
          if (pulled > 1000) stream.close()
          else stream.enqueue(Buffer.alloc(65_536, 'x'))
        },
      })
    const outcome = await sent(() => new Response(large(), { status: 400 }))
    expect(outcome).toEqual({ kind: 'failed', reason: `status 400: "${'x'.repeat(200)}"` })
    expect(pulled).toBeLessThan(1000)
  })

  test('[M34] where nobody listens, later; and nothing is sent after closing', async () => {
    const dead = new PushService()
    const [sender, phone] = [webPush(dead), dead.subscribe('ann', 'phone')]
    await dead[Symbol.asyncDispose]()
    expect(await sender.send(phone, note)).toMatchObject({ kind: 'later' })
    const closed = webPush(service)
    closed.close()
    expect(await closed.send(service.subscribe('ann', 'phone'), note)).toEqual({ kind: 'later', reason: 'the server is closing' })
    expect(service.received).toEqual([])
  })
})

describe('keys', () => {
  test('[M36] without keys of its own a server makes a pair once, and keeps it where only its owner reads it', async () => {
    using folder = new Folder()
    const made = openVapidKeys(folder.path, systemRandom)
    expect(openVapidKeys(folder.path, systemRandom)).toEqual(made)
    expect((await Bun.file(vapidPath(folder.path)).stat()).mode & 0o777).toBe(0o600)
    const sender = webPush(service, { keys: made })
    expect(await sender.send(service.subscribe('ann', 'phone'), note)).toEqual({ kind: 'delivered' })
    expect(service.received[0]?.key).toBe(made.publicKey)
  })

  test('[M36] a damaged pair stops the start, and is not shown', async () => {
    using folder = new Folder()
    const { privateKey } = openVapidKeys(folder.path, systemRandom)
    await Bun.write(vapidPath(folder.path), JSON.stringify({ private_key: privateKey }))
    expect(() => openVapidKeys(folder.path, systemRandom)).toThrow('vapid.json: public_key')
    await Bun.write(vapidPath(folder.path), `"${createHash('md5').update('x').digest('hex')}`)
    expect(() => openVapidKeys(folder.path, systemRandom)).toThrow('is not JSON; delete it to get new keys')
  })
})
