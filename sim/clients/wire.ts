import type { Json } from '../../src/kit/index.ts'
import type { ClientInfo, ProtocolError } from '../../src/protocol/index.ts'

/** A publication as it stands on the wire. */
export interface WirePublication {
  readonly data: Json
  readonly offset?: number
  readonly key?: string
  readonly delta?: boolean
  readonly removed?: boolean
}

/** A subscribe reply, or an entry of `subs`. */
export interface WireSubscription {
  readonly epoch?: string
  readonly offset?: number
  readonly recoverable?: boolean
  readonly recovered?: boolean
  readonly was_recovering?: boolean
  readonly publications?: readonly WirePublication[]
  readonly data?: Json
  readonly delta?: boolean
  readonly error?: ProtocolError
}

export interface WirePush {
  readonly channel?: string
  readonly pub?: WirePublication
  readonly join?: { readonly info: ClientInfo }
  readonly leave?: { readonly info: ClientInfo }
  readonly unsubscribe?: { readonly code: number; readonly reason: string }
  readonly subscribe?: WireSubscription
  readonly disconnect?: { readonly code: number; readonly reason: string; readonly reconnect: boolean }
  readonly subs?: { readonly rev: number }
  /** A channel that was asked for again by the server, and refused. */
  readonly error?: ProtocolError
  readonly batch?: readonly WirePush[]
  readonly connect?: WireStream
}

/** The first event of an event stream. */
export interface WireStream {
  readonly session: string
  readonly client: string
  readonly rev?: number
  readonly subs: Readonly<Record<string, WireSubscription>>
}

/** One message from the server over a WebSocket. */
export interface WireMessage {
  readonly id?: number
  readonly error?: ProtocolError
  readonly push?: WirePush
  readonly connect?: { readonly client: string; readonly ping?: number; readonly subs?: Readonly<Record<string, WireSubscription>> }
  readonly subscribe?: WireSubscription
}

/** The one place where text becomes messages: what the server under test wrote is taken at its word, and judged by what it says. */
export function readMessages(text: string): WireMessage[] {
  return text.split('\n').map(line => JSON.parse(line) as WireMessage)
}

export function readEvent(text: string): WirePush {
  return JSON.parse(text) as WirePush
}
