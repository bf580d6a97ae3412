import type { Json } from '../kit/index.ts'
import type { Close, ProtocolError } from './codes.ts'
import type { ClientInfo, Publication } from './publication.ts'
import { encodeSubscribeResult, type SubscribeResult } from './reply.ts'

/** Encoders of what the server sends by itself: the object that stands in `{"push":…}` on a WebSocket and alone on SSE. */
export const push = {
  publication: (channel: string, publication: Publication) => `{"channel":${JSON.stringify(channel)},"pub":${publication.json}}`,
  encodedPublication: (channel: string, publication: string) => `{"channel":${JSON.stringify(channel)},"pub":${publication}}`,
  join: (channel: string, info: ClientInfo) => `{"channel":${JSON.stringify(channel)},"join":${JSON.stringify({ info })}}`,
  leave: (channel: string, info: ClientInfo) => `{"channel":${JSON.stringify(channel)},"leave":${JSON.stringify({ info })}}`,
  unsubscribe: (channel: string, close: Close) =>
    `{"channel":${JSON.stringify(channel)},"unsubscribe":${JSON.stringify({ code: close.code, reason: close.reason })}}`,
  subscribe: (channel: string, result: SubscribeResult) =>
    `{"channel":${JSON.stringify(channel)},"subscribe":${encodeSubscribeResult(result)}}`,
  /** A channel of an event stream that could not be opened at first, and cannot be. */
  refused: (channel: string, error: ProtocolError) => `{"channel":${JSON.stringify(channel)},"error":${JSON.stringify(error)}}`,
  message: (data: Json) => `{"message":${JSON.stringify({ data })}}`,
  disconnect: (close: Close, reconnect: boolean) =>
    `{"disconnect":${JSON.stringify({ code: close.code, reason: close.reason, reconnect })}}`,
  /** `ttl` in seconds; 0 for a session that does not end. */
  refresh: (ttl: number) => `{"refresh":${JSON.stringify(ttl === 0 ? { expires: false } : { expires: true, ttl })}}`,
} as const
