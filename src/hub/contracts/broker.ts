import type { Json } from '../../kit/index.ts'
import type { ClientInfo, Position, Publication } from '../../protocol/index.ts'
import type { Revocation } from '../access/revocations.ts'

/** Options of a publication beside its data. */
export interface PublishOptions {
  readonly key?: string
  readonly lane?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly info?: ClientInfo
  /** The same key within five minutes is the same publication: the first position is answered again and nothing is sent. */
  readonly idempotencyKey?: string
  /** Delivers without a place in the history. */
  readonly skipHistory?: boolean
  /** The place that a history provider gave it. Without one it is delivered without a place, where a service keeps the history. */
  readonly at?: Position
  /** Delivers it to this node and those below it alone, where a service keeps the history: every other node delivers it by itself. */
  readonly here?: boolean
  /** Lets it go out as a delta, where the namespace does not do so by itself (`delta_publish`). */
  readonly delta?: boolean
}

/** A channel's history from a position on, and what its state stores hold. */
export interface HistoryPage {
  /** The newest place in the channel. */
  readonly position: Position
  /** In order, without a gap between them. */
  readonly publications: readonly Publication[]
  /** Whether `publications` begins right after the asked position, of the same epoch, so that together they miss nothing. */
  readonly complete: boolean
  /** Current values of a `latest` or `conflated` channel and of the low lanes of a `lanes` channel, oldest first. */
  readonly state: readonly Publication[]
}

export interface HistoryQuery {
  /** Absent: from the oldest (or the newest, if reversed). */
  readonly since?: Position
  /** How many publications at most; 0 asks for the position and state alone. */
  readonly limit: number
  readonly reverse?: boolean
}

/** A message from a broker to every node that subscribed to the channel. */
export type BrokerMessage =
  | { readonly kind: 'publication'; readonly publication: Publication; readonly epoch: string }
  | { readonly kind: 'join'; readonly infos: readonly ClientInfo[] }
  | { readonly kind: 'leave'; readonly infos: readonly ClientInfo[] }

/** A request to every node. */
export type Control = SessionControl | RevokeControl

/** Tokens are void from now on, and what stands on them ends. */
export interface RevokeControl {
  readonly kind: 'revoke'
  readonly revocation: Revocation
}

/** A request to every node about sessions that may be anywhere. */
export type SessionControl =
  | {
      readonly kind: 'disconnect'
      readonly user: string
      readonly client?: string
      readonly session?: string
      readonly whitelist?: readonly string[]
      readonly code: number
      readonly reason: string
    }
  | {
      readonly kind: 'subscribe'
      readonly user: string
      readonly client?: string
      readonly session?: string
      readonly channel: string
      readonly options: SubscribeControl
    }
  | { readonly kind: 'unsubscribe'; readonly user: string; readonly client?: string; readonly session?: string; readonly channel: string }
  | {
      readonly kind: 'refresh'
      readonly user: string
      readonly client?: string
      readonly session?: string
      readonly expired?: boolean
      readonly expireAt?: number
    }

export interface SubscribeControl {
  readonly info?: Json
  readonly data?: Json
  readonly recoverSince?: Position
}

/** The node that a broker delivers to. Synchronous; never throws. */
export interface BrokerSink {
  deliver(channel: string, delivery: BrokerMessage): void
  control(message: Control): void
  /** The channel may have moved on without this sink hearing all of it: it should ask. */
  mayHaveMissed(channel: string): void
  /** The channel's history was removed: what is kept of it elsewhere must go as well. */
  removed(channel: string): void
}

/**
 * Moves publications between nodes and appends them to a channel's history, atomically per channel.
 * Every implementation passes `brokerContract` of `test/contract/broker.ts`.
 */
export interface Broker {
  /** Appends, then delivers. Resolves when the append is as durable as the namespace asks. */
  publish(channel: string, data: Json, options: PublishOptions): Promise<Position>
  /** Delivers what needs no append: joins and leaves, and what a service has put into a history of its own. */
  announce(channel: string, delivery: BrokerMessage): Promise<void>
  /** Counted: it lasts until as many have unsubscribed. */
  subscribe(channel: string): Promise<void>
  /** Subscribes, then reads; when it fails nothing is subscribed. */
  open(channel: string, query: HistoryQuery): Promise<HistoryPage>
  unsubscribe(channel: string): Promise<void>
  history(channel: string, query: HistoryQuery): Promise<HistoryPage>
  removeHistory(channel: string): Promise<void>
  control(message: Control): Promise<void>
  close(): Promise<void>
}

/** A broker that serves several nodes: its own, and those that are linked to it. */
export interface Exchange extends Broker {
  /** Delivers to this node and those below it alone: what every node finds out by itself. */
  deliverHere(channel: string, message: BrokerMessage): void
  attach(sink: BrokerSink): void
  detach(sink: BrokerSink): void
}

/** `Broker.open` where both at once would save no round trip. */
export async function subscribeAndRead(
  broker: Pick<Broker, 'subscribe' | 'unsubscribe' | 'history'>,
  channel: string,
  query: HistoryQuery,
): Promise<HistoryPage> {
  await broker.subscribe(channel)
  try {
    return await broker.history(channel, query)
  } catch (error) {
    await broker.unsubscribe(channel)
    throw error
  }
}
