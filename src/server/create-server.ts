import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { HTMLBundle } from 'bun'
import type { z } from 'zod'
import { MemoryBroker, MemoryPresence } from '../broker/index.ts'
import {
  type AskingHooks,
  type Authorizer,
  type CommandContext,
  type HistoryLog,
  type HistoryPage,
  type HistoryQuery,
  type LifecycleEvent,
  type Log,
  type Namespace,
  Namespaces,
  Node,
  type PublishOptions,
} from '../hub/index.ts'
import { type Clock, type Json, type Random, systemClock, systemRandom } from '../kit/index.ts'
import type { Position } from '../protocol/index.ts'
import { SqliteHistory } from '../store/index.ts'
import { Gate, HttpTransport, Origins, type RouteHandler, SseTransport, WebSocketTransport } from '../transport/index.ts'
import { addAuthRoutes } from './auth.ts'
import { type Config, type ConfigInput, configure } from './config/index.ts'
import { drain } from './drain.ts'
import { addHealthRoutes } from './health.ts'
import { createLog, logFormat } from './log.ts'
import { addMetricsRoute } from './metrics.ts'
import { addOpsRoutes, Ops } from './ops.ts'
import { addRpcRoutes } from './rpc.ts'
import { withSecrets } from './secrets.ts'
import type { Server, ServerEvent, Service } from './server.ts'
import { addStreamRoutes } from './streams.ts'
import { Tickets } from './tickets.ts'
import { TokenVerifier } from './tokens.ts'
import { version } from './version.ts'

/** What a test or a simulation may put in place of the real thing. */
export interface Overrides {
  readonly clock?: Clock
  readonly random?: Random
  readonly log?: Log
}

/**
 * Starts a server that listens when the promise resolves.
 * @param input the configuration with the names of the documentation, or one that was resolved before
 * @throws ConfigError with every problem, each as `path: reason`
 */
export async function createServer(input: ConfigInput | Config = {}, overrides: Overrides = {}): Promise<FanfareServer> {
  const random = overrides.random ?? systemRandom
  const config = withSecrets(configure(input), random)
  const server = new FanfareServer(config, { clock: overrides.clock ?? systemClock, random, log: overrides.log ?? logOf(config) })
  server.listen()
  return server
}

interface Surroundings {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** The whole of one process: configuration, node, transports, and the services put on it. */
export class FanfareServer implements Server {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly node: Node
  readonly gate: Gate
  readonly http: HttpTransport
  readonly sse: SseTransport
  readonly verifier: TokenVerifier
  readonly tickets: Tickets
  readonly ops: Ops
  readonly #namespaces: Namespaces
  readonly #configured: ReadonlySet<string>
  readonly #history: HistoryLog | undefined
  readonly #services: Service[] = []
  #closing: Promise<void> | undefined

  constructor(
    readonly config: Config,
    { clock, random, log }: Surroundings,
  ) {
    this.clock = clock
    this.random = random
    this.log = log
    this.#namespaces = new Namespaces(config.channel.namespaces)
    this.#configured = new Set(config.channel.namespaces.map(({ name }) => name))
    this.verifier = new TokenVerifier(config.client, clock)
    this.#history = openHistory(config)
    this.node = this.#createNode({})
    this.gate = new Gate(this.node, new Origins(config.client.allowedOrigins))
    this.tickets = new Tickets(clock, random)
    this.sse = new SseTransport(this.node, this.gate, token => this.tickets.redeem(token))
    const websocket = new WebSocketTransport(this.node, this.gate)
    const { apiBytesMax, frameBytesMax } = config.limits
    this.http = new HttpTransport({
      host: config.host,
      port: config.port,
      reusePort: config.workers > 1,
      bodyBytesMax: apiBytesMax,
      frameBytesMax,
      log,
    })
    this.http.upgrade('/connection/websocket', (request, upgrader) => websocket.upgrade(request, upgrader))
    this.ops = new Ops(this)
    this.#addRoutes()
  }

  get url(): string {
    const host = this.config.host.includes(':') ? `[${this.config.host}]` : this.config.host
    return `http://${host}:${this.http.port}`
  }

  listen(): void {
    this.http.listen()
  }

  /** Adds a service and starts it. */
  async mount(create: (server: Server, config: Config) => Service): Promise<void> {
    const service = create(this, this.config)
    this.#services.push(service)
    await service.start()
  }

  namespace(namespace: Namespace): void {
    if (!this.#configured.has(namespace.name)) this.#namespaces.add(namespace)
  }

  command<S extends z.ZodType>(
    name: string,
    schema: S,
    run: (input: z.output<S>, context: CommandContext) => Json | undefined | Promise<Json | undefined>,
  ): void {
    // The schema has been passed by the time `run` is called, which the map of methods cannot say in types.
    this.node.methods.set(name, { schema, run: (input, context) => run(input as z.output<S>, context) })
  }

  authorize(namespace: string, authorizer: Authorizer): void {
    this.node.access.authorize(namespace, authorizer)
  }

  publish(channel: string, data: Json, options: PublishOptions = {}): Promise<Position> {
    return this.node.publish(channel, data, options)
  }

  history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.node.history(channel, query)
  }

  on<K extends ServerEvent>(event: K, listener: (event: Extract<LifecycleEvent, { kind: K }>) => void): void {
    this.node.on(happened => {
      if (isKind(happened, event)) listener(happened)
    })
  }

  route(method: string, path: string, handler: RouteHandler): void {
    this.http.router.add(method, path, handler)
  }

  page(path: string, html: HTMLBundle): void {
    this.http.page(path, html)
  }

  async drain(): Promise<void> {
    await drain(this.node, this.gate, this.config.shutdown.timeoutMs)
    await this.close()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.gate.drain()
    for (const service of this.#services.toReversed()) await service.close()
    this.ops.close()
    await this.node.close()
    this.sse.close()
    this.tickets.close()
    await this.http.stop(true)
    this.#history?.close()
  }

  #createNode(hooks: AskingHooks): Node {
    const { config, clock, random, log } = this
    const namespaces = this.#namespaces
    const { limits } = config
    return new Node({
      name: config.host,
      version,
      clock,
      random,
      log,
      limits,
      namespaces,
      verifier: this.verifier,
      hooks,
      insecure: config.client.insecure,
      anonymousAllowed: config.client.insecure || config.client.allowAnonymousConnectWithoutToken,
      connectBroker: sink =>
        new MemoryBroker({ clock, random, namespaces, limits, ...(this.#history === undefined ? {} : { log: this.#history }) }, sink),
      openPresence: broker => new MemoryPresence({ clock, limits, namespaces }, broker),
    })
  }

  #addRoutes(): void {
    this.route('GET', '/sse', (request, _params, address) => this.sse.open(request, address))
    addHealthRoutes(this)
    addMetricsRoute(this)
    addOpsRoutes(this)
    addAuthRoutes(this)
    addRpcRoutes(this)
    addStreamRoutes(this)
  }
}

function logOf(config: Config): Log {
  const isTerminal = process.stdout.isTTY === true
  return createLog({
    level: config.log.level,
    format: logFormat(config, isTerminal),
    color: isTerminal,
    write: line => process.stdout.write(line),
  })
}

function openHistory({ data, store }: Config): HistoryLog {
  if (store.path === ':memory:') return new SqliteHistory(':memory:')
  mkdirSync(data, { recursive: true })
  return new SqliteHistory(join(data, 'history.sqlite'))
}

function isKind<K extends ServerEvent>(event: LifecycleEvent, kind: K): event is Extract<LifecycleEvent, { kind: K }> {
  return event.kind === kind
}
