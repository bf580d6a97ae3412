import { ECDH } from 'node:crypto'
import { isIP } from 'node:net'
import { CommandError } from '../../../protocol/index.ts'
import { chatErrors } from '../model/wire.ts'
import { pushLimits } from './limits.ts'

/**
 * Where one device takes its notifications. `endpoint` is the URL of a Web Push service with the keys of the browser beside it, or names a
 * device to the gateway of the configuration as `apns:TOKEN` or `fcm:TOKEN`, and then both keys are ''.
 */
export interface PushSubscription {
  readonly user: string
  readonly device: string
  readonly endpoint: string
  readonly p256dh: string
  readonly auth: string
}

/** A device that is reached through the gateway. */
export interface GatewayDevice {
  readonly kind: 'apns' | 'fcm'
  readonly token: string
}

/** The device behind `apns:TOKEN` or `fcm:TOKEN`; undefined for any other endpoint. */
export function gatewayOf(endpoint: string): GatewayDevice | undefined {
  if (endpoint.startsWith('apns:')) return { kind: 'apns', token: endpoint.slice(5) }
  if (endpoint.startsWith('fcm:')) return { kind: 'fcm', token: endpoint.slice(4) }
  return undefined
}

/** Which push services devices may name. */
export interface EndpointRules {
  /** `host`, `*.host`, `host:port`. */
  readonly allowedHosts: readonly string[]
  readonly allowPrivateAddresses: boolean
}

/** The problem with the URL of a Web Push service, or undefined. The URL is a stranger's: allowed hosts are listed, not forbidden ones. */
export function endpointProblem(endpoint: string, rules: EndpointRules): string | undefined {
  if (endpoint.length > pushLimits.endpointMax) return `is longer than ${pushLimits.endpointMax} characters`
  // The parser drops tabs and line ends and takes backslashes for slashes; what is sent should be what was checked.
  if (!/^[\x21-\x7e]+$/.test(endpoint) || /[\\<>"`^{|}]/.test(endpoint)) return 'must be an absolute https URL of printable ASCII'
  const url = URL.parse(endpoint)
  if (url === null || url.protocol !== 'https:') return 'must be an absolute https URL'
  if (url.username !== '' || url.password !== '' || /^https:\/\/[^/?#]*@/i.test(endpoint)) return 'must not carry credentials'
  if (url.hash !== '') return 'must not carry a fragment'
  const literal = url.hostname.startsWith('[') || isIP(url.hostname) !== 0
  if (literal && !rules.allowPrivateAddresses) return 'must name its host, not an address'
  if (!rules.allowedHosts.some(entry => matches(url, entry.toLowerCase()))) return `the host "${url.host}" is not an allowed push service`
  return undefined
}

function matches({ host, hostname, port }: URL, entry: string): boolean {
  const wanted = port === '' ? '443' : port
  const [, name = '', entryPort = '443'] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? []
  const [named, at] = entry.endsWith(']') ? [entry, '443'] : [name, entryPort]
  if (wanted !== at) return false
  if (named.startsWith('*.')) return hostname.endsWith(named.slice(1)) && hostname.length > named.length - 1
  return hostname === named || host === entry
}

/** A device's subscription: `PushSubscription.toJSON()` of a browser, or `{ endpoint: "apns:TOKEN" }`. */
export interface GivenSubscription {
  readonly endpoint: string
  readonly keys?: { readonly p256dh: string; readonly auth: string } | undefined
}

export interface SubscriptionRules extends EndpointRules {
  /** Whether there is a gateway for `apns:` and `fcm:`. */
  readonly hasGateway: boolean
}

/** The subscription with nothing about it that could do harm. @throws CommandError 422 with the path of what is wrong */
export function checkSubscription(user: string, device: string, given: GivenSubscription, rules: SubscriptionRules): PushSubscription {
  const { endpoint, keys } = given
  const gateway = gatewayOf(endpoint)
  if (gateway !== undefined) {
    if (!rules.hasGateway) throw refusal('endpoint', `this server has no gateway for ${gateway.kind}`)
    if (!/^[\w:.=+/-]+$/.test(gateway.token) || gateway.token.length > pushLimits.tokenMax)
      throw refusal('endpoint', `expected ${gateway.kind}: and a token of at most ${pushLimits.tokenMax} characters`)
    return { user, device, endpoint, p256dh: '', auth: '' }
  }
  const problem = endpointProblem(endpoint, rules)
  if (problem !== undefined) throw refusal('endpoint', problem)
  if (keys === undefined) throw refusal('keys', 'missing')
  if (!isPoint(keys.p256dh)) throw refusal('keys.p256dh', 'expected a point on P-256, 65 bytes in base64url')
  if (!/^[\w-]{22}={0,2}$/.test(keys.auth)) throw refusal('keys.auth', 'expected 16 bytes in base64url')
  return { user, device, endpoint, p256dh: unpadded(keys.p256dh), auth: unpadded(keys.auth) }
}

function refusal(path: string, reason: string): CommandError {
  return new CommandError(chatErrors.unprocessable, `subscription.${path}: ${reason}`)
}

function unpadded(text: string): string {
  const padding = text.indexOf('=')
  return padding === -1 ? text : text.slice(0, padding)
}

/** A key that is not on the curve would fail with each push, so it is refused. */
function isPoint(text: string): boolean {
  if (!/^B[\w-]{86}={0,1}$/.test(text)) return false
  try {
    ECDH.convertKey(unpadded(text), 'prime256v1', 'base64url', 'hex', 'uncompressed')
    return true
  } catch {
    // Not a point of this curve.
    return false
  }
}
