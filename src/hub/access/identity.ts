import type { Json } from '../../kit/index.ts'
import type { TokenMark } from './revocations.ts'

/** What a capability permits in the channels that it names (Centrifugo's letters). */
export type Permission = 'sub' | 'pub' | 'prs' | 'hst'

export interface Capability {
  readonly channels: readonly string[]
  /** `wildcard`: a trailing or inner `*` stands for any characters. */
  readonly match?: 'exact' | 'wildcard' | undefined
  readonly allow: readonly Permission[]
}

/** A server-side subscription that a connection token or a hook asks for. */
export interface ServerSubscription {
  readonly info?: Json | undefined
  readonly data?: Json | undefined
}

/** The identity of a session's client. `user` is '' for a stranger. */
export interface Identity {
  readonly user: string
  readonly info?: Json | undefined
  /** Known to the server alone; handed to hooks. */
  readonly meta?: Json | undefined
  readonly caps?: readonly Capability[] | undefined
  /** Unix seconds; absent or 0 for never. */
  readonly expireAt?: number | undefined
  readonly subs?: Readonly<Record<string, ServerSubscription>> | undefined
  /** Of the token that said so; absent where it was no token. */
  readonly token?: TokenMark | undefined
}

/** What a subscription token grants. */
export interface SubscriptionGrant {
  readonly user: string
  readonly channel: string
  /** Binds the token to one connection. */
  readonly client?: string | undefined
  readonly info?: Json | undefined
  readonly expireAt?: number | undefined
  readonly token?: TokenMark | undefined
}

export type Verified<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'expired' }
  | { readonly kind: 'invalid'; readonly reason: string }

/** Checks tokens. The server's implementation reads JWT. */
export interface Verifier {
  connection(token: string): Promise<Verified<Identity>>
  subscription(token: string): Promise<Verified<SubscriptionGrant>>
}

/** Whether a capability list permits something in a channel. */
export function permits(caps: readonly Capability[] | undefined, channel: string, permission: Permission): boolean {
  return (
    caps?.some(({ channels, match, allow }) => allow.includes(permission) && channels.some(pattern => matches(pattern, channel, match))) ??
    false
  )
}

function matches(pattern: string, channel: string, match: Capability['match']): boolean {
  if (match !== 'wildcard') return pattern === channel
  const parts = pattern.split('*')
  let at = 0
  for (const [index, part] of parts.entries()) {
    const found = index === parts.length - 1 && index > 0 ? channel.length - part.length : channel.indexOf(part, at)
    if (found < at || (index === 0 && found !== 0) || channel.slice(found, found + part.length) !== part) return false
    at = found + part.length
  }
  return at === channel.length
}
