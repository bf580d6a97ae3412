import type { z } from 'zod'
import { MemoryBroker, MemoryPresence, ProvidedHistories } from '../../src/broker/index.ts'
import type { Owner } from '../../src/cluster/index.ts'
import {
  type Authorizer,
  type ConnectHandler,
  defaultLimits,
  type FeedTarget,
  type Following,
  type HistoryLog,
  type HistoryPage,
  type HistoryProvider,
  type HistoryQuery,
  inTime,
  type LifecycleEvent,
  type Limits,
  type Log,
  type Namespace,
  Namespaces,
  Node,
  type OwnCodeOptions,
  type PublishOptions,
  type PushedPublication,
  pushTo,
  type RunningContext,
  websocketWire,
} from '../../src/hub/index.ts'
import { type Answer, answered, type Json, type Jsonable, json, type Random } from '../../src/kit/index.ts'
import { type Close, closes, type Position } from '../../src/protocol/index.ts'
import type { ServerEvent, Service, ServiceHost, ServiceStore } from '../../src/server/index.ts'
import {
  ConnectionGuard,
  changeWatchlist,
  Origins,
  type RouteHandler,
  Router,
  SseTransport,
  type WatchlistChange,
  type WatchReply,
} from '../../src/transport/index.ts'
import type { MachineClock } from '../core/clock.ts'
import type { Judge } from '../core/judge.ts'
import type { Machine } from '../core/machine.ts'
import type { Listener } from './listener.ts'
import { describe, verifier } from './open-node.ts'
import { SocketSet } from './socket-set.ts'

export interface ServiceServerOptions {
  readonly random: Random
  readonly judge: Judge
  readonly service: Service
  /** Where histories are kept that must outlive the process. */
  readonly history?: HistoryLog
  /** Whether warnings are expected. */
  readonly mayWarn?: boolean
  /** The machine is gone, in whichever way. */
  gone(): void
}

const limits: Limits = {
  ...defaultLimits,
  commandRate: { perSecond: 100_000, burst: 100_000 },
  commandRatePerUser: { perSecond: 100_000, burst: 100_000 },
  pingIntervalMs: 3_000,
  pongTimeoutMs: 2_000,
  sseHeartbeatMs: 3_000,
  channelLingerMs: 3_000,
}

/** One process with the real node, the real broker and a real service; only sockets, time and the store's edge are simulated. */
export class ServiceServer implements ServiceHost, Listener {
  readonly random: Random
  readonly log: Log
  readonly node: Node
  readonly sse: SseTransport
  readonly wire = websocketWire(() => new SocketSet())
  /** Connections of clients, which break with the machine. */
  readonly pipes = new Set<{ reset(): void }>()
  readonly namespaces = new Namespaces([])
  readonly demo = undefined
  readonly feeds = []
  readonly #ends: (() => void | Promise<void>)[] = []
  readonly #router = new Router()
  #histories: ProvidedHistories | undefined
  /** Whether clients are let in: the service has started. */
  isListening = false

  constructor(
    readonly options: ServiceServerOptions,
    readonly machine: Machine<ServiceServer>,
    readonly clock: MachineClock,
  ) {
    const { random } = options
    this.random = random
    this.log = judging(options, machine.name, clock)
    this.node = this.#createNode(`${machine.name}-${machine.starts}`)
    const elsewhere = { redeem: (token: string) => token, takeWatch: async () => undefined }
    this.sse = new SseTransport(this.node, new ConnectionGuard(this.node, new Origins([])), elsewhere)
    this.#startService().then(
      () => {
        this.isListening = true
      },
      (error: unknown) => options.judge.break(`${options.service.name} did not start: ${error}`),
    )
  }

  disconnect(user: string, client?: string, { code, reason }: Close = closes.forceDisconnect): Promise<void> {
    return this.node.broker.control({ kind: 'disconnect', user, ...(client === undefined ? {} : { client }), code, reason })
  }

  namespace(namespace: Namespace): void {
    this.namespaces.add(namespace)
  }

  command<S extends z.ZodType, R>(
    name: string,
    schema: S,
    run: (input: z.output<S>, context: RunningContext) => Answer<R>,
    { anonymous = false }: OwnCodeOptions = {},
  ): void {
    this.node.methods.set(name, {
      schema,
      anonymous,
      run: (input, context) => answered<R>(run(input as z.output<S>, context)),
    })
  }

  authorize(namespace: string, authorizer: Authorizer, options: OwnCodeOptions = {}): void {
    this.node.access.authorize(namespace, authorizer, options)
  }

  onConnect(handler: ConnectHandler): void {
    this.node.connectHandlers.add(inTime(this.clock, handler))
  }

  publish<T>(channel: string, data: T & Jsonable<T>, options: PublishOptions = {}): Promise<Position> {
    return this.node.publish(channel, json<T>(data), options)
  }

  async push(client: string, channel: string, publications: readonly PushedPublication[]): Promise<boolean> {
    return pushTo(this.node, { client, channel, publications })
  }

  unsubscribe(user: string, channel: string): Promise<void> {
    return this.node.broker.control({ kind: 'unsubscribe', user, channel })
  }

  history(channel: string, query: HistoryQuery): Promise<HistoryPage> {
    return this.node.history(channel, query)
  }

  provideHistory(namespace: string, keeper: HistoryProvider): void {
    this.#histories?.provide(namespace, keeper)
  }

  follow(channel: string, target: FeedTarget): Following {
    return this.node.hub.follow(channel, target)
  }

  on<K extends ServerEvent>(event: K, listener: (event: Extract<LifecycleEvent, { kind: K }>) => void | Promise<void>): void {
    this.node.on(happened => (isKind(happened, event) ? listener(happened) : undefined))
  }

  route(method: string, path: string, handler: RouteHandler): void {
    this.#router.add(method, path, handler)
  }

  /** Answers a request as the router does. */
  async fetch(request: Request): Promise<Response> {
    return this.#router.handle(request, new URL(request.url).pathname, '10.0.0.3')
  }

  changeWatchlist(session: string, user: string, change: WatchlistChange): Promise<WatchReply> {
    return changeWatchlist(this.sse, session, user, change)
  }

  async subscribe(): Promise<void> {
    throw new Error('chat subscribes nobody')
  }

  presence(): Promise<never> {
    throw new Error('chat does not ask for presence')
  }

  presenceStats(): Promise<never> {
    return this.presence()
  }

  get store(): ServiceStore {
    throw new Error('chat is given its rows')
  }

  rate(): never {
    throw new Error('chat has rates of its own')
  }

  owner(): Owner {
    return { kind: 'here', slot: 0, term: 1 }
  }

  onClose(end: () => void | Promise<void>): void {
    this.#ends.push(end)
  }

  metric(): void {}

  page(): void {}

  caller(): Promise<never> {
    throw new Error('there is no HTTP in a simulation')
  }

  readTrusted(request: Request): Promise<Json> {
    return request.json()
  }

  async close(): Promise<void> {
    await this.endService()
    this.sse.close()
    await this.node.close()
  }

  stop(): void {
    this.isListening = false
    void this.close()
  }

  gone(): void {
    this.isListening = false
    this.options.gone()
    for (const pipe of [...this.pipes]) pipe.reset()
  }

  /** What the service began ends, the last first. */
  async endService(): Promise<void> {
    for (let end = this.#ends.pop(); end !== undefined; end = this.#ends.pop()) await end()
  }

  async #startService(): Promise<void> {
    const { service } = this.options
    for (const namespace of service.namespaces ?? []) this.namespace(namespace)
    await service.start(this, {})
  }

  #createNode(id: string): Node {
    const { clock, random } = this
    const namespaces = this.namespaces
    const log = this.options.history === undefined ? {} : { log: this.options.history }
    return new Node({
      ...{ id, name: id, version: 'sim', clock, random, log: this.log, limits, namespaces, verifier },
      hooks: {},
      insecure: false,
      anonymousAllowed: false,
      connectBroker: sink => {
        this.#histories = new ProvidedHistories(clock, new MemoryBroker({ clock, random, namespaces, limits, ...log }, sink))
        return this.#histories
      },
      openPresence: broker => new MemoryPresence({ clock, limits, namespaces }, broker),
    })
  }
}

/** What a living process logs as a warning or an error is a promise broken. */
function judging({ judge, mayWarn }: ServiceServerOptions, name: string, clock: MachineClock): Log {
  const complain = (fields: object, message: string) => {
    if (!clock.isDead) judge.break(`${name} logged: ${message} ${describe(fields)}`)
  }
  return { debug() {}, info() {}, warn: mayWarn ? () => undefined : complain, error: complain }
}

function isKind<K extends ServerEvent>(event: LifecycleEvent, kind: K): event is Extract<LifecycleEvent, { kind: K }> {
  return event.kind === kind
}
