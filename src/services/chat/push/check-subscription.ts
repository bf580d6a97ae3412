import { ECDH } from 'node:crypto'
import { CommandError } from '../../../protocol/index.ts'
import { chatErrors } from '../model/wire.ts'
import { type EndpointRules, endpointProblem } from './endpoint.ts'
import { gatewayOf } from './gateway-notes.ts'
import { pushLimits } from './limits.ts'
import type { PushSubscription } from './push-subscription.ts'

/** What a device gives of itself: `PushSubscription.toJSON()` of a browser, or `{ endpoint: "apns:TOKEN" }`. */
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

/** What is not on the curve would fail with each push, so it is not kept. */
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
