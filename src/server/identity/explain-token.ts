import { decodeJwt } from 'jose'
import { formatDuration } from '../../kit/index.ts'
import { CommandError } from '../../protocol/index.ts'
import type { TokenVerifier } from './tokens.ts'

/** What a token opens: a connection, or one channel. */
export type TokenKind = 'connection' | 'subscription'

/** Whether a server takes a token, and why not, in words. Never carries the token, its signature or a key. */
export interface TokenExplanation {
  readonly kind: TokenKind
  /** `unchecked`: the key server did not answer, so the token may be good. */
  readonly verdict: 'valid' | 'expired' | 'invalid' | 'unchecked'
  /** `expired 3m ago (exp)`, `sub: expected a text, got a number`, `good until 2026-01-01T00:00:00.000Z`. */
  readonly reason: string
}

/**
 * Explains a token to whoever made it or was refused with it.
 * @param kind what it is to open; by default what it looks like: a token with a `channel` opens that channel
 */
export async function explainToken(verifier: TokenVerifier, token: string, kind: TokenKind = kindOf(token)): Promise<TokenExplanation> {
  try {
    const verified = await (kind === 'connection' ? verifier.connection(token) : verifier.subscription(token))
    if (verified.kind === 'invalid') return { kind, verdict: 'invalid', reason: verified.reason }
    const { reason } = endOf(token, verifier.clock.now())
    return { kind, verdict: verified.kind, reason }
  } catch (error) {
    if (error instanceof CommandError) return { kind, verdict: 'unchecked', reason: error.message }
    throw error
  }
}

function kindOf(token: string): TokenKind {
  const { channel } = claimsOf(token)
  return typeof channel === 'string' && channel !== '' ? 'subscription' : 'connection'
}

/** Of a token whose claims were checked before. `expire_at` ends what it opens, `exp` the token itself. */
function endOf(token: string, now: number): { readonly reason: string } {
  const { exp, expire_at } = claimsOf(token)
  const ends = [
    ...(typeof exp === 'number' ? [{ claim: 'exp', endMs: exp * 1000 }] : []),
    ...(typeof expire_at === 'number' && expire_at !== 0 ? [{ claim: 'expire_at', endMs: expire_at * 1000 }] : []),
  ].sort((left, right) => left.endMs - right.endMs)
  const [first] = ends
  if (first === undefined) return { reason: 'good without an end' }
  const { claim, endMs } = first
  if (endMs <= now) return { reason: `expired ${formatDuration(Math.floor((now - endMs) / 1000) * 1000)} ago (${claim})` }
  return { reason: `good until ${isoOf(endMs)} (${claim})` }
}

/** Unix seconds may be any number, and a date only so large. */
function isoOf(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? 'the end of time' : date.toISOString()
}

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    return decodeJwt(token)
  } catch {
    return {}
  }
}
