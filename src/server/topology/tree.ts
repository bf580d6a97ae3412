import { MemoryPresence, ProvidedHistories } from '../../broker/index.ts'
import {
  Children,
  type Connector,
  ControlLog,
  type Link,
  linkCloses,
  type NodeReport,
  type NodeRole,
  protocol,
  Relay,
  RelayBroker,
  RelayPresence,
  type TakenWatch,
  Uplink,
  UpstreamBroker,
  type WatchChange,
  type Welcome,
} from '../../cluster/index.ts'
import type {
  Broker,
  BrokerSink,
  Exchange,
  HistoryLog,
  HistoryProvider,
  Log,
  NamespaceFields,
  Namespaces,
  Node,
  NumberedRevocation,
  Presence,
  SessionPush,
} from '../../hub/index.ts'
import type { Clock, Json, Random } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import type { ConnectionGuard, SseTransport } from '../../transport/index.ts'
import { type BrokerOpeners, brokers, schemeOf } from '../application/brokers.ts'
import { type Config, ConfigError } from '../config/index.ts'
import { sameSecret } from '../identity/same-secret.ts'
import type { Tickets } from '../identity/tickets.ts'
import { surveyChannels } from './channel-survey.ts'
import { globOf } from './glob.ts'
import { Machine } from './machine.ts'
import { pushBelow } from './push-below.ts'
import { StreamPlaces } from './stream-places.ts'

/** The nodes that a relay hangs on. */
export interface Parent {
  /** `ws://host:port` each, tried in order. */
  readonly upstreams: readonly string[]
  readonly secret: string
  readonly role: 'relay' | 'worker'
  readonly region: string
}

export interface TreeOptions {
  readonly config: Pick<Config, 'broker' | 'limits' | 'node'>
  /** This node's id. */
  readonly id: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespaces: Namespaces
  readonly history: HistoryLog | undefined
  readonly parent: Parent | undefined
  /** Brokers beside those that ship, by scheme. */
  readonly brokers: BrokerOpeners
  /** Opens a connection to a parent. */
  readonly connect: Connector
}

/** The parts of the server that the tree works on once they exist. */
export interface TreeHost {
  readonly node: Node
  readonly sse: SseTransport
  readonly tickets: Tickets
  readonly guard: ConnectionGuard
  /** The namespaces are those of the parent from now on. */
  adopt(namespaces: readonly NamespaceFields[]): void
  /** What operations want to see of this process. */
  stats(): unknown
}

/** Viewer counts upstream are at most this old (sports S20). */
const reportMs = 2000
/** Revocations of one answer between nodes. */
const revocationsPage = 500
/** A worker's figures are summed with its parent's, second by second. */
const workerReportMs = 500

/**
 * This node's place in the tree: what it takes from a parent, and what it gives to the nodes below. The central node has the memory broker
 * and every other a relay of its parent's; the rest of the server cannot tell the difference.
 */
export class Tree {
  readonly children: Children
  readonly machine: Machine
  readonly #controls: ControlLog
  readonly #uplink: Uplink | undefined
  readonly #relay: Relay | undefined
  readonly #streams: StreamPlaces
  #exchange: Exchange | undefined
  /** On the central node. */
  #histories: ProvidedHistories | undefined
  /** On every other. */
  #relayBroker: RelayBroker | undefined
  #presence: RelayPresence | undefined
  #host: TreeHost | undefined

  constructor(readonly options: TreeOptions) {
    const { parent, clock, random, log, id, connect } = options
    this.#controls = new ControlLog(parent === undefined ? id : undefined)
    if (parent !== undefined) {
      this.#relay = new Relay(id, this.#controls)
      this.#uplink = new Uplink({ clock, random, log, node: id, upstreams: parent.upstreams, secret: parent.secret, connect }, this.#relay)
    }
    this.children = this.#createChildren()
    this.#streams = new StreamPlaces(() => this.#begun, this.children, this.#uplink)
    this.machine = new Machine(
      clock,
      () => this.#ownReport(),
      () => this.children.all(),
    )
  }

  get isCentral(): boolean {
    return this.options.parent === undefined
  }

  get isWorker(): boolean {
    return this.options.parent?.role === 'worker'
  }

  get role(): NodeRole {
    if (this.isCentral) return 'central'
    if (this.isWorker) return 'worker'
    return this.children.reports().some(({ role }) => role !== 'worker') ? 'regional' : 'edge'
  }

  /** Whether it has been without a parent for longer than a change of parents takes. */
  get isOrphan(): boolean {
    return this.#uplink?.isLost ?? false
  }

  /** Where HTTP that is not served here is answered: the parent in use, if there is one. */
  get upstreamHttp(): string | undefined {
    return this.isOrphan ? undefined : this.#uplink?.upstream.replace(/^ws/, 'http')
  }

  connectBroker(sink: BrokerSink): Broker {
    const { clock, random, namespaces, config } = this.options
    if (this.#uplink === undefined) {
      this.#histories = new ProvidedHistories(clock, this.#openBroker(sink))
      // Numbered before any node below hears of it.
      this.#histories.attach({ deliver() {}, mayHaveMissed() {}, removed() {}, control: message => this.#controls.issue(message) })
      this.#exchange = this.#histories
      return this.#histories
    }
    this.#relayBroker = new RelayBroker(
      { clock, random, namespaces, healMax: config.limits.recoveryMax },
      new UpstreamBroker(this.#uplink),
      sink,
    )
    this.#exchange = this.#relayBroker
    return this.#relayBroker
  }

  /** @throws ConfigError for a scheme that nobody knows */
  #openBroker(sink: BrokerSink): Exchange {
    const { clock, random, namespaces, history, config, brokers: others } = this.options
    const openers: BrokerOpeners = { ...brokers, ...others }
    const open = openers[schemeOf(config.broker)]
    if (open === undefined) throw new ConfigError([`broker: nothing opens ${JSON.stringify(config.broker)}`])
    const log = history === undefined ? {} : { log: history }
    return open({ url: config.broker, clock, random, namespaces, limits: config.limits, ...log }, sink)
  }

  /** Has a service keep the histories of a namespace. On every other node than the central one, those are asked upstream. */
  provideHistory(namespace: string, provider: HistoryProvider): void {
    this.#histories?.provide(namespace, provider)
    this.changed()
  }

  openPresence(broker: Broker): Presence {
    const { clock, namespaces, config } = this.options
    if (this.#uplink === undefined) return new MemoryPresence({ clock, limits: config.limits, namespaces }, broker)
    this.#presence = new RelayPresence(clock, this.#uplink)
    return this.#presence
  }

  /** The parts of the server that the tree works on are there. */
  join(host: TreeHost): void {
    this.#host = host
  }

  /** Takes what comes down the link. Resolves when the parent has been heard. */
  async begin(): Promise<void> {
    const host = this.#begun
    const broker = this.#relayBroker
    if (this.#relay === undefined || this.#uplink === undefined || this.#presence === undefined || broker === undefined) return
    await this.#relay.begin({
      clock: this.options.clock,
      node: host.node,
      broker,
      presence: this.#presence,
      uplink: this.#uplink,
      controls: this.#controls,
      reportMs: this.isWorker ? workerReportMs : reportMs,
      adopt: namespaces => host.adopt(namespaces),
      changed: () => this.changed(),
      reports: () => this.reports(),
      changeWatch: change => this.#streams.change(change, false),
      takeWatch: (session, user) => this.#streams.take(session, user, false),
      channels: pattern => this.channels(pattern),
      push: pushed => this.push(pushed),
      stats: () => host.stats(),
      lost: () => this.children.sendAway(linkCloses.orphaned),
    })
  }

  /** Something has changed that nodes below must know. Without a way up, they are told when there is one. */
  changed(): void {
    if (this.isCentral || this.#uplink?.isUp) this.children.welcomeAgain()
  }

  /** The rules of namespaces have changed: what is kept of their channels is fetched anew. */
  renew(namespaces: ReadonlySet<string>): void {
    this.#relayBroker?.renew(namespaces)
  }

  /** This node and all below it. */
  reports(): NodeReport[] {
    const { id } = this.options
    return [this.#ownReport(), ...this.children.reports().map(report => (report.parent === '' ? { ...report, parent: id } : report))]
  }

  /** The processes of this machine that hang on this one. */
  get workerLinks(): Link[] {
    return [...this.children.all()].flatMap(({ link, reports }) => (reports[0]?.role === 'worker' ? [link] : []))
  }

  async redeem(ticket: string): Promise<string | undefined> {
    if (this.#uplink === undefined || !ticket.startsWith('ticket.')) return this.#begun.tickets.redeem(ticket)
    return (await this.#uplink.request(protocol.redeem, { ticket })) ?? undefined
  }

  /** Changes the watchlist of a stream, wherever it is. @throws CommandError */
  changeWatch(change: WatchChange): Promise<Json> {
    return this.#streams.change(change, true)
  }

  /** The watchlist of a stream that broke off on another node. */
  async takeWatch(session: string, user: string): Promise<TakenWatch | undefined> {
    return (await this.#streams.take(session, user, true)) ?? undefined
  }

  /** Sends to one client, here or below. */
  push(pushed: SessionPush): Promise<boolean> {
    return pushBelow(pushed, this.#begun.node, this.children)
  }

  /** How many subscriptions each channel has whose name matches, here and below. @throws CommandError 107 for a pattern that makes no sense */
  channels(pattern: string): Promise<Readonly<Record<string, number>>> {
    const passes = globOf(pattern)
    if (passes === undefined) throw new CommandError(errors.badRequest, 'pattern: expected one like "news:*"')
    return surveyChannels(pattern, passes, this.#begun.node, this.children)
  }

  close(): void {
    this.#relay?.close()
    this.children.close()
    this.#uplink?.close()
  }

  get #historyElsewhere(): readonly string[] {
    return this.#histories?.namespaces ?? []
  }

  get #begun(): TreeHost {
    if (this.#host === undefined) throw notReady('the node is starting')
    return this.#host
  }

  get #broker(): Exchange {
    if (this.#exchange === undefined) throw notReady('the node is starting')
    return this.#exchange
  }

  #createChildren(): Children {
    const { clock, log, config } = this.options
    const { secret } = config.node
    return new Children({
      clock,
      log,
      controls: this.#controls,
      secret,
      isSecret: given => secret !== undefined && sameSecret(given, secret),
      isRoot: this.isCentral,
      node: () => this.#begun.node,
      exchange: () => this.#broker,
      welcome: () => this.#welcome(),
      revocations: after => this.#revocationsAfter(after),
      redeem: ticket => this.redeem(ticket),
      changeWatch: change => this.#streams.change(change, true),
      takeWatch: (session, user) => this.#streams.take(session, user, true),
      happened: (event, owner) => this.#begun.node.emit(event, owner),
      left: owner => this.#begun.node.lost(owner),
      changed: () => this.#relay?.report(),
      parted: report => this.machine.parted(report),
    })
  }

  /** Those of the central node, which knows them first. */
  async #revocationsAfter(after: number): Promise<readonly NumberedRevocation[]> {
    return this.#uplink === undefined
      ? this.#begun.node.revocations.after(after, revocationsPage)
      : this.#uplink.request(protocol.revocations, { after })
  }

  /** @throws CommandError while nothing may link here: its own way up is missing, or it is about to end */
  #welcome(): Welcome {
    const { node, guard } = this.#begun
    const own = { node: node.id, namespaces: this.options.namespaces.list().map(({ options }) => options) }
    if (guard.isDraining) throw notReady('the node upstream is shutting down')
    if (this.isCentral) {
      const { access, connectHandlers, isListened } = node
      const { authorized } = access
      return {
        ...own,
        path: [node.id],
        authorized,
        historyElsewhere: this.#historyElsewhere,
        hasConnectHandlers: connectHandlers.size > 0,
        listens: isListened,
      }
    }
    const above = this.#uplink?.isUp ? this.#relay?.welcome : undefined
    if (above === undefined) throw notReady('the node upstream has no way up itself')
    return { ...above, ...own, path: [node.id, ...above.path] }
  }

  #ownReport(): NodeReport {
    const { node } = this.#begun
    const { sessions, hub, counters } = node
    const { accepted, delivered, writes, bytesOut, dropped, commands, recovered, unrecovered, errors, closes } = counters
    return {
      node: node.id,
      role: this.role,
      region: this.options.parent?.region ?? '',
      parent: '',
      viewers: sessions.size,
      websockets: sessions.websockets,
      subscriptions: hub.subscriptions,
      channels: this.#channelCount(),
      published: accepted,
      delivered,
      relayed: this.children.relayed,
      writes,
      bytesOut,
      dropped,
      commands,
      recovered,
      unrecovered,
      errors: Object.fromEntries(errors),
      closes: Object.fromEntries(closes),
    }
  }

  #channelCount(): number {
    const { hub } = this.#begun.node
    if (this.#relayBroker !== undefined) return this.#relayBroker.size
    if (this.children.size === 0) return hub.size
    const followed = new Set([...this.children.all()].flatMap(child => [...child.channels]))
    for (const { name } of hub.channels()) followed.add(name)
    return followed.size
  }
}

function notReady(message: string): CommandError {
  return new CommandError({ code: 503, message, temporary: true })
}
