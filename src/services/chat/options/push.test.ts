import { expect, test } from 'bun:test'
import { createECDH } from 'node:crypto'
import { OptionSet, resolveConfig } from '../../../server/index.ts'
import { chat } from '../index.ts'

const options = new OptionSet([chat])

function pair() {
  const curve = createECDH('prime256v1')
  const vapid_public_key = curve.generateKeys('base64url')
  return { vapid_public_key, vapid_private_key: Buffer.from(curve.getPrivateKey('hex').padStart(64, '0'), 'hex').toString('base64url') }
}

function refusals(push: unknown): readonly string[] {
  const resolution = resolveConfig({ file: { push }, options })
  return resolution.ok ? [] : resolution.problems
}

test('[M36] both halves of the key go together', () => {
  const { vapid_public_key, vapid_private_key } = pair()
  expect(refusals({ vapid_public_key, vapid_private_key })).toEqual([])
  expect(refusals({ vapid_public_key })).toEqual([expect.stringContaining('push.vapid_private_key: missing')])
  expect(refusals({ vapid_private_key })).toEqual([expect.stringContaining('push.vapid_public_key: missing')])
  const other = expect.stringContaining('push.vapid_private_key: is not the other half')
  for (const half of [pair().vapid_private_key, 'A'.repeat(43), '_'.repeat(43), 'short'])
    expect(refusals({ vapid_public_key, vapid_private_key: half })).toEqual([other])
  expect(refusals({ vapid_public_key: `A${vapid_public_key.slice(1)}`, vapid_private_key })).toEqual([
    expect.stringContaining('push.vapid_public_key: expected a P-256 public key'),
  ])
})

test('[M36] a key that does not fit is not shown', () => {
  const { vapid_public_key } = pair()
  expect(refusals({ vapid_public_key, vapid_private_key: 'hush-hush' }).join()).not.toContain('hush')
})

test('[M36] a subject is an address or a page', () => {
  for (const vapid_subject of ['mailto:a@example.com', 'https://example.com/contact']) expect(refusals({ vapid_subject })).toEqual([])
  for (const vapid_subject of ['a@example.com', 'http://example.com', 'mailto:', 'mailto:@x y', ''])
    expect(refusals({ vapid_subject })).toEqual([expect.stringContaining('push.vapid_subject: expected a "mailto:" or "https:" URL')])
})

test('[M36] allowed hosts are hosts, and a gateway has its secret', () => {
  expect(refusals({ allowed_hosts: ['push.example.com', '*.example.com', 'localhost:8443', '[::1]:8443'] })).toEqual([])
  for (const host of ['https://example.com', '*', '*.*.com', 'a/b', 'a@b', ''])
    expect(refusals({ allowed_hosts: [host] })).toEqual([expect.stringContaining('push.allowed_hosts[0]: expected a host')])
  const url = 'http://localhost:3000/push'
  expect(refusals({ webhook: { url, secret: 's' } })).toEqual([])
  expect(refusals({ webhook: { url } })).toEqual([expect.stringContaining('push.webhook.secret: missing')])
  expect(refusals({ webhook: { secret: 's' } })).toEqual([expect.stringContaining('push.webhook.url: missing')])
})

test('[C41] a push.webhook.secret that can be guessed is refused with its path, and not shown', () => {
  const file = {
    client: { token: { hmac_secret_key: 'k'.repeat(32) } },
    push: { webhook: { url: 'https://gateway.example/', secret: 'hush' } },
  }
  const resolution = resolveConfig({ file, options })
  expect(resolution.ok ? [] : resolution.problems).toEqual([
    expect.stringContaining('push.webhook.secret: expected at least 8 bytes, got 4'),
  ])
})
