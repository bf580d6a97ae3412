import type { z } from 'zod'
import type { Connector, FleetPlace, LinkListener, Parent, Topology, TopologyHost } from '../../cluster/index.ts'
import {
  type Authorizer,
  type ConnectHandler,
  type FeedTarget,
  type Following,
  type HistoryLog,
  type HistoryPage,
  type HistoryProvider,
  type HistoryQuery,
  inTime,
  type LifecycleEvent,
  type Log,
  type Namespace,
  type NamespaceFields,
  type NamespaceInput,
  Node,
  namespaceFrom,
  type OwnCodeOptions,
  type PresenceStats,
  type PublishOptions,
  type PushedPublication,
  type Revocation,
  Revocations,
  type RunningContext,
  type SubscribeControl,
  type Verifier,
} from '../../hub/index.ts'
import { type Answer, type Clock, type Fetch, type Json, type Jsonable, json, type Random, randomId } from '../../kit/index.ts'
import type { ClientInfo, Close, Position } from '../../protocol/index.ts'
import {
  ConnectionGuard,
  changeWatchlist,
  check,
  type RouteHandler,
  Router,
  SseTransport,
  watchlistChangeSchema,
} from '../../transport/index.ts'
import type { Config } from '../config/index.ts'
import { Hooks } from '../hooks/index.ts'
import { originsOf } from '../http/origins-of.ts'
import { countedCallerOf, readTrusted } from '../identity/caller.ts'
import { Tickets } from '../identity/tickets.ts'
import { TokenVerifier } from '../identity/tokens.ts'
import type { Metric } from '../ops/metric.ts'
import { type CommandOptions, isEvent, type Page, type ServerCalls, type ServerEvent } from '../server-calls.ts'
import { RunningServices, type Service, type ServiceConfig, type ServiceRowsOpener } from '../services/index.ts'
import { version } from '../version.ts'
import type { BrokerOpeners } from './brokers.ts'
import { commandMethod } from './command-method.ts'
import { drain } from './drain.ts'
import { disconnect, presenceOf, presenceStatsOf, subscribe, tellAll } from './in-process.ts'
import { KeptRevocations, type RevocationRows } from './kept-revocations.ts'

import { NamespaceRegistry } from './namespace-registry.ts'
import { openTopology } from './open-topology.ts'

// An Application without any I/O, as a test or a simulation makes one:
//
//   const clock = new SimClock()
//   const above = new Application({ config: configure({ node: { secret } }) }, {
//     clock, random: seededRandom(1), log: silentLog,
//     listen: links => network.listen('ws://above', links),
//     connect: network.connect,
//   })
//   const below = new Application({ config, parent: { upstreams: ['ws://above'], secret, role: 'relay', region: '' } }, { ... })
//   await above.start() // and in a fleet `above.serve()`, once services have started
//   const started = below.start() // resolves once its parent has answered, so let time pass first
//   clock.advance(100)
//
// Clients are sessions of `application.node` over any `Socket`, or event streams of `application.sse.open(request, address)`.
// Requests go to `application.router.handle(request, path, address)`. `test/kit/applications.ts` has the network above.
// `verifier` replaces tokens by something plainer: the real ones are checked by the runtime's own threads, in no fixed order.

/** The part of the configuration that an application reads. */
export type ApplicationConfig = ServiceConfig &
  Pick<Config, 'broker' | 'channel' | 'client' | 'development' | 'hooks' | 'httpApi' | 'limits' | 'node' | 'services' | 'shutdown'>

export interface ApplicationOptions {
  readonly config: ApplicationConfig
  /** The node that it hangs on; absent on the central node. */
  readonly parent?: Parent | undefined
  /** What it shares with other nodes of the same standing. */
  readonly fleet?: FleetPlace | undefined
  /** Brokers beside those that ship, by the scheme of their URL. */
  readonly brokers?: BrokerOpeners
  /** This node's id; a random one where absent. */
  readonly id?: string
  /** The name of this node for people; its id if absent. */
  readonly name?: string
}

/** Everything outside of the process that an application touches. */
export interface ApplicationDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Gives the listener every connection that a node below opens. Called once, by `start`. */
  listen(links: LinkListener): void
  /** Opens a connection to a node above. */
  readonly connect: Connector
  /** The store of data that outlives the process. Its opener closes it, after the application. In memory if absent. */
  readonly store?: ApplicationStore | undefined
  /** Calls hooks, and fetches public keys. Nobody can be asked where absent. */
  readonly fetch?: Fetch
  /** Checks tokens. Where absent, they are JWT of the configured keys. */
  readonly verifier?: Verifier
  /** Takes the pages and figures of services; they are not shown where absent. */
  page?(path: string, html: Page): void
  metric?(metric: Metric): void
  /** Opens the rows of services. Those that have migrations do not start where absent. */
  readonly rows?: ServiceRowsOpener
  /** The rows of a worker for its parent's operations page. */
  stats?(): unknown
}

/** The store of an application, for data that outlives it. Only the central node uses one. */
export interface ApplicationStore {
  /** Histories of namespaces with `history_store: disk`. */
  readonly histories?: HistoryLog
  readonly revocations?: RevocationRows
}

/** One node with everything that it decides: namespaces, access, hooks, services, its place among nodes. It has no I/O of its own. */
export class Application implements ServerCalls {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly config: ApplicationConfig
  readonly hooks: Hooks
  readonly node: Node
  readonly topology: Topology
  readonly guard: ConnectionGuard
  readonly sse: SseTransport
  readonly tickets: Tickets
  /** The routes of this node; the host hands requests to it. */
  readonly router = new Router()
  readonly #registry: NamespaceRegistry
  readonly #keptRevocations: KeptRevocations | undefined
  readonly #services: RunningServices
  #stopping: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(
    { config, parent, fleet, brokers = {}, id, name }: ApplicationOptions,
    readonly deps: ApplicationDeps,
  ) {
    const { clock, random, log, store = {}, fetch = noFetch, connect } = deps
    this.clock = clock
    this.random = random
    this.log = log
    this.config = config
    this.#registry = new NamespaceRegistry(config.channel.namespaces, parent === undefined)
    const revocations = new Revocations(clock)
    const { namespaces } = this.#registry
    const nodeId = id ?? randomId(random, 6)
    this.topology = openTopology({
      config,
      id: nodeId,
      clock,
      random,
      log,
      namespaces,
      history: store.histories,
      parent,
      fleet,
      brokers,
      connect,
    })
    this.hooks = new Hooks(config.hooks, { clock, random, log, json: config.limits.json, fetch })
    this.node = new Node({
      id: nodeId,
      name: name ?? nodeId,
      version,
      clock,
      random,
      log,
      limits: config.limits,
      namespaces,
      verifier: deps.verifier ?? new TokenVerifier(config.client, clock, revocations, fetch),
      revocations,
      hooks: this.hooks.asking,
      insecure: config.client.insecure,
      explained: config.development,
      anonymousAllowed: config.client.insecure || config.client.allowAnonymousConnectWithoutToken,
      personalChannel: config.client.personalChannel,
      connectBroker: sink => this.topology.broker(sink),
      openPresence: broker => this.topology.presence(broker),
    })
    this.#keptRevocations = store.revocations && new KeptRevocations(revocations, store.revocations, clock)
    // Events of the nodes below come up to the central one, which tells them once.
    if (parent === undefined && this.hooks.tells) this.node.on(event => this.hooks.tell(event))
    this.guard = new ConnectionGuard(this.node, originsOf(config))
    this.tickets = new Tickets(clock, random, nodeId)
    this.sse = new SseTransport(this.node, this.guard, this.topology)
    this.topology.join(this.#topologyHost())
    this.node.toOwner = (key, method, data, context) => this.topology.callOwner(key, method, data, context)
    this.#services = new RunningServices({
      ...{ server: this, config, rows: deps.rows, topology: this.topology },
    })
  }

  /** Takes the links of other nodes, and hears its parent or the others. Resolves when services can start. */
  async start(): Promise<void> {
    this.deps.listen(this.topology.children)
    await this.topology.begin()
  }

  /** What answers clients and other nodes is there: takes its share of what nodes own. */
  serve(): Promise<void> {
    return this.topology.serve()
  }

  /** Starts those services that the configuration lets run. Those of a relay are its parent's. */
  async startServices(services: readonly Service[]): Promise<void> {
    if (this.topology.role !== 'central') return
    for (const service of services) if (this.config.services.includes(service.name)) await this.mount(service)
  }

  /** Starts a service. */
  mount(service: Service): Promise<void> {
    return this.#services.start(service)
  }

  /** What pages lead to. */
  get navigation() {
    return this.#services.navigation
  }

  namespace(input: NamespaceInput | Namespace): void {
    this.#registry.addFromService(namespaceFrom(input))
    this.topology.changed()
  }

  /** Takes the parent's namespaces. Who follows a channel whose rules have changed begins again under the new ones. */
  adopt(namespaces: readonly NamespaceFields[]): void {
    const changed = this.#registry.adoptFromParent(namespaces)
    if (changed.size === 0) return
    this.topology.renew(changed)
    this.node.renew(changed)
  }

  stats(): unknown {
    return this.deps.stats?.() ?? null
  }

  command<S extends z.ZodType, R>(
    name: string,
    schema: S,
    run: (input: z.output<S>, context: RunningContext) => Answer<R>,
    options: CommandOptions<z.output<S>> = {},
  ): void {
    this.node.methods.set(name, commandMethod(name, schema, run, options))
  }

  authorize(namespace: string, authorizer: Authorizer, options: OwnCodeOptions = {}): void {
    this.node.access.authorize(namespace, authorizer, options)
    this.topology.changed()
  }

  onConnect(handler: ConnectHandler): void {
    this.node.connectHandlers.add(inTime(this.clock, handler))
    this.topology.changed()
  }

  publish<T>(channel: string, data: T & Jsonable<T>, options?: PublishOptions): Promise<Position>
  publish(channel: string, data: Json, options?: PublishOptions): Promise<Position>
  publish<T>(channel: string, data: T & Jsonable<T>, options: PublishOptions = {}): Promise<Position> {
    return this.node.publish(channel, json<T>(data), options)
  }

  push(client: string, channel: string, publications: readonly PushedPublication[]): Promise<boolean> {
    return this.topology.push({ client, channel, publications })
  }

  subscribe(user: string, channel: string, options: SubscribeControl = {}): Promise<void> {
    return subscribe(this.node, user, channel, options)
  }

  unsubscribe(user: string, channel: string): Promise<void> {
    return tellAll(this.node, { kind: 'unsubscribe', user, channel })
  }

  disconnect(user: string, client?: string, close?: Close): Promise<void> {
    return disconnect(this.node, user, client, close)
  }

  presence(channel: string): Promise<Readonly<Record<string, ClientInfo>>> {
    return presenceOf(this.node, channel)
  }

  presenceStats(channel: string): Promise<PresenceStats> {
    return presenceStatsOf(this.node, channel)
  }

  /** Makes tokens void: kept first, so that it holds whatever happens then. On the central node alone. @throws CommandError 106 */
  async revoke(revocation: Revocation): Promise<void> {
    await this.#keptRevocations?.keep(revocation)
    await this.node.broker.control({ kind: 'revoke', revocation })
  }

  history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.node.history(channel, query)
  }

  provideHistory(namespace: string, provider: HistoryProvider): void {
    this.topology.provideHistory(namespace, provider)
  }

  follow(channel: string, target: FeedTarget): Following {
    return this.node.hub.follow(channel, target)
  }

  on<K extends ServerEvent>(event: K, listener: (event: Extract<LifecycleEvent, { kind: K }>) => void | Promise<void>): void {
    this.node.on(happened => (isEvent(happened, event) ? listener(happened) : undefined), event)
    this.topology.changed()
  }

  route(method: string, path: string, handler: RouteHandler): void {
    this.router.add(method, path, handler)
  }

  async caller(request: Request, address: string): Promise<{ user: string; headers: Record<string, string> }> {
    this.guard.checkOrigin(request)
    return { user: await countedCallerOf(this, request, address), headers: this.guard.origins.headersFor(request) }
  }

  readTrusted(request: Request): Promise<Json> {
    return readTrusted(this, request)
  }

  metric(metric: Metric): void {
    this.deps.metric?.(metric)
  }

  page(path: string, html: Page): void {
    this.deps.page?.(path, html)
  }

  /** Takes no new clients, and sends those that are here away over the drain window. Resolves when all have gone. */
  drain(): Promise<void> {
    return drain(this.node, this.guard, this.config.shutdown.timeoutMs)
  }

  /** Takes no new clients, and ends the services, the last that was started first. Idempotent. */
  stopServices(): Promise<void> {
    this.guard.drain()
    this.#stopping ??= this.#services.close()
    return this.#stopping
  }

  /** Ends at once. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  #topologyHost(): TopologyHost {
    const { node, guard, sse, tickets } = this
    return {
      node,
      get isDraining() {
        return guard.isDraining
      },
      adopt: namespaces => this.adopt(namespaces),
      redeem: ticket => tickets.redeem(ticket),
      changeWatch: async ({ session, user, change }) => ({
        ...(await changeWatchlist(sse, session, user, check(watchlistChangeSchema, change))),
      }),
      takeWatch(session, user) {
        const watch = sse.giveWatch(session, user)
        return watch === undefined ? null : { channels: watch.channels, rev: watch.rev }
      },
      stats: () => this.stats(),
    }
  }

  async #close(): Promise<void> {
    await this.stopServices()
    await this.node.close()
    await this.hooks.close()
    await this.topology.close()
    this.sse.close()
    this.tickets.close()
  }
}

const noFetch: Fetch = () => Promise.reject(new Error('this application has no way to ask anybody'))
