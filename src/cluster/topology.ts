import type { Broker, BrokerSink, CommandContext, HistoryProvider, Presence, SessionPush } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { Below, type BelowContext } from './below.ts'
import type { Children } from './children.ts'
import type { HostStats } from './host-stats.ts'
import { OwnedCalls } from './owned-calls.ts'
import type { Owner, RowFence } from './placement/index.ts'
import type { TakenWatch, WatchChange } from './protocol.ts'
import type { NodeReport, NodeRole } from './report.ts'
import type { Route, TopologyHost, TopologyOptions } from './topology-host.ts'

/**
 * A node's place among nodes: where its broker and presence are, who owns what, and how to reach it. Single, tree and fleet each are one; the
 * rest of the server cannot tell the difference. What a topology does with the nodes below it is the same in all of them, and stands here.
 */
export abstract class Topology {
  abstract readonly role: NodeRole
  /** Whether services and namespaces are this node's own. Otherwise they are those of the node above. */
  abstract readonly isCentral: boolean
  /** Whether it has been out of reach of what it needs for longer than a change of ways takes. */
  abstract readonly isOrphan: boolean
  /** Whether it is one of several equal nodes, which have the same rows. */
  readonly isShared: boolean = false
  /** Guards the rows that nodes share; undefined where a node has its rows to itself. */
  readonly fence: RowFence | undefined
  /** What own code does for the keys that this node owns, and hears of that. */
  readonly owned = new OwnedCalls()
  /** The node that answers HTTP that is not served here; undefined if there is none. */
  abstract readonly upstream: Upstream | undefined
  protected readonly below: Below

  constructor(options: TopologyOptions, context: BelowContext, fence?: RowFence) {
    this.below = new Below(options, context)
    this.fence = fence
  }

  abstract broker(sink: BrokerSink): Broker
  abstract presence(broker: Broker): Presence
  /** A service keeps the histories of a namespace. */
  abstract provideHistory(namespace: string, provider: HistoryProvider): void
  /** Something has changed that nodes below must know. */
  abstract changed(): void
  /** The owner of a board, a room, a queue or a conversation. */
  abstract ownerOf(key: string): Owner
  /** Runs an owned call, or a command, at the owner of a key. @throws CommandError 100, temporary, while nobody owns it, and whatever the command throws */
  abstract callOwner(key: string, method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined>
  abstract redeem(ticket: string): Promise<string | undefined>

  /** Nodes linked to this one from below. */
  get children(): Children {
    return this.below.children
  }

  /** This process and its workers together. */
  get hostStats(): HostStats {
    return this.below.hostStats
  }

  /** Why new clients had better go to another node; none where all is well. */
  troubles(): readonly Trouble[] {
    return []
  }

  /** The fleet as this node sees it; undefined where it is none of one. */
  fleet(): FleetFigures | undefined {
    return undefined
  }

  /** The parts of the server that it works on are there. */
  join(host: TopologyHost): void {
    this.below.join(host)
  }

  /** Takes what comes from other nodes. Resolves when own code can use the node. */
  async begin(): Promise<void> {}

  /** Own code is there: the node takes its share of what nodes own from now on. */
  async serve(): Promise<void> {}

  /** The rules of namespaces have changed: what is kept of their channels is fetched anew. */
  renew(_namespaces: ReadonlySet<string>): void {}

  /** The route to a session, by its id. */
  routeTo(session: string): Route {
    return this.below.routeTo(session)
  }

  /** Changes the watchlist of a stream, wherever it is. @throws CommandError 404 where it is nowhere */
  changeWatch(change: WatchChange): Promise<Json> {
    return this.below.streams.change(this.routeTo(change.session), change)
  }

  /** The watchlist of a stream that broke off on another node. */
  async takeWatch(session: string, user: string): Promise<TakenWatch | undefined> {
    return (await this.below.streams.take(this.routeTo(session), session, user)) ?? undefined
  }

  /** Sends to one client, wherever it is. False where nobody has it. */
  push(pushed: SessionPush): Promise<boolean> {
    return this.below.push(pushed)
  }

  /** How many subscriptions each channel has whose name matches. @throws CommandError 107 for a pattern that makes no sense, 100 where a node does not answer */
  channels(pattern: string): Promise<Readonly<Record<string, number>>> {
    return this.below.channels(pattern)
  }

  /** This node and all below it. */
  reports(): readonly NodeReport[] {
    return this.below.reports()
  }

  /** The rows of this machine's workers for the operations page. */
  surveyWorkers(): Promise<readonly unknown[]> {
    return this.below.surveyWorkers()
  }

  /** Gives what it owns to other nodes, and takes nothing more. Resolves when they have it, or cannot. */
  async drain(): Promise<void> {}

  /** Resolves when others own what this node did. */
  async close(): Promise<void> {
    this.children.close()
  }
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
  /** How long the newest record that the node sent to itself through the log was on its way. */
  readonly roundTripMs: number
  /** Records that were passed over, by reason. */
  readonly skipped: Readonly<Record<string, number>>
  /** Bytes of publications that are kept for recovery and history. */
  readonly keptBytes: number
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
