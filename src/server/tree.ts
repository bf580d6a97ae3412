import { MemoryBroker, MemoryPresence } from '../broker/index.ts'
import type { Broker, BrokerSink, Exchange, HistoryLog, LifecycleEvent, Log, Namespace, Namespaces, Node, Presence } from '../hub/index.ts'
import type { Clock, Json, Random } from '../kit/index.ts'
import { CommandError } from '../protocol/index.ts'
import {
  Children,
  type NodeReport,
  type NodeRole,
  Relay,
  RelayBroker,
  RelayPresence,
  type TakenWatch,
  Uplink,
  UpstreamBroker,
  type WatchChange,
  type Welcome,
} from '../relay/index.ts'
import { changeWatchlist, check, type SseTransport, type Watch, watchlistChangeSchema } from '../transport/index.ts'
import type { Config } from './config/index.ts'
import { sameSecret } from './same-secret.ts'
import type { Tickets } from './tickets.ts'

/** The nodes that a relay hangs on. */
export interface Parent {
  /** `ws://host:port` each, tried in order. */
  readonly upstreams: readonly string[]
  readonly secret: string
  readonly role: Exclude<NodeRole, 'central'>
  readonly region: string
}

export interface TreeOptions {
  readonly config: Config
  /** This node's id. */
  readonly id: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly namespaces: Namespaces
  readonly history: HistoryLog | undefined
  readonly parent: Parent | undefined
}

/** The parts of the server that the tree works on once they exist. */
export interface TreeHost {
  readonly node: Node
  readonly sse: SseTransport
  readonly tickets: Tickets
  namespace(namespace: Namespace): void
  /** Namespaces that services brought. */
  broughtNamespaces(): readonly Namespace[]
}

/**
 * This node's place in the tree: what it takes from a parent, and what it gives to the nodes below. The central node has the memory broker
 * and every other a relay of its parent's; the rest of the server cannot tell the difference.
 */
export class Tree {
  readonly children: Children
  readonly #uplink: Uplink | undefined
  readonly #relay: Relay | undefined
  #exchange: Exchange | undefined
  #presence: RelayPresence | undefined
  #host: TreeHost | undefined

  constructor(readonly options: TreeOptions) {
    const { parent, clock, random, log, id } = options
    if (parent !== undefined) {
      this.#relay = new Relay()
      this.#uplink = new Uplink({ clock, random, log, node: id, upstreams: parent.upstreams, secret: parent.secret }, this.#relay)
    }
    this.children = new Children({
      host: () => this.#begun,
      exchange: () => this.#broker,
      isSecret: given => options.config.node.secret !== undefined && sameSecret(given, options.config.node.secret),
      welcome: () => this.#welcome(),
      redeem: ticket => this.redeem(ticket),
      changeWatch: change => this.#changeWatch(change, true),
      takeWatch: (session, user) => this.#takeWatch(session, user, true),
      happened: (event, node) => this.#happened(event, node),
      left: node => this.#begun.node.lost(node),
    })
  }

  get role(): NodeRole {
    return this.options.parent?.role ?? 'central'
  }

  /** Where HTTP that is not served here is answered: the parent in use. */
  get upstreamHttp(): string | undefined {
    return this.#uplink?.upstream.replace(/^ws/, 'http')
  }

  connectBroker(sink: BrokerSink): Broker {
    const { clock, random, namespaces, history, config } = this.options
    this.#exchange =
      this.#uplink === undefined
        ? new MemoryBroker({ clock, random, namespaces, limits: config.limits, ...(history === undefined ? {} : { log: history }) }, sink)
        : new RelayBroker({ clock, random, namespaces, healMax: config.limits.recoveryMax }, new UpstreamBroker(this.#uplink), sink)
    return this.#exchange
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
    const broker = this.#exchange
    if (this.#relay === undefined || this.#uplink === undefined || this.#presence === undefined || !(broker instanceof RelayBroker)) return
    await this.#relay.begin({
      clock: this.options.clock,
      node: host.node,
      broker,
      presence: this.#presence,
      uplink: this.#uplink,
      addNamespace: namespace => host.namespace(namespace),
      reports: () => this.reports(),
      changeWatch: change => this.#changeWatch(change, false),
      takeWatch: (session, user) => this.#takeWatch(session, user, false),
    })
  }

  /** A service has brought something that nodes below must know. */
  changed(): void {
    this.children.welcomeAgain()
  }

  /** This node and all below it. */
  reports(): NodeReport[] {
    const { node } = this.#begun
    const { sessions, hub, counters } = node
    const { accepted, delivered, writes, bytesOut } = counters
    const own: NodeReport = {
      node: node.id,
      role: this.role,
      region: this.options.parent?.region ?? '',
      parent: '',
      viewers: sessions.size,
      websockets: sessions.websockets,
      channels: hub.size,
      published: accepted,
      delivered,
      writes,
      bytesOut,
    }
    return [own, ...this.children.reports().map(report => (report.parent === '' ? { ...report, parent: node.id } : report))]
  }

  /** This process and its workers together, as the one server that they are to the outside. */
  machine(): Pick<NodeReport, 'viewers' | 'websockets' | 'delivered' | 'writes' | 'bytesOut'> {
    const sum = { viewers: 0, websockets: 0, delivered: 0, writes: 0, bytesOut: 0 }
    for (const [index, report] of this.reports().entries()) {
      if (index > 0 && report.role !== 'worker') continue
      sum.viewers += report.viewers
      sum.websockets += report.websockets
      sum.delivered += report.delivered
      sum.writes += report.writes
      sum.bytesOut += report.bytesOut
    }
    return sum
  }

  async redeem(ticket: string): Promise<string | undefined> {
    if (this.#uplink === undefined || !ticket.startsWith('ticket.')) return this.#begun.tickets.redeem(ticket)
    return (await this.#uplink.ask('redeem', { ticket })) ?? undefined
  }

  /** Changes the watchlist of a stream, wherever it is. @throws CommandError */
  changeWatch(change: WatchChange): Promise<Json> {
    return this.#changeWatch(change, true)
  }

  /** The watchlist of a stream that broke off on another node. */
  async takeWatch(session: string, user: string): Promise<TakenWatch | undefined> {
    return (await this.#takeWatch(session, user, true)) ?? undefined
  }

  close(): void {
    this.#relay?.close()
    this.#uplink?.close()
    this.children.close()
  }

  get #begun(): TreeHost {
    if (this.#host === undefined) throw new CommandError({ code: 503, message: 'the node is starting', temporary: true })
    return this.#host
  }

  get #broker(): Exchange {
    if (this.#exchange === undefined) throw new CommandError({ code: 503, message: 'the node is starting', temporary: true })
    return this.#exchange
  }

  #welcome(): Welcome {
    const host = this.#begun
    const { node } = host
    return { node: node.id, namespaces: host.broughtNamespaces(), authorized: node.access.authorized, listens: node.isListened }
  }

  /** A session's id begins with its node's: the question goes there, down first, and up only if it did not come from there. */
  async #changeWatch(change: WatchChange, mayGoUp: boolean): Promise<Json> {
    const { node, sse } = this.#begun
    const at = nodeOf(change.session)
    if (at === node.id) return { ...(await changeWatchlist(sse, change.session, change.user, check(watchlistChangeSchema, change.change))) }
    const link = this.children.below(at)?.link
    if (link !== undefined) return link.ask('watch', change)
    if (this.#uplink !== undefined && mayGoUp) return this.#uplink.ask('watch', change)
    throw new CommandError({ code: 404, message: 'no such stream' })
  }

  async #takeWatch(session: string, user: string, mayGoUp: boolean): Promise<TakenWatch | null> {
    const { node, sse } = this.#begun
    const at = nodeOf(session)
    if (at === node.id) return takenFrom(sse.giveWatch(session, user))
    const link = this.children.below(at)?.link
    if (link !== undefined) return link.ask('takeWatch', { session, user })
    if (this.#uplink !== undefined && mayGoUp) return this.#uplink.ask('takeWatch', { session, user })
    return null
  }

  #happened(event: LifecycleEvent, from: string): void {
    this.#begun.node.emit(event, from)
  }
}

function nodeOf(session: string): string {
  return session.slice(0, Math.max(0, session.indexOf('.')))
}

function takenFrom(watch: Watch | undefined): TakenWatch | null {
  return watch === undefined ? null : { channels: watch.channels, rev: watch.rev }
}
