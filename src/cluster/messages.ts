import type {
  AccessRequest,
  BrokerMessage,
  Control,
  Grant,
  HistoryPage,
  HistoryQuery,
  HookClient,
  LifecycleEvent,
  NamespaceFields,
  NumberedRevocation,
  PresenceStats,
  PresenceVersion,
  PublishOptions,
  ServerSideSubscriptions,
  SessionPush,
} from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { type ClientInfo, type Close, type Position, Publication, type PublicationFields } from '../protocol/index.ts'
import type { Heard, NumberedControl } from './controls.ts'
import type { NodeReport } from './report.ts'

/** Changes when nodes of different versions would not understand each other. */
export const linkVersion = 3

/** How a child begins. */
export interface Hello {
  readonly node: string
  readonly version: number
  /** Absent on a node that has not been linked before. */
  readonly heard?: Heard
}

/** What a child must know of its parent, said when the link begins and again whenever it changes. */
export interface Welcome {
  readonly node: string
  /** Ids from the parent up to the central node, so that no node comes to hang on itself. */
  readonly path: readonly string[]
  /** Every namespace there is. */
  readonly namespaces: readonly NamespaceFields[]
  /** Namespaces whose access a service upstream decides. */
  readonly authorized: readonly string[]
  /** Namespaces whose histories a service upstream keeps in its own rows. */
  readonly historyElsewhere: readonly string[]
  /** Whether a service upstream has a connect handler. */
  readonly hasConnectHandlers: boolean
  /** Whether anyone upstream wants to hear of connections and subscriptions. */
  readonly listens: boolean
}

export interface HelloReply {
  readonly welcome: Welcome
  /** Control messages that the child has not heard. */
  readonly missed: readonly NumberedControl[]
  /** The newest that there was. */
  readonly heard?: Heard
}

/** Why a node is turned away for as long as nobody changes a configuration: the connection closes with it. */
export const refusals = {
  wrongSecret: { code: 4401, reason: 'the node secret is not the one of the node upstream' },
  noSecret: { code: 4403, reason: 'the node upstream has no node secret, so that nothing can link to it' },
} as const satisfies Record<string, Close>

export const linkCloses = {
  normal: { code: 1000, reason: 'the node is ending' },
  /** A node without a parent sends those below to look for another way up. */
  replaced: { code: 4409, reason: 'the same node has linked again' },
  orphaned: { code: 4503, reason: 'the node upstream has lost its own' },
  unreadable: { code: 4400, reason: 'what was sent cannot be read' },
} as const satisfies Record<string, Close>

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

/** A service's answer, with its `data` made and where the channel stood then: what came later is not in it. */
export interface WireGrant extends Grant {
  readonly data?: Json | undefined
}

/** Questions between nodes: what each takes and what it answers. Failures come back as protocol errors. */
export interface Questions {
  readonly hello: { readonly args: Hello; readonly result: HelloReply }
  /** How the child and all below it are. The answer is what shows that the parent lives. */
  readonly report: { readonly args: { readonly nodes: readonly NodeReport[] }; readonly result: null }
  readonly publish: {
    readonly args: { readonly channel: string; readonly data: Json; readonly options: PublishOptions }
    readonly result: Position
  }
  readonly announce: { readonly args: { readonly channel: string; readonly delivery: WireDelivery }; readonly result: null }
  readonly subscribe: { readonly args: { readonly channel: string }; readonly result: null }
  /** Subscribes and answers the history; where one fails, neither is done. */
  readonly open: { readonly args: { readonly channel: string; readonly query: HistoryQuery }; readonly result: WirePage }
  readonly history: { readonly args: { readonly channel: string; readonly query: HistoryQuery }; readonly result: WirePage }
  readonly removeHistory: { readonly args: { readonly channel: string }; readonly result: null }
  readonly control: { readonly args: Control; readonly result: null }
  readonly presence: { readonly args: { readonly channel: string }; readonly result: readonly ClientInfo[] }
  readonly presenceStats: { readonly args: { readonly channel: string }; readonly result: PresenceStats }
  readonly authorize: { readonly args: { readonly request: AccessRequest }; readonly result: WireGrant | null }
  readonly call: {
    readonly args: { readonly method: string; readonly data: Json | null; readonly user: string; readonly client: string }
    readonly result: Json
  }
  /** What services give to a client that connects. */
  readonly onConnect: {
    readonly args: { readonly client: HookClient; readonly data: Json | null }
    readonly result: ServerSideSubscriptions
  }
  /** All revocations of the central node, page by page: those after a number. */
  readonly revocations: { readonly args: { readonly after: number }; readonly result: readonly NumberedRevocation[] }
  readonly redeem: { readonly args: { readonly ticket: string }; readonly result: string | null }
  readonly watch: { readonly args: WatchChange; readonly result: Json }
  readonly takeWatch: { readonly args: { readonly session: string; readonly user: string }; readonly result: TakenWatch | null }
  /** Asked downwards: the channels that match a pattern, with how many subscriptions they have there and below. */
  readonly channels: { readonly args: { readonly pattern: string }; readonly result: Readonly<Record<string, number>> }
  /** Asked downwards, of nodes that follow the channel: whether the client is there or below, and was sent it. */
  readonly push: { readonly args: SessionPush; readonly result: boolean }
  /** Asked downwards: what operations want to see of a worker. */
  readonly stats: { readonly args: null; readonly result: unknown }
}

export type Question = keyof Questions

/** Questions that may be asked again when the link broke before the answer: they only read, or do the same when said twice. */
export const repeatable: ReadonlySet<Question> = new Set<Question>([
  'subscribe',
  'open',
  'history',
  'removeHistory',
  'presence',
  'presenceStats',
  'authorize',
  'onConnect',
  'watch',
  'takeWatch',
  'revocations',
])

/** Statements between nodes that want no answer: what they say is said again as a whole when the link is new. */
export interface Statements {
  readonly deliver: { readonly channel: string; readonly delivery: WireDelivery }
  readonly control: NumberedControl
  readonly mayHaveMissed: { readonly channel: string }
  readonly removed: { readonly channel: string }
  readonly welcome: Welcome
  readonly unsubscribe: { readonly channel: string }
  readonly track: { readonly entries: readonly Tracked[] }
  readonly untrack: Untracked
  readonly event: LifecycleEvent
  /** Channels that have subscribers on the child or below. */
  readonly occupied: { readonly channels: readonly string[] }
}

export type Statement = keyof Statements

export interface Tracked {
  readonly channel: string
  readonly info: ClientInfo
  readonly version: PresenceVersion
}

export interface Untracked {
  readonly channel: string
  readonly client: string
}

/** A publication crosses as its fields. */
export type WireDelivery =
  | { readonly kind: 'publication'; readonly publication: PublicationFields; readonly epoch: string }
  | Exclude<BrokerMessage, { kind: 'publication' }>

export interface WirePage {
  readonly position: Position
  readonly publications: readonly PublicationFields[]
  readonly complete: boolean
  readonly state: readonly PublicationFields[]
}

/** Publications of one answer: who asks for more asks again. Keeps an answer from holding up what is live. */
const pageLengthMax = 1024 * 1024

export function toWireDelivery(delivery: BrokerMessage): WireDelivery {
  return delivery.kind === 'publication' ? { ...delivery, publication: delivery.publication.fields() } : delivery
}

export function fromWireDelivery(delivery: WireDelivery): BrokerMessage {
  return delivery.kind === 'publication' ? { ...delivery, publication: new Publication(delivery.publication) } : delivery
}

/** Cuts off what would make the answer too long; such a page is not complete. */
export function toWirePage({ position, publications, complete, state }: HistoryPage): WirePage {
  let length = 0
  const fitting = publications.findIndex(publication => {
    length += publication.json.length
    return length > pageLengthMax
  })
  const sent = fitting === -1 ? publications : publications.slice(0, Math.max(1, fitting))
  return {
    position,
    complete: complete && sent.length === publications.length,
    publications: sent.map(publication => publication.fields()),
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
