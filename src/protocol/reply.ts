import type { Json } from '../kit/index.ts'
import type { ProtocolError } from './codes.ts'
import { encodePublication, type Publication } from './publication.ts'

/** The result of a subscribe, in its reply or in the `subs` of a connect reply. */
export interface SubscribeResult {
  readonly recoverable?: boolean
  readonly positioned?: boolean
  readonly epoch?: string
  readonly offset?: number
  readonly recovered?: boolean
  readonly was_recovering?: boolean
  readonly publications?: readonly Publication[]
  readonly data?: Json
  readonly expires?: boolean
  /** Seconds until the subscription expires. */
  readonly ttl?: number
  readonly delta?: boolean
}

export interface ConnectResult {
  readonly client: string
  readonly version: string
  readonly session?: string
  readonly node?: string
  readonly data?: Json
  readonly expires?: boolean
  /** Seconds until the connection expires. */
  readonly ttl?: number
  /** Seconds between the server's pings. */
  readonly ping?: number
  readonly pong?: boolean
}

/** A subscription that could not be made stands in `subs` with its error. */
export type SubsEntry = SubscribeResult | { readonly error: ProtocolError }

export function encodeReply(id: number, method: string, result: string): string {
  return `{"id":${id},"${method}":${result}}`
}

export function encodeErrorReply(id: number, error: ProtocolError): string {
  return id === 0 ? `{"error":${JSON.stringify(error)}}` : `{"id":${id},"error":${JSON.stringify(error)}}`
}

/** Publications are spliced in as they were encoded before. With delta, data travels as a string of JSON, the base for later deltas. */
export function encodeSubscribeResult(result: SubscribeResult): string {
  const { publications, ...rest } = result
  const head = JSON.stringify(rest)
  if (publications === undefined) return head
  const list = encodePublications(publications, result.delta === true)
  return head === '{}' ? `{"publications":${list}}` : `${head.slice(0, -1)},"publications":${list}}`
}

export function encodeConnectResult(result: ConnectResult, subs: ReadonlyMap<string, SubsEntry>): string {
  const head = JSON.stringify(result)
  if (subs.size === 0) return head
  const entries = [...subs].map(
    ([channel, entry]) => `${JSON.stringify(channel)}:${'error' in entry ? JSON.stringify(entry) : encodeSubscribeResult(entry)}`,
  )
  return `${head.slice(0, -1)},"subs":{${entries.join(',')}}}`
}

export function encodePublications(publications: readonly Publication[], escaped = false): string {
  return `[${publications.map(publication => (escaped ? encodeEscaped(publication) : publication.json)).join(',')}]`
}

/** A whole publication for a subscriber that negotiated delta. */
export function encodeEscaped(publication: Publication): string {
  return encodePublication(JSON.stringify(JSON.stringify(publication.data)), publication)
}
