import { z } from 'zod'
import type {
  AccessRequest,
  Control,
  HistoryQuery,
  HookClient,
  LifecycleEvent,
  LimitReport,
  NamespaceFields,
  NumberedRevocation,
  PresenceVersion,
  PublishOptions,
  ServerSideSubscriptions,
  SessionPush,
} from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import type { ClientInfo, Close, Position } from '../protocol/index.ts'
import type { NumberedControl } from './control-log.ts'
import type { NodeReport } from './report.ts'
import { notify, request, shaped } from './row.ts'
import type { WireGrant, WireMessage, WirePage } from './wire.ts'

/** Changes when nodes of different versions would not understand each other. */
export const linkVersion = 5

/** Why a node is turned away for as long as nobody changes something: the connection closes with it. */
export const refusals = {
  wrongSecret: { code: 4401, reason: 'the node secret is not the one of the node upstream' },
  noSecret: { code: 4403, reason: 'the node upstream has no node secret, so that nothing can link to it' },
  otherVersion: { code: 4426, reason: 'the node upstream is of another release: run the same on both' },
} as const satisfies Record<string, Close>

export const linkCloses = {
  normal: { code: 1000, reason: 'the node is ending' },
  /** A node without a parent sends those below to look for another way up. */
  replaced: { code: 4409, reason: 'the same node has linked again' },
  orphaned: { code: 4503, reason: 'the node upstream has lost its own' },
  unreadable: { code: 4400, reason: 'what was sent cannot be read' },
} as const satisfies Record<string, Close>

const text = z.string()
const count = z.number()
const json = z.custom<Json>(value => value !== undefined)
const nothing = z.null()
/** Names of channels, nodes or namespaces. */
const names = z.array(text).readonly()
const position: z.ZodType<Position> = z.object({ epoch: text, offset: count })
const named = z.looseObject({ channel: text })
const clientInfo = shaped<ClientInfo>(z.looseObject({ user: text, client: text }))
const hookClient = shaped<HookClient>(z.looseObject({ client: text, user: text, transport: text }))

/** What a broker hands to a node, once for each of them: looked at by hand, since it is all that a busy link carries. */
export interface Delivered {
  readonly channel: string
  readonly message: WireMessage
}

const messageKinds: ReadonlySet<unknown> = new Set<WireMessage['kind']>(['publication', 'join', 'leave'])
const delivered = z.custom<Delivered>(
  value => isRecord(value) && typeof value.channel === 'string' && isRecord(value.message) && messageKinds.has(value.message.kind),
)

const historyQuery = shaped<{ readonly channel: string; readonly query: HistoryQuery }>(
  named.extend({ query: z.looseObject({ limit: count }) }),
)
const page = shaped<WirePage>(z.looseObject({ position, complete: z.boolean(), publications: z.array(json), state: z.array(json) }))
const control = shaped<Control>(z.looseObject({ kind: text }))
const numberedControl = shaped<NumberedControl>(z.looseObject({ root: text, number: count, message: control }))
const event = shaped<LifecycleEvent>(z.looseObject({ kind: text }))
const revocation = shaped<NumberedRevocation>(z.looseObject({ number: count, revocation: z.looseObject({ kind: text }) }))
const grant = shaped<WireGrant>(z.looseObject({}))
const accessRequest = shaped<AccessRequest>(named.extend({ user: text, action: text }))
const version: z.ZodType<PresenceVersion> = z.array(count).readonly()
const streamOfUser = z.object({ session: text, user: text })

/** How a child begins. */
const hello = z.object({
  node: text,
  version: count,
  /** The last control message that it heard; absent on a node that has not been linked before. */
  heard: z.object({ root: text, number: count }).optional(),
})
export type Hello = z.output<typeof hello>

/** What a child must know of its parent; sent when the link begins and again whenever it changes. */
const welcome = z.object({
  node: text,
  /** Ids from the parent up to the central node, so that no node comes to hang on itself. */
  path: names,
  /** Every namespace there is. */
  namespaces: z.array(shaped<NamespaceFields>(z.looseObject({ name: text }))).readonly(),
  /** Namespaces whose access a service upstream decides. */
  authorized: names,
  /** Namespaces whose histories a service upstream keeps in its own rows. */
  historyElsewhere: names,
  /** Whether a service upstream has a connect handler. */
  hasConnectHandlers: z.boolean(),
  /** Whether anyone upstream wants to hear of connections and subscriptions. */
  listens: z.boolean(),
})
export type Welcome = Readonly<z.output<typeof welcome>>

const helloReply = z.object({
  welcome,
  /** Control messages that the child has not heard. */
  missed: z.array(numberedControl).readonly(),
  /** The newest that there was. */
  heard: z.object({ root: text, number: count }).optional(),
})
export type HelloReply = z.output<typeof helloReply>

/** The watchlist of a stream that broke off. */
const takenWatch = z.object({ channels: names, rev: count })
export type TakenWatch = Readonly<z.output<typeof takenWatch>>

/** A change of a watchlist, wherever its stream is. */
const watchChange = streamOfUser.extend({ change: json })
export type WatchChange = Readonly<z.output<typeof watchChange>>

const tracked = z.object({ channel: text, info: clientInfo, version })
export type Tracked = z.output<typeof tracked>

/** A change of who is in a channel. */
const presenceChange = z.discriminatedUnion('kind', [
  tracked.extend({ kind: z.literal('track') }),
  z.object({ kind: z.literal('untrack'), channel: text, client: text }),
])
export type PresenceChange = z.output<typeof presenceChange>

/** All that a node holds in a slot, in one part or several. */
const presencePart = z.object({ slot: count, term: count, isFirst: z.boolean(), isLast: z.boolean(), entries: z.array(tracked).readonly() })
export type PresencePart = Readonly<z.output<typeof presencePart>>

/** What a node tells an owner of slots of who is on it. */
const presenceTelling = z.object({
  node: text,
  /** What was said in an earlier turn does not count any more. */
  turn: count,
  /** Slots, with their terms, that the node holds nothing in. */
  empty: z.array(z.tuple([count, count])).readonly(),
  parts: z.array(presencePart).readonly(),
  changes: z.array(presenceChange).readonly(),
  /** It ends, with all that it holds. */
  isEnd: z.boolean(),
})
export type PresenceTelling = Readonly<z.output<typeof presenceTelling>>

/** Channels in no order; `next` is how many came so far, 0 at the end. */
const announcedPage = z.object({
  channels: z.array(z.object({ channel: text, infos: z.array(clientInfo).readonly() })).readonly(),
  next: count,
})
export type AnnouncedPage = Readonly<z.output<typeof announcedPage>>

const reports = shaped<{ readonly nodes: readonly NodeReport[] }>(
  z.looseObject({ nodes: z.array(z.looseObject({ node: text, role: text, region: text, parent: text, viewers: count })) }),
)

const limitReport = z.object({
  node: text,
  report: z.object({ spent: z.array(z.tuple([text, text, count])), sessions: z.array(z.tuple([text, count])) }),
})

const again = { repeatable: true } as const

/** All that nodes ask and say over a link. A new question is a row here, a call, and a handler. */
export const protocol = {
  // From a node to its parent.
  hello: request('hello', hello, helloReply),
  /** The reports of the child and of all nodes below it. The answer shows that the parent lives. */
  report: request('report', reports, nothing),
  publish: request(
    'publish',
    shaped<{ readonly channel: string; readonly data: Json; readonly options: PublishOptions }>(
      named.extend({ data: json, options: z.looseObject({}) }),
    ),
    position,
  ),
  announce: request('announce', delivered, nothing),
  subscribe: request('subscribe', z.object({ channel: text }), nothing, again),
  /** Subscribes and answers the history; where one fails, neither is done. */
  open: request('open', historyQuery, page, again),
  history: request('history', historyQuery, page, again),
  removeHistory: request('removeHistory', z.object({ channel: text }), nothing, again),
  control: request('control', control, nothing),
  presence: request('presence', z.object({ channel: text }), z.array(clientInfo).readonly(), again),
  presenceStats: request('presenceStats', z.object({ channel: text }), z.object({ clients: count, users: count }), again),
  authorize: request('authorize', z.object({ request: accessRequest }), grant.nullable(), again),
  call: request('call', z.object({ method: text, data: json, user: text, client: text }), json),
  /** The server-side subscriptions that services give a client that connects. */
  onConnect: request('onConnect', z.object({ client: hookClient, data: json }), shaped<ServerSideSubscriptions>(z.looseObject({})), again),
  /** All revocations of the central node, page by page: those after a number. */
  revocations: request('revocations', z.object({ after: count }), z.array(revocation).readonly(), again),
  redeem: request('redeem', z.object({ ticket: text }), text.nullable()),
  unsubscribe: notify('unsubscribe', z.object({ channel: text })),
  track: notify('track', z.object({ entries: z.array(tracked).readonly() })),
  untrack: notify('untrack', z.object({ channel: text, client: text })),
  event: notify('event', event),
  /** Channels that have subscribers on the child or below. */
  occupied: notify('occupied', z.object({ channels: names })),

  // From a node to those below.
  deliver: notify('deliver', delivered),
  controlled: notify('controlled', numberedControl),
  mayHaveMissed: notify('mayHaveMissed', z.object({ channel: text })),
  removed: notify('removed', z.object({ channel: text })),
  welcome: notify('welcome', welcome),
  /** The channels that match a pattern, with how many subscriptions they have there and below. */
  channels: request('channels', z.object({ pattern: text }), z.record(text, count)),
  /** Of nodes that follow the channel: whether the client is there or below, and was sent it. */
  push: request('push', shaped<SessionPush>(named.extend({ client: text, publications: z.array(json) })), z.boolean()),
  /** The rows of a worker for the operations page. */
  stats: request('stats', nothing, z.unknown()),

  // Between nodes of the same standing.
  peer: request('peer', z.object({ node: text, version: count }), z.object({ node: text })),
  /** The node and all below it, which shows that it lives. */
  alive: request('alive', nothing, reports, again),
  /** Whether the node hears what is new in the log that all share. */
  hears: request('hears', nothing, z.boolean(), again),
  /** A command that concerns a key, for the key's owner. */
  owned: request('owned', z.object({ key: text, method: text, data: json, user: text, client: text }), json),

  /** What users had of their limits beyond the node's share. */
  limits: request('limits', shaped<{ readonly node: string; readonly report: LimitReport }>(limitReport), nothing, again),

  /** Who is on the node, for an owner of slots. The answer are slots of which it must tell all. */
  tellPresence: request('tellPresence', presenceTelling, z.array(count).readonly()),
  /** Of the node that owns the channel. */
  presenceOf: request('presenceOf', z.object({ channel: text }), z.array(clientInfo).readonly(), again),
  presenceStatsOf: request('presenceStatsOf', z.object({ channel: text }), z.object({ clients: count, users: count }), again),
  /** Clients whose join was announced and not their leave, for a node that has not read so far back. */
  announced: request('announced', z.object({ from: count }), announcedPage, again),

  // Either way.
  watch: request('watch', watchChange, json, again),
  takeWatch: request('takeWatch', streamOfUser, takenWatch.nullable(), again),
} as const

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
