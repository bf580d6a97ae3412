import { hostname } from 'node:os'
import type { z } from 'zod'
import { upgradeLink } from '../../cluster/index.ts'
import {
  type AskingHooks,
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
  weightMax,
} from '../../hub/index.ts'
import {
  type Answer,
  answered,
  type Clock,
  type Json,
  type Jsonable,
  json,
  type Random,
  randomId,
  systemClock,
  systemRandom,
} from '../../kit/index.ts'
import type { ClientInfo, Close, Position } from '../../protocol/index.ts'
import { Answers, ConnectionGuard, HttpTransport, type RouteHandler, SseTransport, WebSocketTransport } from '../../transport/index.ts'
import type { BrokerOpeners } from '../application/brokers.ts'
import { drain } from '../application/drain.ts'
import { disconnect, issueToken, presenceOf, presenceStatsOf, subscribe, type TokenOptions, tellAll } from '../application/in-process.ts'
import { KeptRevocations } from '../application/kept-revocations.ts'
import { Policies } from '../application/policies.ts'
import { type Config, type ConfigInput, configure, Networks } from '../config/index.ts'
import { Hooks } from '../hooks/index.ts'
import { countedCallerOf, readTrusted } from '../http/caller.ts'
import { clientAddress } from '../http/client-address.ts'
import { misledReasons, originsOf } from '../http/origins-of.ts'
import { addressOf, isFromNode, proxyTo } from '../http/proxy.ts'
import { addRoutes } from '../http/routes.ts'
import { Tickets } from '../identity/tickets.ts'
import { TokenVerifier } from '../identity/tokens.ts'
import { type Metric, Metrics } from '../ops/metrics.ts'
import { Ops } from '../ops/ops.ts'
import { type CommandOptions, isEvent, type Server, type ServerEvent, type Service } from '../server.ts'
import { type Parent, Tree } from '../topology/tree.ts'
import { version } from '../version.ts'
import { calmLog } from './calm-log.ts'
import { type DiskHealth, diskHealthOf, WatchedHistory } from './disk-health.ts'
import { logOfProcess } from './log.ts'
import { withinOpenFiles } from './open-files.ts'
import { openHistory } from './open-history.ts'
import { withSecrets } from './secrets.ts'
import { Workers } from './workers.ts'

/** Puts a service on a server. */
export type ServiceFactory = (server: Server, config: Config) => Service

/** What surrounds a server: the real thing unless said otherwise. */
export interface Overrides {
  readonly clock?: Clock
  readonly random?: Random
  readonly log?: Log
  /** Started before the first client is let in. */
  readonly services?: readonly ServiceFactory[]
  /** Makes it a relay of another node. */
  readonly parent?: Parent
  /** Brokers beside those that ship, by the scheme of their URL: `{ nats: open }` for `broker: 'nats://…'`. */
  readonly brokers?: BrokerOpeners
}

/**
 * Starts a server that listens when the promise resolves.
 * @param input the configuration with the names of the documentation, or one that was resolved before
 * @throws ConfigError with every problem, each as `path: reason`
 */
export async function createServer(input: ConfigInput | Config = {}, overrides: Overrides = {}): Promise<FanfareServer> {
  const random = overrides.random ?? systemRandom
  const config = withinOpenFiles(withSecrets(configure(input, Object.keys(overrides.brokers ?? {})), random))
  const clock = overrides.clock ?? systemClock
  const server = new FanfareServer(config, {
    clock,
    random,
    log: calmLog(overrides.log ?? logOfProcess(config), clock),
    parent: overrides.parent ?? parentOf(config),
    brokers: overrides.brokers ?? {},
  })
  try {
    await server.start(overrides.services ?? [])
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

function parentOf({ upstreams, node, region }: Config): Parent | undefined {
  return upstreams.length === 0 ? undefined : { upstreams, secret: node.secret ?? '', role: 'relay', region }
}

interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly parent: Parent | undefined
  readonly brokers: BrokerOpeners
}

/** The whole of one process: configuration, node, transports, its place in the tree, and the services put on it. */
export class FanfareServer implements Server {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly hooks: Hooks
  readonly node: Node
  readonly tree: Tree
  readonly guard: ConnectionGuard
  readonly answers: Answers
  readonly http: HttpTransport
  readonly sse: SseTransport
  readonly verifier: TokenVerifier
  readonly tickets: Tickets
  readonly ops: Ops
  readonly workers: Workers
  readonly metrics: Metrics
  readonly #policies: Policies
  /** Whether what is to be kept can be written; absent where nothing is kept here. */
  readonly disk: DiskHealth | undefined
  readonly #history: HistoryLog | undefined
  readonly #revocations: Revocations
  readonly #keptRevocations: KeptRevocations | undefined
  readonly #services: Service[] = []
  #closing: Promise<void> | undefined

  constructor(
    readonly config: Config,
    { clock, random, log, parent, brokers }: Surroundings,
  ) {
    this.clock = clock
    this.random = random
    this.log = log
    this.#policies = new Policies(config.channel.namespaces, parent === undefined)
    this.#revocations = new Revocations(clock)
    this.verifier = new TokenVerifier(config.client, clock, this.#revocations)
    const history = parent === undefined ? openHistory(config) : undefined
    this.disk = history && diskHealthOf(config, history, this)
    this.#history = history && this.disk && new WatchedHistory(history, this.disk)
    this.#keptRevocations = parent === undefined ? new KeptRevocations(this.#revocations, config, clock) : undefined
    const id = randomId(random, 6)
    this.tree = new Tree({ config, id, clock, random, log, namespaces: this.#policies.namespaces, history: this.#history, parent, brokers })
    this.hooks = new Hooks(config.hooks, { clock, random, log, json: config.limits.json })
    this.node = this.#createNode(id, this.hooks.asking)
    // Events of the nodes below come up to the central one, which tells them once.
    if (parent === undefined && this.hooks.tells) this.node.on(event => this.hooks.tell(event))
    this.answers = new Answers(this.node.unsent)
    this.guard = new ConnectionGuard(this.node, originsOf(config))
    this.tickets = new Tickets(clock, random)
    this.sse = new SseTransport(this.node, this.guard, this.tree)
    this.tree.join(this)
    this.http = this.#createHttp()
    this.workers = new Workers(this)
    this.ops = new Ops(this)
    this.metrics = new Metrics(this)
    addRoutes(this)
  }

  get url(): string {
    const { host: given } = this.config
    const host = given.includes(':') && !given.startsWith('[') ? `[${given}]` : given
    return `http://${host}:${this.http.port}`
  }

  /** Clients are let in last, when everything that answers them is there. */
  async start(services: readonly ServiceFactory[]): Promise<void> {
    await this.tree.begin()
    for (const create of services) await this.mount(create)
    this.workers.checkPort()
    this.http.listen()
    await this.workers.start()
  }

  /** Adds a service and starts it. */
  async mount(create: ServiceFactory): Promise<void> {
    const service = create(this, this.config)
    this.#services.push(service)
    await service.start()
  }

  namespace(input: NamespaceInput | Namespace): void {
    this.#policies.bring(namespaceFrom(input))
    this.tree.changed()
  }

  /** Takes the parent's namespaces. Who follows a channel whose rules have changed begins again under the new ones. */
  adopt(namespaces: readonly NamespaceFields[]): void {
    const changed = this.#policies.adopt(namespaces)
    if (changed.size === 0) return
    this.tree.renew(changed)
    this.node.renew(changed)
  }

  stats(): unknown {
    return this.ops.rows()
  }

  command<S extends z.ZodType, R>(
    name: string,
    schema: S,
    run: (input: z.output<S>, context: RunningContext) => Answer<R>,
    { anonymous = false, weight = 1 }: CommandOptions = {},
  ): void {
    if (!(weight >= 1 && weight <= weightMax)) throw new RangeError(`${name}: expected a weight from 1 to ${weightMax}, got ${weight}`)
    // The schema has been passed by the time `run` is called, which the map of methods cannot say in types.
    this.node.methods.set(name, { schema, anonymous, weight, run: (input, context) => answered<R>(run(input as z.output<S>, context)) })
  }

  authorize(namespace: string, authorizer: Authorizer, options: OwnCodeOptions = {}): void {
    this.node.access.authorize(namespace, authorizer, options)
    this.tree.changed()
  }

  onConnect(handler: ConnectHandler): void {
    this.node.connectHandlers.add(inTime(this.clock, handler))
    this.tree.changed()
  }

  publish<T>(channel: string, data: T & Jsonable<T>, options?: PublishOptions): Promise<Position>
  publish(channel: string, data: Json, options?: PublishOptions): Promise<Position>
  publish<T>(channel: string, data: T & Jsonable<T>, options: PublishOptions = {}): Promise<Position> {
    return this.node.publish(channel, json<T>(data), options)
  }

  push(client: string, channel: string, publications: readonly PushedPublication[]): Promise<boolean> {
    return this.tree.push({ client, channel, publications })
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

  token(user: string, options: TokenOptions = {}): Promise<string> {
    return issueToken(this.config, this.clock.now(), user, options)
  }

  /** Makes tokens void: kept first, so that it holds whatever happens then. On the central node alone. @throws CommandError 106 */
  async revoke(revocation: Revocation): Promise<void> {
    this.#keptRevocations?.keep(revocation)
    await this.node.broker.control({ kind: 'revoke', revocation })
  }

  history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.node.history(channel, query)
  }

  provideHistory(namespace: string, provider: HistoryProvider): void {
    this.tree.provideHistory(namespace, provider)
  }

  follow(channel: string, target: FeedTarget): Following {
    return this.node.hub.follow(channel, target)
  }

  on<K extends ServerEvent>(event: K, listener: (event: Extract<LifecycleEvent, { kind: K }>) => void | Promise<void>): void {
    this.node.on(happened => (isEvent(happened, event) ? listener(happened) : undefined), event)
    this.tree.changed()
  }

  route(method: string, path: string, handler: RouteHandler): void {
    this.http.route(method, path, handler)
  }

  measure(metric: Metric): void {
    this.metrics.add(metric)
  }

  async caller(request: Request, address: string): Promise<{ user: string; headers: Record<string, string> }> {
    this.guard.checkOrigin(request)
    return { user: await countedCallerOf(this, request, address), headers: this.guard.origins.headersFor(request) }
  }

  readTrusted(request: Request): Promise<Json> {
    return readTrusted(this, request)
  }

  page(path: string, html: { readonly index: string }): void {
    this.http.page(path, html)
  }

  async drain(): Promise<void> {
    await Promise.all([drain(this.node, this.guard, this.config.shutdown.timeoutMs), this.workers.drain()])
    await this.close()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.guard.drain()
    for (const service of this.#services.toReversed()) await service.close()
    await this.workers.close()
    this.ops.close()
    await this.node.close()
    await this.hooks.close()
    this.tree.close()
    this.sse.close()
    this.tickets.close()
    await this.http.stop(true)
    this.#keptRevocations?.close()
    this.#history?.close()
  }

  #createNode(id: string, hooks: AskingHooks): Node {
    const { config, clock, random, log, tree } = this
    return new Node({
      id,
      name: hostname(),
      version,
      clock,
      random,
      log,
      limits: config.limits,
      namespaces: this.#policies.namespaces,
      verifier: this.verifier,
      revocations: this.#revocations,
      hooks,
      insecure: config.client.insecure,
      explained: config.development,
      anonymousAllowed: config.client.insecure || config.client.allowAnonymousConnectWithoutToken,
      personalChannel: config.client.personalChannel,
      connectBroker: sink => tree.connectBroker(sink),
      openPresence: broker => tree.openPresence(broker),
    })
  }

  #createHttp(): HttpTransport {
    const { host, port, workers, limits, files } = this.config
    const trusted = new Networks(this.config.client.trustedProxies)
    const http = new HttpTransport({
      host,
      port,
      reusePort: workers > 1 || this.tree.isWorker,
      // Whoever takes less says so itself, before it reads.
      bodyBytesMax: Math.max(limits.apiBytesMax, files.enabled ? files.bounds.bytesMax : 0),
      frameBytesMax: limits.frameBytesMax,
      headBytesMax: limits.headBytesMax,
      idleMs: limits.idleMs,
      origins: this.guard.origins,
      log: this.log,
      answers: this.answers,
      isFromNode: ({ headers }) => isFromNode(headers, given => this.tree.children.context.isSecret(given)),
      misled: (by, shown) => void this.node.refusals.note(by, misledReasons[by], { [by]: shown.slice(0, 256) }),
      refused: code => this.node.counters.countError(code),
      addressOf: ({ headers }, peer) =>
        addressOf(headers, given => this.tree.children.context.isSecret(given)) ?? clientAddress(headers, peer, trusted),
    })
    const websocket = new WebSocketTransport(this.node, this.guard)
    http.upgrade('/connection/websocket', (request, upgrader, address) => websocket.upgrade(request, upgrader, address))
    http.upgrade('/connection/node', (request, upgrader) => upgradeLink(this.tree.children, request, upgrader))
    const { parent } = this.tree.options
    if (parent !== undefined)
      http.router.fallback = proxyTo({ clock: this.clock, secret: parent.secret, upstream: () => this.tree.upstreamHttp })
    return http
  }
}
