import type {
  AccessRequest,
  ChannelDelivery,
  Control,
  Grant,
  HistoryPage,
  HistoryQuery,
  LifecycleEvent,
  Namespace,
  PresenceStats,
  PublishOptions,
} from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { type ClientInfo, type Position, Publication, type PublicationFields } from '../protocol/index.ts'

/** A worker is an edge on the same machine and port as its parent, which speaks for it. */
export type NodeRole = 'central' | 'regional' | 'edge' | 'worker'

/** One node of the tree as its parents see it. */
export interface NodeReport {
  readonly node: string
  readonly role: NodeRole
  readonly region: string
  /** The node it hangs on; '' for the central one. */
  readonly parent: string
  readonly viewers: number
  readonly websockets: number
  readonly channels: number
  readonly published: number
  readonly delivered: number
  readonly writes: number
  readonly bytesOut: number
}

/** What a child learns when its link begins. */
export interface Welcome {
  readonly node: string
  /** Namespaces that services brought, beyond the configuration. */
  readonly namespaces: readonly Namespace[]
  /** Whether anyone upstream wants to hear of connections and subscriptions. */
  readonly listens: boolean
  /** Namespaces whose access a service upstream decides. */
  readonly authorized: readonly string[]
}

/** The watchlist of a stream that broke off. */
export interface TakenWatch {
  readonly channels: readonly string[]
  readonly rev: number
}

/** What a changed watchlist asks for, wherever its stream is. */
export interface WatchChange {
  readonly session: string
  readonly user: string
  readonly change: Json
}

/** Questions between nodes: what each takes and what it answers. Failures come back as protocol errors. */
export interface Questions {
  readonly hello: { readonly args: { readonly node: string }; readonly result: Welcome }
  readonly publish: {
    readonly args: { readonly channel: string; readonly data: Json; readonly options: PublishOptions }
    readonly result: Position
  }
  readonly announce: { readonly args: { readonly channel: string; readonly delivery: WireDelivery }; readonly result: null }
  readonly subscribe: { readonly args: { readonly channel: string }; readonly result: null }
  readonly unsubscribe: { readonly args: { readonly channel: string }; readonly result: null }
  readonly history: { readonly args: { readonly channel: string; readonly query: HistoryQuery }; readonly result: WirePage }
  readonly removeHistory: { readonly args: { readonly channel: string }; readonly result: null }
  readonly control: { readonly args: Control; readonly result: null }
  readonly track: { readonly args: { readonly entries: readonly Tracked[] }; readonly result: null }
  readonly untrack: { readonly args: { readonly channel: string; readonly client: string }; readonly result: null }
  readonly presence: { readonly args: { readonly channel: string }; readonly result: readonly ClientInfo[] }
  readonly presenceStats: { readonly args: { readonly channel: string }; readonly result: PresenceStats }
  readonly authorize: { readonly args: { readonly request: AccessRequest }; readonly result: Grant | null }
  readonly call: {
    readonly args: { readonly method: string; readonly data: Json | null; readonly user: string; readonly client: string }
    readonly result: Json
  }
  readonly redeem: { readonly args: { readonly ticket: string }; readonly result: string | null }
  readonly watch: { readonly args: WatchChange; readonly result: Json }
  readonly takeWatch: { readonly args: { readonly session: string; readonly user: string }; readonly result: TakenWatch | null }
}

export type Question = keyof Questions

/** Statements between nodes that want no answer. */
export interface Statements {
  readonly deliver: { readonly channel: string; readonly delivery: WireDelivery }
  readonly control: Control
  readonly suspect: { readonly channel: string }
  /** What a child was told when its link began has changed. */
  readonly welcome: Welcome
  readonly event: LifecycleEvent
  readonly report: { readonly nodes: readonly NodeReport[] }
}

export type Statement = keyof Statements

export interface Tracked {
  readonly channel: string
  readonly info: ClientInfo
}

/** A publication crosses as its fields. */
export type WireDelivery =
  | { readonly kind: 'publication'; readonly publication: PublicationFields; readonly epoch: string }
  | Exclude<ChannelDelivery, { kind: 'publication' }>

export interface WirePage {
  readonly position: Position
  readonly publications: readonly PublicationFields[]
  readonly complete: boolean
  readonly state: readonly PublicationFields[]
}

export function toWireDelivery(delivery: ChannelDelivery): WireDelivery {
  return delivery.kind === 'publication' ? { ...delivery, publication: delivery.publication.fields() } : delivery
}

export function fromWireDelivery(delivery: WireDelivery): ChannelDelivery {
  return delivery.kind === 'publication' ? { ...delivery, publication: new Publication(delivery.publication) } : delivery
}

export function toWirePage({ position, publications, complete, state }: HistoryPage): WirePage {
  return {
    position,
    complete,
    publications: publications.map(publication => publication.fields()),
    state: state.map(publication => publication.fields()),
  }
}

export function fromWirePage({ position, publications, complete, state }: WirePage): HistoryPage {
  return {
    position,
    complete,
    publications: publications.map(fields => new Publication(fields)),
    state: state.map(fields => new Publication(fields)),
  }
}
