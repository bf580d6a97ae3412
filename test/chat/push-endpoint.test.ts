import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { CommandError } from '../../src/protocol/index.ts'
import { pushOf, pushOptions } from '../../src/services/chat/options/index.ts'
import { checkSubscription, type PushNote } from '../../src/services/chat/push/index.ts'
import { isPublicAddress } from '../../src/services/chat/push/public-address.ts'
import { endpointProblem } from '../../src/services/chat/push/subscription.ts'
import { webPush } from './push-desk.ts'
import { PushService, pushHost } from './push-service.ts'

const note: PushNote = { kind: 'message', conversation: 'c1', seq: 7, badge: 3, urgency: 'high', ttlMs: 60_000, topic: 't'.repeat(32) }
const { allowedHosts, allowPrivateAddresses } = pushOf(pushOptions.parse({}))
const rules = { allowedHosts, allowPrivateAddresses, hasGateway: false }

let service: PushService
beforeAll(() => {
  service = new PushService()
})
afterAll(() => service[Symbol.asyncDispose]())

const keysOf = (device: string) => {
  const { p256dh, auth } = service.subscribe('ann', device)
  return { p256dh, auth }
}

/** What `chat.push` answers. */
function refusal(endpoint: string, keys = keysOf('phone'), given = rules): string {
  try {
    checkSubscription('ann', 'phone', { endpoint, keys }, given)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    expect(error.code).toBe(422)
    return error.message
  }
  return 'taken'
}

describe('endpoints', () => {
  test.each([
    'https://fcm.googleapis.com/fcm/send/abc:def',
    'https://FCM.googleapis.com:443/wp/abc',
    'https://updates.push.services.mozilla.com/wpush/v2/gAAAA',
    'https://db5p.notify.windows.com/w/?token=BQYAAAC%2b',
    'https://web.push.apple.com/QGuQyavXutnMr8',
    'https://api.push.apple.com/3/device/x',
  ])('[M32] those of the public push services are taken: %s', endpoint => {
    expect(refusal(endpoint)).toBe('taken')
  })

  const notAllowed = 'is not an allowed push service'
  test.each([
    ['http://fcm.googleapis.com/fcm/send/a', 'must be an absolute https URL'],
    ['ftp://fcm.googleapis.com/a', 'must be an absolute https URL'],
    ['file:///etc/passwd', 'must be an absolute https URL'],
    ['javascript:alert(1)', 'must be an absolute https URL'],
    ['//fcm.googleapis.com/a', 'must be an absolute https URL'],
    ['/fcm/send/a', 'must be an absolute https URL'],
    ['', 'must be an absolute https URL'],
    ['https://user:pass@fcm.googleapis.com/a', 'must not carry credentials'],
    ['https://user@fcm.googleapis.com/a', 'must not carry credentials'],
    ['https://@fcm.googleapis.com/a', 'must not carry credentials'],
    ['https://:@fcm.googleapis.com/a', 'must not carry credentials'],
    ['https://fcm.googleapis.com@evil.example/a', 'must not carry credentials'],
    ['https://fcm.googleapis.com/a#b', 'must not carry a fragment'],
    ['https://127.0.0.1/a', 'must name its host, not an address'],
    ['https://2130706433/a', 'must name its host, not an address'],
    ['https://0x7f.1/a', 'must name its host, not an address'],
    ['https://0177.0.0.1/a', 'must name its host, not an address'],
    ['https://169.254.169.254/latest/meta-data/', 'must name its host, not an address'],
    ['https://142.250.74.106/fcm/send/a', 'must name its host, not an address'],
    ['https://[::1]/a', 'must name its host, not an address'],
    ['https://[::ffff:10.0.0.1]/a', 'must name its host, not an address'],
    ['https://localhost/a', notAllowed],
    ['https://evil.example/a', notAllowed],
    ['https://fcm.googleapis.com.evil.example/a', notAllowed],
    ['https://evilfcm.googleapis.com/a', notAllowed],
    ['https://xfcm.googleapis.com/a', notAllowed],
    ['https://fcm.googleapis.com./a', notAllowed],
    ['https://push.services.mozilla.com/a', notAllowed],
    ['https://evilpush.services.mozilla.com/a', notAllowed],
    ['https://.push.services.mozilla.com/a', notAllowed],
    ['https://fcm.googleapis.com:8443/a', notAllowed],
    ['https://fcm.googleapis.com:22/a', notAllowed],
    ['https://fcm.googleapis.com\\@evil.example/a', 'printable ASCII'],
    ['https:\\\\evil.example\\a', 'printable ASCII'],
    ['https://fcm.googleapis.com/a\r\nX-Evil: 1', 'printable ASCII'],
    ['https://fcm.goo\tgleapis.com/a', 'printable ASCII'],
    [' https://fcm.googleapis.com/a', 'printable ASCII'],
    ['https://ⓕcm.googleapis.com/a', 'printable ASCII'],
    ['https://fcm.googleapis.com/\u0000', 'printable ASCII'],
    [`https://fcm.googleapis.com/${'a'.repeat(1024)}`, 'is longer than 1024 characters'],
  ])('[M32] a hostile one is refused: %j', (endpoint, reason) => {
    const answer = refusal(endpoint)
    expect(answer).toStartWith('unprocessable: subscription.endpoint: ')
    expect(answer).toContain(reason)
  })

  test('[M32] an operator’s own service is named with its port, and a wildcard stands for names below alone', () => {
    const own = (endpoint: string, ...hosts: string[]) => endpointProblem(endpoint, { allowedHosts: hosts, allowPrivateAddresses: false })
    expect(own('https://push.internal:8443/a', 'push.internal:8443')).toBeUndefined()
    expect(own('https://push.internal/a', 'push.internal:8443')).toContain(notAllowed)
    expect(own('https://push.internal:8443/a', 'push.internal')).toContain(notAllowed)
    expect(own('https://a.b.internal:8443/a', '*.Internal:8443')).toBeUndefined()
    expect(own('https://internal/a', '*.internal')).toContain(notAllowed)
    expect(own('https://push.internal/a')).toContain(notAllowed)
  })

  test('[M32] keys that do not fit are refused at once, not with each push', () => {
    const endpoint = 'https://fcm.googleapis.com/fcm/send/a'
    const { p256dh, auth } = keysOf('phone')
    for (const wrong of ['', 'B', `B${'A'.repeat(86)}`, p256dh.slice(1), `A${p256dh.slice(1)}`, `${p256dh}AA`, p256dh.replace(/.$/, '+')])
      expect(refusal(endpoint, { p256dh: wrong, auth })).toStartWith('unprocessable: subscription.keys.p256dh: ')
    for (const wrong of ['', 'AAAA', `${auth}A`, `${auth.slice(0, -1)}/`])
      expect(refusal(endpoint, { p256dh, auth: wrong })).toStartWith('unprocessable: subscription.keys.auth: ')
    expect(() => checkSubscription('ann', 'phone', { endpoint }, rules)).toThrow('unprocessable: subscription.keys: missing')
    const padded = checkSubscription('ann', 'phone', { endpoint, keys: { p256dh: `${p256dh}=`, auth: `${auth}==` } }, rules)
    expect(padded).toEqual({ user: 'ann', device: 'phone', endpoint, p256dh, auth })
  })

  test('[M38] a token for the gateway is taken where there is one', () => {
    const withGateway = { ...rules, hasGateway: true }
    expect(refusal('apns:00fc13adff78', undefined, withGateway)).toBe('taken')
    expect(refusal('fcm:cXyz:APA91b_H-x', undefined, withGateway)).toBe('taken')
    expect(refusal('apns:00fc13adff78')).toContain('subscription.endpoint: this server has no gateway for apns')
    for (const endpoint of ['apns:', 'fcm:a b', 'fcm:a\n', `apns:${'a'.repeat(513)}`])
      expect(refusal(endpoint, undefined, withGateway)).toContain('subscription.endpoint: expected')
  })
})

describe('addresses', () => {
  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2001:0:1::',
    'localhost',
    '',
  ])('[M32] %j is none of the public internet', address => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each(['8.8.8.8', '142.250.74.106', '172.15.0.1', '172.32.0.1', '100.128.0.1', '223.255.255.254', '2a00:1450:4001:82a::200a'])(
    '[M32] %s is one',
    address => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )

  test('[M32] a name that leads inwards is not called, whatever it led to when it was subscribed', async () => {
    const own = { allowedHosts: [service.authority], allowPrivateAddresses: false }
    const refused = { kind: 'failed', reason: 'the host has a private address' } as const
    for (const addresses of [['127.0.0.1'], ['10.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['::1'], ['::ffff:127.0.0.1']]) {
      const sender = webPush(service, { rules: own, resolve: async () => addresses })
      expect(await sender.send(service.subscribe('ann', 'phone'), note)).toEqual(refused)
    }
    expect(service.received).toEqual([])
  })

  test('[M32] the system’s own resolver is asked where none is given', async () => {
    const sender = webPush(service, {
      rules: { allowedHosts: [`localhost:${service.port}`], allowPrivateAddresses: false },
      resolve: undefined,
    })
    expect(await sender.send(service.subscribe('ann', 'phone', 'localhost'), note)).toEqual({
      kind: 'failed',
      reason: 'the host has a private address',
    })
  })

  test('[M32] the certificate must be that of the name, though an address is called', async () => {
    const sender = webPush(service, { rules: { allowedHosts: [`other.test:${service.port}`], allowPrivateAddresses: true } })
    const outcome = await sender.send(service.subscribe('ann', 'phone', 'other.test'), note)
    expect(outcome).toMatchObject({ kind: 'later', reason: expect.stringContaining('ALTNAME') })
    expect(await webPush(service, { ca: undefined }).send(service.subscribe('ann', 'phone'), note)).toMatchObject({
      kind: 'later',
      reason: expect.stringMatching(/self.signed|certificate/i),
    })
    expect(service.received).toEqual([])
  })

  test('[M32] a host that is no longer allowed is not called', async () => {
    const sender = webPush(service, { rules: { allowedHosts: [], allowPrivateAddresses: true } })
    const reason = `the endpoint the host "${pushHost}:${service.port}" is not an allowed push service`
    expect(await sender.send(service.subscribe('ann', 'phone'), note)).toEqual({ kind: 'failed', reason })
  })

  test('[M32] a redirect is not followed', async () => {
    let visits = 0
    using target = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response(String(++visits)) })
    for (const status of [301, 302, 303, 307, 308]) {
      service.answer = () => new Response(null, { status, headers: { Location: target.url.href } })
      expect(await webPush(service).send(service.subscribe('ann', 'phone'), note)).toEqual({
        kind: 'failed',
        reason: `status ${status}, and redirects are not followed`,
      })
    }
    expect(visits).toBe(0)
    expect(service.received).toHaveLength(5)
  })
})
