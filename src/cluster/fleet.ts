import { LogBroker, LogPresence, ProvidedHistories, type SharedLogs } from '../broker/index.ts'
import type { Broker, BrokerSink, CommandContext, HistoryProvider, Presence, SessionPush } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { Below } from './below.ts'
import type { Connector } from './connector.ts'
import { ControlLog } from './control-log.ts'
import { LimitSharing } from './limit-sharing.ts'
import { BrokenLink } from './link.ts'
import { OwnedCalls } from './owned-calls.ts'
import { Peers } from './peers.ts'
import { type LeaseStore, Leases, type Owner, type RowFence, SlotRouter, type SlotTerm, slotCount } from './placement/index.ts'
import { protocol, type TakenWatch, type WatchChange, type Welcome } from './protocol.ts'
import type { NodeReport } from './report.ts'
import { centralWelcome } from './single.ts'
import { nodeOfSession } from './stream-directory.ts'
import { sumByName } from './survey.ts'
import {
  type FleetFigures,
  notReady,
  type Route,
  type Topology,
  type TopologyHost,
  type TopologyOptions,
  type Trouble,
} from './topology.ts'

/** The options of a fleet: what its nodes share, and how others reach this one. */
export interface FleetPlace {
  readonly logs: SharedLogs
  readonly leases: LeaseStore
  /** Guards the rows that the nodes share, where the leases lie beside them. */
  readonly fence?: RowFence
  /** The address at which others link to this node, such as `ws://10.0.0.4:7400`. */
  readonly address: string
  /** What of all this cannot be used at the moment. */
  troubles?(): readonly Trouble[]
  /** How many slots keys are spread over, the same on every node; as many as a fleet of some size needs where absent. */
  readonly slots?: number
}

export interface FleetOptions extends TopologyOptions, FleetPlace {
  readonly connect: Connector
}

/** Revocations of one answer between nodes. */
const revocationsPage = 500

/**
 * One of several equal nodes: publications, presence and messages to all go through logs that every node reads, keys have owners by leases,
 * and what belongs to another node is asked of it over a link. Relays may hang below.
 */
export class Fleet implements Topology {
  readonly role = 'central'
  readonly isCentral = true
  readonly upstream = undefined
  readonly isShared = true
  readonly owned = new OwnedCalls()
  readonly #below: Below
  readonly #peers: Peers
  readonly #leases: Leases
  readonly #router: SlotRouter
  readonly #limits: LimitSharing
  readonly #controls = new ControlLog(undefined)
  readonly #counts = { gained: 0, lost: 0 }
  #memberTrouble = 'this node has not joined the others yet'
  #log: LogBroker | undefined
  #histories: ProvidedHistories | undefined
  #presence: LogPresence | undefined

  constructor(readonly options: FleetOptions) {
    const { id, clock, log, leases: store, address, slots = slotCount, secret = '' } = options
    this.#peers = new Peers(
      { ...options, secret },
      {
        call: (...owned) => this.callOwned(...owned),
        below: () => this.#below,
        limits: (node, report) => this.#limits.took(node, report),
      },
    )
    this.#limits = new LimitSharing(clock, this.#peers, id)
    this.#leases = new Leases(
      { clock, store, member: { node: id, address }, slots },
      {
        gained: slots => {
          log.debug({ slots: slots.length }, 'slots were gained')
          this.#counts.gained += slots.length
          this.owned.gained(slots)
        },
        lost: slots => {
          log.debug({ slots: slots.length }, 'slots were lost')
          this.#counts.lost += slots.length
          return this.owned.lost(slots)
        },
        moved: () => this.#limits.forget(this.#peers.meet(this.#leases.members)),
        failed: error => {
          log.warn({ err: error }, 'the lease store does not answer')
          this.#memberTrouble = `the lease store does not answer: ${error instanceof Error ? error.message : error}`
        },
      },
    )
    this.#router = new SlotRouter(this.#leases, id, slots)
    this.#below = new Below(options, {
      controls: this.#controls,
      isRoot: true,
      peers: this.#peers,
      region: '',
      role: () => this.role,
      exchange: () => this.#histories,
      followed: () => undefined,
      welcome: () => this.#welcome(),
      revocations: async after => this.#below.host.node.revocations.after(after, revocationsPage),
      redeem: ticket => this.redeem(ticket),
      changed: () => undefined,
      routeBeyond: session => this.#peers.routeTo(nodeOfSession(session)),
    })
  }

  /** Whether the others count this node for gone: it owns nothing then. */
  get isOrphan(): boolean {
    return !this.#leases.isMember
  }

  get fence(): RowFence | undefined {
    return this.options.fence
  }

  get children() {
    return this.#below.children
  }

  get hostStats() {
    return this.#below.hostStats
  }

  broker(sink: BrokerSink): Broker {
    const { clock, random, log, namespaces, limits, logs } = this.options
    this.#log = new LogBroker(
      {
        ...{ clock, random, log, namespaces, limits, logs },
        // Its place in the log is the same on every node, so that a relay that moves from one to another hears each message once.
        controlled: (message, { epoch, offset }) => void this.#controls.take({ root: epoch, number: offset, message }),
      },
      sink,
    )
    this.#histories = new ProvidedHistories(clock, this.#log)
    return this.#histories
  }

  presence(): Presence {
    const { clock, random, log, namespaces, limits, logs, id } = this.options
    if (this.#log === undefined) throw notReady('the node is starting')
    this.#presence = new LogPresence({ clock, random, log, namespaces, limits, presence: logs.presence, node: id }, this.#log)
    return this.#presence
  }

  provideHistory(namespace: string, provider: HistoryProvider): void {
    this.#histories?.provide(namespace, provider)
    this.changed()
  }

  join(host: TopologyHost): void {
    this.#below.join(host)
  }

  /** Resolves when it has read what there was. */
  async begin(): Promise<void> {
    await Promise.all([this.#log?.ready, this.#presence?.ready])
  }

  /** It becomes a member, and owns what it is given: the code that answers for that is there. */
  async serve(): Promise<void> {
    this.#limits.begin(this.#below.host.node)
    await this.#leases.begin()
  }

  troubles(): readonly Trouble[] {
    const shared = this.options.troubles?.() ?? []
    return this.isOrphan ? [...shared, { part: 'postgres', reason: this.#memberTrouble }] : shared
  }

  fleet(): FleetFigures {
    const { members, held, slots } = { members: this.#leases.members, held: this.#leases.held, slots: this.options.slots ?? slotCount }
    const owned = Array.from({ length: slots }, (_, slot) => this.#leases.ownerOf(slot)?.node)
    const counts = Map.groupBy(owned, node => node)
    return {
      members: members.map(({ node, address }) => ({
        ...{ node, address, slots: counts.get(node)?.length ?? 0 },
        isLinked: node === this.options.id || this.#peers.isLinkedTo(node),
      })),
      slots,
      owned: held.length,
      ...this.#counts,
      term: Math.max(0, ...held.map(({ term }) => term)),
    }
  }

  changed(): void {
    this.children.welcomeAgain()
  }

  renew(): void {}

  ownerOf(key: string): Owner {
    return this.#router.ownerOf(key)
  }

  callOwner(key: string, method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined> {
    const { user, client = '' } = context
    return this.#router.route<Json | undefined>(key, {
      here: owned => this.#callHere(key, owned, method, data, context),
      there: ({ node }) => this.#peers.request(node, protocol.owned, { key, method, data: data ?? null, user, client }),
    })
  }

  /** A request of another node to the owner of a key. @throws CommandError 421 if this node is not the owner */
  callOwned(key: string, method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined> {
    return this.#router.serve(key, owned => this.#callHere(key, owned, method, data, context))
  }

  routeTo(session: string): Route {
    const route = this.#below.route(session)
    return route.kind === 'nowhere' ? this.#peers.routeTo(nodeOfSession(session)) : route
  }

  /** A ticket is known to the node that gave it out, whose id it carries. With that node it is void. */
  async redeem(ticket: string): Promise<string | undefined> {
    const here = this.#below.host.redeem(ticket)
    const node = nodeOfSession(ticket.slice('ticket.'.length))
    if (here !== undefined || node === this.options.id) return here
    return (await orNothing(this.#peers.request(node, protocol.redeem, { ticket }))) ?? undefined
  }

  changeWatch(change: WatchChange): Promise<Json> {
    return this.#below.streams.change(this.routeTo(change.session), change)
  }

  /** A node that cannot be reached may be gone, with all that it knew. */
  async takeWatch(session: string, user: string): Promise<TakenWatch | undefined> {
    return (await orNothing(this.#below.streams.take(this.routeTo(session), session, user))) ?? undefined
  }

  async push(pushed: SessionPush): Promise<boolean> {
    if (await this.#below.push(pushed)) return true
    return (await this.#peers.survey(protocol.push, pushed, false)).includes(true)
  }

  async channels(pattern: string): Promise<Readonly<Record<string, number>>> {
    const here = this.#below.channels(pattern)
    const [own, others] = await Promise.all([here, this.#peers.survey(protocol.channels, { pattern }, true)])
    return sumByName([own, ...others])
  }

  /** This node, the others, and all below each. */
  reports(): readonly NodeReport[] {
    return [...this.#below.reports(), ...this.#peers.reports()]
  }

  surveyWorkers(): Promise<readonly unknown[]> {
    return this.#below.surveyWorkers()
  }

  /** Others own what this node did when it resolves. */
  async close(): Promise<void> {
    this.#limits.close()
    await this.#leases.close()
    this.#peers.close()
    this.children.close()
  }

  #callHere(
    key: string,
    { slot, term }: SlotTerm,
    method: string,
    data: Json | undefined,
    context: CommandContext,
  ): Promise<Json | undefined> {
    return this.owned.run(this.#below.host.node, method, [key, data, { ...context, owned: { key, slot, term } }])
  }

  /** @throws CommandError 503 while it is about to end */
  #welcome(): Welcome {
    return centralWelcome(this.#below.host, this.options, this.#histories?.namespaces ?? [])
  }
}

/** What another node knows; nothing where it cannot be asked. */
async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof BrokenLink) return undefined
    throw error
  }
}
