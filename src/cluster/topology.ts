import type {
  Broker,
  BrokerSink,
  CommandContext,
  Exchange,
  HistoryProvider,
  Limits,
  Log,
  NamespaceFields,
  Namespaces,
  Node,
  Presence,
  SessionPush,
} from '../hub/index.ts'
import type { Clock, Json, Random } from '../kit/index.ts'
import { CommandError } from '../protocol/index.ts'
import type { Children } from './children.ts'
import type { HostStats } from './host-stats.ts'
import type { OwnedCalls } from './owned-calls.ts'
import type { Owner, RowFence } from './placement/index.ts'
import type { TakenWatch, WatchChange } from './protocol.ts'
import type { NodeReport, NodeRole } from './report.ts'
import type { Respondent } from './survey.ts'

/** The route to something that belongs to one node. */
export type Route = { readonly kind: 'here' } | { readonly kind: 'there'; readonly node: Respondent } | { readonly kind: 'nowhere' }

/**
 * A node's place among nodes: where its broker and presence are, who owns what, and how to reach it. Single, tree and fleet each are one; the
 * rest of the server cannot tell the difference.
 */
export interface Topology {
  readonly role: NodeRole
  /** Whether services and namespaces are this node's own. Otherwise they are those of the node above. */
  readonly isCentral: boolean
  /** Whether it has been out of reach of what it needs for longer than a change of ways takes. */
  readonly isOrphan: boolean
  /** Why new clients had better go to another node; none where all is well. */
  troubles(): readonly Trouble[]
  /** The fleet as this node sees it; undefined where it is none of one. */
  fleet(): FleetFigures | undefined
  /** The node that answers HTTP that is not served here; undefined if there is none. */
  readonly upstream: Upstream | undefined
  /** Nodes linked to this one from below. */
  readonly children: Children
  /** This process and its workers together. */
  readonly hostStats: HostStats
  broker(sink: BrokerSink): Broker
  presence(broker: Broker): Presence
  /** A service keeps the histories of a namespace. */
  provideHistory(namespace: string, provider: HistoryProvider): void
  /** The parts of the server that it works on are there. */
  join(host: TopologyHost): void
  /** Takes what comes from other nodes. Resolves when own code can use the node. */
  begin(): Promise<void>
  /** Own code is there: the node takes its share of what nodes own from now on. */
  serve(): Promise<void>
  /** Something has changed that nodes below must know. */
  changed(): void
  /** The rules of namespaces have changed: what is kept of their channels is fetched anew. */
  renew(namespaces: ReadonlySet<string>): void
  /** The owner of a board, a room, a queue or a conversation. */
  ownerOf(key: string): Owner
  /** What own code does for the keys that this node owns, and hears of that. */
  readonly owned: OwnedCalls
  /** Whether it is one of several equal nodes, which have the same rows. */
  readonly isShared: boolean
  /** Guards the rows that nodes share; undefined where a node has its rows to itself. */
  readonly fence: RowFence | undefined
  /** Runs an owned call, or a command, at the owner of a key. @throws CommandError 100, temporary, while nobody owns it, and whatever the command throws */
  callOwner(key: string, method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined>
  /** The route to a session, by its id. */
  routeTo(session: string): Route
  redeem(ticket: string): Promise<string | undefined>
  /** Changes the watchlist of a stream, wherever it is. @throws CommandError 404 where it is nowhere */
  changeWatch(change: WatchChange): Promise<Json>
  /** The watchlist of a stream that broke off on another node. */
  takeWatch(session: string, user: string): Promise<TakenWatch | undefined>
  /** Sends to one client, wherever it is. False where nobody has it. */
  push(pushed: SessionPush): Promise<boolean>
  /** How many subscriptions each channel has whose name matches. @throws CommandError 107 for a pattern that makes no sense, 100 where a node does not answer */
  channels(pattern: string): Promise<Readonly<Record<string, number>>>
  /** This node and all below it. */
  reports(): readonly NodeReport[]
  /** The rows of this machine's workers for the operations page. */
  surveyWorkers(): Promise<readonly unknown[]>
  close(): Promise<void>
}

/** A part of the surroundings that cannot be used at the moment. */
export interface Trouble {
  /** `kafka` and `postgres` do not answer; the node is `deaf` where it does not hear what others publish. */
  readonly part: 'kafka' | 'postgres' | 'deaf' | 'upstream' | 'disk'
  readonly reason: string
}

/** A fleet as one of its nodes sees it. */
export interface FleetFigures {
  readonly members: readonly FleetMember[]
  /** How many slots there are, and how many of them are this node's. */
  readonly slots: number
  readonly owned: number
  /** Terms of this node that began and ended since its start: with every slot that it was given, and that it gave or lost. */
  readonly gained: number
  readonly lost: number
  /** The highest term of a slot of this node: how often that slot has had another owner. */
  readonly term: number
}

export interface FleetMember {
  readonly node: string
  readonly address: string
  /** Slots that it owns, as last read. */
  readonly slots: number
  /** Whether there is a link to it; true for the node itself. */
  readonly isLinked: boolean
}

/** The node above, as far as HTTP goes. */
export interface Upstream {
  readonly secret: string
  /** The address of the one in use; undefined while there is none. */
  readonly http: string | undefined
}

/** The options of every topology. */
export interface TopologyOptions {
  /** This node's id. */
  readonly id: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespaces: Namespaces
  readonly limits: Limits
  /** The secret that nodes show each other; none, and nothing can link here. */
  readonly secret: string | undefined
  isSecret(given: string): boolean
}

/** The parts of the server that a topology works on once they exist. */
export interface TopologyHost {
  readonly node: Node
  readonly isDraining: boolean
  /** The namespaces are those of the node above from now on. */
  adopt(namespaces: readonly NamespaceFields[]): void
  /** The token behind a ticket of this node. */
  redeem(ticket: string): string | undefined
  /** Changes the watchlist of a stream of this node. @throws CommandError 404 */
  changeWatch(change: WatchChange): Promise<Json>
  takeWatch(session: string, user: string): TakenWatch | null
  /** The rows of this process for the operations page. */
  stats(): unknown
}

/** Opens the broker that a node has to itself, or shares with those below. */
export type OpenExchange = (sink: BrokerSink) => Exchange

export function notReady(message: string): CommandError {
  return new CommandError({ code: 503, message, temporary: true })
}
