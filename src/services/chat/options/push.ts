import { createECDH } from 'node:crypto'
import type { z } from 'zod'
import { option, type ReportProblem } from '../../../service.ts'

/** Push services of the browsers that people have: Chrome and Edge on Android, Firefox, Edge on Windows, Safari. */
const publicServices = [
  'fcm.googleapis.com',
  'updates.push.services.mozilla.com',
  '*.push.services.mozilla.com',
  '*.notify.windows.com',
  'web.push.apple.com',
  '*.push.apple.com',
]

const day = 86_400_000

/** Push services keep nothing for longer than four weeks; a timer of the runtime holds less. */
const ttlMaxMs = 24 * day

export const pushOptions = option.group({
  vapid_public_key: option
    .text('The public half of the key that push services know this server by: 65 bytes in base64url.', {
      phrase: 'a P-256 public key of 87 base64url characters',
      pattern: /^B[\w-]{86}$/,
      neverEmpty: true,
      otherwise: 'generated in the data folder',
    })
    .optional(),
  vapid_private_key: option.secretText(
    'The private half: 32 bytes in base64url. With another pair every device must subscribe anew.',
    'generated in the data folder',
  ),
  vapid_subject: option
    .text('Whom push services may write to about this server; some refuse what is not an address or a page.', {
      phrase: 'a "mailto:" or "https:" URL',
      pattern: /^(mailto:[^\s@]+@[^\s@]+|https:\/\/[^\s/]+\S*)$/,
      type: 'URL',
    })
    .prefault('mailto:operator@example.com'),
  grace: option.duration('How long a message may wait for its acknowledgement by any device. Beyond: the devices are notified.', '3s', {
    maxMs: 3_600_000,
  }),
  ttl: option.duration('How long a push service keeps a notification for a device that is off.', '24h', { minMs: 1000, maxMs: ttlMaxMs }),
  allowed_hosts: option
    .list(
      'Push services that devices may name: `host`, `*.host` for all below it, or `host:port`; without a port it is 443.',
      option.text('', {
        phrase: 'a host like "push.example.com" or "*.example.com"',
        pattern: /^(\[[0-9a-f:.]+\]|(\*\.)?[\w.-]+)(:\d{1,5})?$/i,
      }),
      'hosts',
    )
    .prefault(publicServices),
  allow_private_addresses: option.flag('Lets push services be on loopback and in private networks: for those of one’s own.'),
  webhook: option
    .group({
      url: option
        .text('The gateway that passes on to APNs and FCM. It gets what devices of `apns:TOKEN` and `fcm:TOKEN` are to be shown.', {
          phrase: 'an http or https URL',
          pattern: /^https?:\/\/[^\s/]+/,
          type: 'URL',
          neverEmpty: true,
          otherwise: 'none',
        })
        .optional(),
      secret: option.secretText('Secret that signs what is posted to the gateway, as hooks are signed. Required with it.', 'none', 'shown'),
      timeout: option.duration('How long to wait for the answer.', '10s', { minMs: 10, maxMs: 60_000 }),
    })
    .prefault({}),
})

type PushSettings = z.output<typeof pushOptions>

/** How chat notifies devices that do not acknowledge. */
export interface PushConfig {
  /** Both or neither; without them a pair is made up and kept in the data folder. */
  readonly vapid: { readonly publicKey: string; readonly privateKey: string } | undefined
  readonly vapidSubject: string
  readonly graceMs: number
  readonly ttlMs: number
  readonly allowedHosts: readonly string[]
  readonly allowPrivateAddresses: boolean
  readonly webhook: { readonly url: string; readonly secret: string; readonly timeoutMs: number } | undefined
}

export function pushOf(given: PushSettings): PushConfig {
  const { vapid_public_key: publicKey, vapid_private_key: privateKey, webhook } = given
  const { url, secret, timeout: timeoutMs } = webhook
  return {
    vapid: publicKey === undefined || privateKey === undefined ? undefined : { publicKey, privateKey },
    vapidSubject: given.vapid_subject,
    graceMs: given.grace,
    ttlMs: given.ttl,
    allowedHosts: given.allowed_hosts,
    allowPrivateAddresses: given.allow_private_addresses,
    webhook: url === undefined || secret === undefined ? undefined : { url, secret, timeoutMs },
  }
}

/** Options that do not fit together. */
export function checkPush(given: PushSettings, complain: ReportProblem): void {
  const { vapid_public_key: publicKey, vapid_private_key: privateKey, webhook } = given
  const beside = 'the two halves of the key go together; `npx web-push generate-vapid-keys` makes a pair'
  if (publicKey !== undefined && privateKey === undefined)
    complain('push.vapid_private_key', `missing: ${beside}`, ['push.vapid_public_key'])
  if (privateKey !== undefined && publicKey === undefined)
    complain('push.vapid_public_key', `missing: ${beside}`, ['push.vapid_private_key'])
  if (publicKey !== undefined && privateKey !== undefined && publicHalfOf(privateKey) !== publicKey)
    complain('push.vapid_private_key', 'is not the other half of push.vapid_public_key', ['push.vapid_public_key'])
  if (webhook.url !== undefined && URL.parse(webhook.url) === null) complain('push.webhook.url', 'expected an http or https URL')
  if (webhook.url !== undefined && webhook.secret === undefined)
    complain('push.webhook.secret', 'missing: it signs what is posted to push.webhook.url', ['push.webhook.url'])
  if (webhook.secret !== undefined && webhook.url === undefined)
    complain('push.webhook.url', 'missing: push.webhook.secret signs what is posted there', ['push.webhook.secret'])
}

function publicHalfOf(privateKey: string): string | undefined {
  const bytes = Buffer.from(privateKey, 'base64url')
  if (!/^[\w-]{43}$/.test(privateKey) || bytes.length !== 32) return undefined
  const curve = createECDH('prime256v1')
  try {
    curve.setPrivateKey(bytes)
  } catch {
    // Zero, or beyond the order of the curve.
    return undefined
  }
  return curve.getPublicKey('base64url')
}
