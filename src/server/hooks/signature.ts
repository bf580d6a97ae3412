import { createHmac } from 'node:crypto'
import { systemClock } from '../../kit/index.ts'
import { sameSecret } from '../identity/same-secret.ts'

export const signatureHeader = 'X-Fanfare-Signature'

/** A request of the server's as it arrived. */
export interface SignedRequest {
  /** The value of `X-Fanfare-Signature`. */
  readonly header: string | null | undefined
  /** The raw text of the body. A text made anew from parsed JSON may differ. */
  readonly body: string
  /** `hooks.secret` of the server's configuration. */
  readonly secret: string
  /** How old or early a request may be, in seconds; 300 unless said otherwise. */
  readonly toleranceS?: number
  /** Unix milliseconds; the present unless said otherwise. */
  readonly nowMs?: number
}

/** Whether a hook's request was made by who holds the secret, and lately, so that one which was overheard is soon worth nothing. */
export function verifySignature({ header, body, secret, toleranceS = 300, nowMs = systemClock.now() }: SignedRequest): boolean {
  const parts = (header ?? '').split(',').map(part => part.trim())
  const time = parts.find(part => part.startsWith('t='))?.slice(2) ?? ''
  if (!/^\d{1,12}$/.test(time) || Math.abs(nowMs / 1000 - Number(time)) > toleranceS) return false
  const expected = digestOf(time, body, secret)
  return parts.some(part => part.startsWith('v1=') && sameSecret(part.slice(3), expected))
}

/** `t=<Unix seconds>,v1=<hex HMAC-SHA256 of "t.body">` */
export function sign(body: string, secret: string, nowMs: number): string {
  const time = String(Math.floor(nowMs / 1000))
  return `t=${time},v1=${digestOf(time, body, secret)}`
}

function digestOf(time: string, body: string, secret: string): string {
  return createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
}
