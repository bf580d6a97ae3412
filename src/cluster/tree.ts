import type { BrokerSink, CommandContext, Presence } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import type { Connector } from './connector.ts'
import { ControlLog } from './control-log.ts'
import { type Owner, slotOf } from './placement/index.ts'
import { linkCloses, protocol, type Welcome } from './protocol.ts'
import { Relay } from './relay.ts'
import { RelayBroker } from './relay-broker.ts'
import { RelayPresence } from './relay-presence.ts'
import type { NodeRole } from './report.ts'
import { Topology, type Trouble, type Upstream } from './topology.ts'
import { notReady, type TopologyOptions } from './topology-host.ts'
import { Uplink } from './uplink.ts'
import { UpstreamBroker } from './upstream-broker.ts'

/** The nodes that a relay hangs on. */
export interface Parent {
  /** `ws://host:port` each, tried in order. */
  readonly upstreams: readonly string[]
  readonly secret: string
  readonly role: 'relay' | 'worker'
  readonly region: string
}

export interface TreeOptions extends TopologyOptions {
  readonly parent: Parent
  /** Opens a connection to a parent. */
  readonly connect: Connector
}

/** Viewer counts upstream are at most this old (sports S20). */
const reportMs = 2000
/** A worker's figures are summed with its parent's, second by second. */
const workerReportMs = 500

/** A node below another one: its broker and presence are its parent's, and what services decide is asked there. */
export class Tree extends Topology {
  readonly isCentral = false
  readonly #controls: ControlLog
  readonly #relay: Relay
  readonly #uplink: Uplink
  readonly #presence: RelayPresence
  #broker: RelayBroker | undefined

  constructor(readonly options: TreeOptions) {
    const { parent, clock, random, log, id, connect } = options
    const controls = new ControlLog(undefined)
    const relay = new Relay(id, controls)
    const uplink = new Uplink({ clock, random, log, node: id, upstreams: parent.upstreams, secret: parent.secret, connect }, relay)
    super(options, {
      controls,
      isRoot: false,
      peers: undefined,
      region: parent.region,
      role: () => this.role,
      exchange: () => this.#broker,
      followed: () => this.#broker?.size,
      welcome: () => this.#welcome(),
      // Those of the central node, which knows them first.
      revocations: after => uplink.request(protocol.revocations, { after }),
      redeem: ticket => this.redeem(ticket),
      changed: () => relay.report(),
      routeBeyond: () => ({ kind: 'there', node: uplink }),
    })
    this.#controls = controls
    this.#relay = relay
    this.#uplink = uplink
    this.#presence = new RelayPresence(clock, uplink)
  }

  get role(): NodeRole {
    if (this.options.parent.role === 'worker') return 'worker'
    return this.children.reports().some(({ role }) => role !== 'worker') ? 'regional' : 'edge'
  }

  get isOrphan(): boolean {
    return this.#uplink.isLost
  }

  get upstream(): Upstream {
    return { secret: this.options.parent.secret, http: this.isOrphan ? undefined : this.#uplink.upstream.replace(/^ws/, 'http') }
  }

  broker(sink: BrokerSink): RelayBroker {
    const { clock, random, namespaces, limits } = this.options
    this.#broker = new RelayBroker({ clock, random, namespaces, healMax: limits.recoveryMax }, new UpstreamBroker(this.#uplink), sink)
    return this.#broker
  }

  presence(): Presence {
    return this.#presence
  }

  /** Services run at the central node, and their histories are asked there. */
  provideHistory(): void {}

  /** Resolves when the parent has been heard. */
  override async begin(): Promise<void> {
    const { host } = this.below
    if (this.#broker === undefined) throw notReady('the node is starting')
    await this.#relay.begin({
      clock: this.options.clock,
      node: host.node,
      broker: this.#broker,
      presence: this.#presence,
      uplink: this.#uplink,
      controls: this.#controls,
      reportMs: this.options.parent.role === 'worker' ? workerReportMs : reportMs,
      adopt: namespaces => host.adopt(namespaces),
      changed: () => this.changed(),
      reports: () => this.reports(),
      // What the parent asks for is here, below, or nowhere.
      changeWatch: change => this.below.streams.change(this.below.route(change.session), change),
      takeWatch: (session, user) => this.below.streams.take(this.below.route(session), session, user),
      channels: pattern => this.channels(pattern),
      push: pushed => this.push(pushed),
      stats: () => host.stats(),
      lost: () => this.children.sendAway(linkCloses.orphaned),
    })
  }

  override troubles(): readonly Trouble[] {
    return this.isOrphan ? [{ part: 'upstream', reason: 'no node upstream' }] : []
  }

  /** Without a way up, nodes below are told when there is one. */
  changed(): void {
    if (this.#uplink.isUp) this.children.welcomeAgain()
  }

  override renew(namespaces: ReadonlySet<string>): void {
    this.#broker?.renew(namespaces)
  }

  /** The central node, or what stands in its place, knows. */
  ownerOf(key: string): Owner {
    return { kind: 'nobody', slot: slotOf(key) }
  }

  /** Commands that are not known here are asked above, whoever owns what. */
  callOwner(key: string, method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined> {
    return this.below.host.node.call(method, data, { ...context, owned: { key, slot: slotOf(key), term: 1 } })
  }

  async redeem(ticket: string): Promise<string | undefined> {
    if (!ticket.startsWith('ticket.')) return ticket
    return (await this.#uplink.request(protocol.redeem, { ticket })) ?? undefined
  }

  override async close(): Promise<void> {
    this.#relay.close()
    await super.close()
    this.#uplink.close()
  }

  /** @throws CommandError 503 while nothing may link here: its own way up is missing, or it is about to end */
  #welcome(): Welcome {
    const { node, isDraining } = this.below.host
    if (isDraining) throw notReady('the node upstream is shutting down')
    const above = this.#uplink.isUp ? this.#relay.welcome : undefined
    if (above === undefined) throw notReady('the node upstream has no way up itself')
    const namespaces = this.options.namespaces.list().map(({ options }) => options)
    return { ...above, node: node.id, namespaces, path: [node.id, ...above.path] }
  }
}
