import { LogBroker, type SharedLogs } from '../broker/index.ts'
import type { Broker, BrokerSink, CommandContext, Presence, SessionPush } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { Central } from './central.ts'
import type { Connector } from './connector.ts'
import { ControlLog } from './control-log.ts'
import { FleetPresence } from './fleet-presence.ts'
import { Hearing } from './hearing.ts'
import { LimitSharing } from './limit-sharing.ts'
import { BrokenLink } from './link.ts'
import { Peers } from './peers.ts'
import { type LeaseStore, Leases, type Owner, type RowFence, SlotRouter, type SlotTerm, slotCount } from './placement/index.ts'
import { linkCloses, protocol, type TakenWatch } from './protocol.ts'
import type { NodeReport } from './report.ts'
import { nodeOfSession } from './stream-directory.ts'
import { sumByName } from './survey.ts'
import type { FleetFigures, Trouble } from './topology.ts'
import { notReady, type TopologyOptions } from './topology-host.ts'

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

/**
 * One of several equal nodes: publications, presence and messages to all go through logs that every node reads, keys have owners by leases,
 * and what belongs to another node is asked of it over a link. Relays may hang below.
 */
export class Fleet extends Central {
  override readonly isShared = true
  readonly #peers: Peers
  readonly #leases: Leases
  readonly #router: SlotRouter
  readonly #limits: LimitSharing
  readonly #hearing: Hearing
  readonly #controls: ControlLog
  readonly #counts = { gained: 0, lost: 0 }
  #hasJoined = false
  #memberTrouble = 'this node has not joined the others yet'
  #log: LogBroker | undefined
  #presence: FleetPresence | undefined

  constructor(readonly options: FleetOptions) {
    const { id, clock, log, leases: store, address, slots = slotCount, secret = '' } = options
    const controls = new ControlLog(undefined)
    const peers = new Peers(
      { ...options, secret },
      {
        call: (...owned) => this.callOwned(...owned),
        below: () => this.below,
        presence: () => this.#knownPresence(),
        hears: () => this.#log !== undefined && !this.#hearing.isDeaf,
        limits: (node, report) => this.#limits.took(node, report),
      },
    )
    super(options, { controls, peers, routeBeyond: session => peers.routeTo(nodeOfSession(session)) }, options.fence)
    this.#controls = controls
    this.#peers = peers
    this.#limits = new LimitSharing(clock, peers, id)
    this.#hearing = new Hearing({
      ...{ clock, random: options.random },
      othersHear: () => peers.any(protocol.hears, null),
      sessions: () => this.below.host.node.sessions.all(),
      sendBelowAway: () => this.children.sendAway(linkCloses.orphaned),
    })
    this.#leases = new Leases(
      { clock, store, member: { node: id, address }, slots },
      {
        gained: slots => {
          log.debug({ slots: slots.length }, 'slots were gained')
          this.#counts.gained += slots.length
          this.owned.gained(slots)
          this.#presence?.gained(slots)
        },
        lost: slots => {
          log.debug({ slots: slots.length }, 'slots were lost')
          this.#counts.lost += slots.length
          this.#presence?.lost(slots)
          return this.owned.lost(slots)
        },
        moved: () => {
          this.#limits.forget(this.#peers.meet(this.#leases.members))
          this.#presence?.moved()
        },
        failed: error => {
          log.warn({ err: error }, 'the lease store does not answer')
          this.#memberTrouble = `the lease store does not answer: ${error instanceof Error ? error.message : error}`
        },
      },
    )
    this.#router = new SlotRouter(this.#leases, id, slots)
  }

  /** Whether the others count this node for gone: it owns nothing then. */
  get isOrphan(): boolean {
    return !this.#leases.isMember
  }

  broker(sink: BrokerSink): Broker {
    const { clock, random, log, namespaces, limits, logs } = this.options
    this.#log = new LogBroker(
      {
        ...{ clock, random, log, namespaces, limits, logs },
        deaf: isDeaf => this.#hearing.changed(isDeaf),
        ownsStates: partition => this.ownerOf(`states ${partition}`).kind === 'here',
        // Its place in the log is the same on every node, so that a relay that moves from one to another hears each message once.
        controlled: (message, { epoch, offset }) => void this.#controls.take({ root: epoch, number: offset, message }),
      },
      sink,
    )
    return this.withHistories(this.#log)
  }

  presence(): Presence {
    const { clock, random, namespaces, limits, id, slots = slotCount } = this.options
    if (this.#log === undefined) throw notReady('the node is starting')
    this.#presence = new FleetPresence({
      ...{ clock, random, namespaces, limits, node: id, slots, leases: this.#leases, router: this.#router, broker: this.#log },
      request: (...asked) => this.#peers.request(...asked),
    })
    return this.#presence
  }

  /** Resolves when it has read what there was. */
  override async begin(): Promise<void> {
    await this.#log?.ready
  }

  /** It becomes a member, and owns what it is given: the code that answers for that is there. */
  override async serve(): Promise<void> {
    this.#limits.begin(this.below.host.node)
    this.#hasJoined = true
    await this.#leases.begin()
    const { id, address, log } = this.options
    log.info({ node: id, address, members: this.#leases.members.length, slots: this.#leases.held.length }, 'this node has joined the fleet')
  }

  override troubles(): readonly Trouble[] {
    const troubles = [...(this.options.troubles?.() ?? [])]
    if (this.#log?.canary.isDeaf) troubles.push({ part: 'deaf', reason: 'what others publish is not heard here' })
    if (this.isOrphan) troubles.push({ part: 'postgres', reason: this.#memberTrouble })
    return troubles
  }

  override fleet(): FleetFigures {
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
      roundTripMs: this.#log?.canary.roundTripMs ?? 0,
      skipped: this.#log?.skipped.counts ?? {},
      keptBytes: this.#log?.tailBytes ?? 0,
    }
  }

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

  /** A ticket is known to the node that gave it out, whose id it carries. With that node it is void. */
  async redeem(ticket: string): Promise<string | undefined> {
    const here = this.below.host.redeem(ticket)
    const node = nodeOfSession(ticket.slice('ticket.'.length))
    if (here !== undefined || node === this.options.id) return here
    return (await orNothing(this.#peers.request(node, protocol.redeem, { ticket }))) ?? undefined
  }

  /** A node that cannot be reached may be gone, with all that it knew. */
  override takeWatch(session: string, user: string): Promise<TakenWatch | undefined> {
    return orNothing(super.takeWatch(session, user))
  }

  override async push(pushed: SessionPush): Promise<boolean> {
    return (await this.below.push(pushed)) || (await this.#peers.any(protocol.push, pushed))
  }

  override async channels(pattern: string): Promise<Readonly<Record<string, number>>> {
    const here = this.below.channels(pattern)
    const [own, others] = await Promise.all([here, this.#peers.survey(protocol.channels, { pattern })])
    return sumByName([own, ...others])
  }

  /** This node, the others, and all below each. */
  override reports(): readonly NodeReport[] {
    return [...this.below.reports(), ...this.#peers.reports()]
  }

  /** A node that never joined must not do so now. */
  override async drain(): Promise<void> {
    if (this.#hasJoined) await this.#leases.drain()
  }

  /** Others own what this node did when it resolves. */
  override async close(): Promise<void> {
    this.#limits.close()
    this.#hearing.close()
    await this.#leases.close()
    this.#peers.close()
    await super.close()
  }

  #knownPresence(): FleetPresence {
    if (this.#presence === undefined) throw notReady('the node is starting')
    return this.#presence
  }

  #callHere(
    key: string,
    { slot, term }: SlotTerm,
    method: string,
    data: Json | undefined,
    context: CommandContext,
  ): Promise<Json | undefined> {
    return this.owned.run(this.below.host.node, method, [key, data, { ...context, owned: { key, slot, term } }])
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
