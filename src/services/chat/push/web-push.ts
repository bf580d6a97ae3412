import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { encrypt } from 'web-push'
import { type Clock, defined, OutboundHttp, type OutboundRequest, UnsendableError } from '../../../kit/index.ts'
import { pushLimits } from './limits.ts'
import { bareBody, fullBody, idsOf, type NoteBody, type PushNote } from './note.ts'
import { isPublicAddress } from './public-address.ts'
import { outcomeOf, type PushOutcome, type PushSender } from './sender.ts'
import { type EndpointRules, endpointProblem, gatewayOf, type PushSubscription } from './subscription.ts'
import { type VapidKeys, VapidTokens } from './vapid.ts'

export interface WebPushOptions {
  readonly clock: Clock
  readonly keys: VapidKeys
  /** A `mailto:` or `https:` URL. */
  readonly subject: string
  readonly rules: EndpointRules
  /** The authority of push services of one's own, as PEM; those that the system knows otherwise. */
  readonly ca?: string | undefined
  /** How long an answer may take. */
  readonly timeoutMs?: number | undefined
  /** The addresses of a host; the system's resolver unless said otherwise. */
  readonly resolve?: ((host: string) => Promise<readonly string[]>) | undefined
}

/**
 * Web Push (RFC 8030) with VAPID (RFC 8292) and aes128gcm (RFC 8291). Endpoints are strangers' URLs, so each is checked again before it is
 * called, its host is resolved here, and the connection goes to the address that was checked, with the certificate of the name.
 */
export class WebPushSender implements PushSender {
  readonly #http: OutboundHttp
  readonly #tokens: VapidTokens

  constructor(readonly options: WebPushOptions) {
    const { clock, keys, subject } = options
    this.#http = new OutboundHttp({ clock, answerBytesMax: pushLimits.answerBytesMax })
    this.#tokens = new VapidTokens(keys, subject, clock)
  }

  takes({ endpoint }: PushSubscription): boolean {
    return gatewayOf(endpoint) === undefined
  }

  originOf({ endpoint }: PushSubscription): string {
    return URL.parse(endpoint)?.origin ?? ''
  }

  async send(subscription: PushSubscription, note: PushNote): Promise<PushOutcome> {
    const problem = endpointProblem(subscription.endpoint, this.options.rules)
    if (problem !== undefined) return { kind: 'failed', reason: `the endpoint ${problem}` }
    const full = fullBody(subscription, note)
    const body = [full, idsOf(full)].find(fits) ?? bareBody(full)
    if (!fits(body)) return { kind: 'too-large' }
    const outcome = await this.#post(subscription, note, body)
    if (outcome.kind !== 'too-large') return outcome
    return this.#post(subscription, note, bareBody(full))
  }

  close(): void {
    this.#http.close()
  }

  async #post(subscription: PushSubscription, note: PushNote, body: NoteBody): Promise<PushOutcome> {
    const { timeoutMs = pushLimits.answerMs } = this.options
    const result = await this.#http.send(timeoutMs, async () => this.#requests(subscription, note, body))
    if (result.kind === 'unanswered') return { kind: 'later', reason: result.reason }
    if (result.kind === 'refused') return { kind: 'failed', reason: result.reason }
    return outcomeOf(result.answer, this.options.clock.now())
  }

  /** The same request to the addresses of the host, one of each family. */
  async #requests(subscription: PushSubscription, note: PushNote, body: NoteBody): Promise<OutboundRequest[]> {
    const { ca } = this.options
    const url = new URL(subscription.endpoint)
    const addresses = await this.#addressesOf(url.hostname)
    const sealed = seal(subscription, body)
    const headers = {
      Host: url.host,
      Authorization: this.#tokens.headerFor(url.origin),
      'Content-Encoding': 'aes128gcm',
      'Content-Type': 'application/octet-stream',
      TTL: String(Math.max(0, Math.floor(note.ttlMs / 1000))),
      Urgency: note.urgency,
      Topic: note.topic,
    }
    const tls = defined({ serverName: url.hostname, ca })
    return addresses.map(address => {
      const place = isIP(address) === 6 ? `[${address}]` : address
      return {
        url: `https://${place}${url.port === '' ? '' : `:${url.port}`}${url.pathname}${url.search}`,
        headers,
        body: sealed,
        tls,
      }
    })
  }

  /** @throws Refusal where one is private: a name that leads inwards with one of them leads inwards. */
  async #addressesOf(hostname: string): Promise<string[]> {
    const { resolve = systemResolve, rules } = this.options
    const literal = hostname.replace(/^\[|\]$/g, '')
    const addresses = isIP(literal) === 0 ? await resolve(hostname) : [literal]
    if (!rules.allowPrivateAddresses && !addresses.every(isPublicAddress)) throw new UnsendableError('the host has a private address')
    const oneOf = (family: number) => addresses.filter(address => isIP(address) === family).slice(0, 1)
    return [...oneOf(4), ...oneOf(6)]
  }
}

/** Whether the body, encrypted, is one that every push service takes. */
function fits(body: NoteBody): boolean {
  return Buffer.byteLength(JSON.stringify(body)) <= pushLimits.bodyBytesMax - pushLimits.encryptionBytes
}

function seal({ p256dh, auth }: PushSubscription, body: NoteBody): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(encrypt(p256dh, auth, JSON.stringify(body), 'aes128gcm').cipherText)
  } catch {
    // An error of the library may quote the keys.
    throw new UnsendableError('the keys of the device do not fit')
  }
}

async function systemResolve(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}
