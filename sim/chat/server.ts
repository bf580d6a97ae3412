import type { z } from 'zod'
import { MemoryBroker, MemoryPresence, ProvidedHistories } from '../../src/broker/index.ts'
import {
  type Authorizer,
  type ConnectHandler,
  defaultLimits,
  type FeedTarget,
  type Following,
  type HistoryPage,
  type HistoryProvider,
  type HistoryQuery,
  type Identity,
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
  type SubscriptionGrant,
  type Verified,
  type Verifier,
  websocketWire,
} from '../../src/hub/index.ts'
import { type Answer, answered, type Json, type Jsonable, json, type Random } from '../../src/kit/index.ts'
import { type Close, closes, type Position } from '../../src/protocol/index.ts'
import type { ChatBounds, ServerEvent, Server as ServerOfServices, Service } from '../../src/server/index.ts'
import { chatService } from '../../src/services/chat/index.ts'
import type { MachineClock } from '../clock.ts'
import type { Judge } from '../judge.ts'
import type { Machine, Process } from '../machine.ts'
import type { ChatCanary } from './canary.ts'
import type { ChatDisk } from './disk.ts'

export interface ChatServerOptions {
  readonly random: Random
  readonly judge: Judge
  readonly canary: ChatCanary
  readonly bounds: ChatBounds
  /** Access of this process to what the machine stores. */
  readonly disk: ChatDisk
}

const limits: Limits = {
  ...defaultLimits,
  commandRate: { perSecond: 100_000, burst: 100_000 },
  commandRatePerUser: { perSecond: 100_000, burst: 100_000 },
  pingIntervalMs: 3_000,
  pongTimeoutMs: 2_000,
  channelLingerMs: 3_000,
}

/** One process with the real node, the real broker and the real chat service; only sockets, time and the store's edge are simulated. */
export class ChatServer implements ServerOfServices, Process {
  readonly url = 'http://simulated'
  readonly random: Random
  readonly log: Log
  readonly node: Node
  readonly wire = websocketWire()
  /** Connections of clients, which break with the machine. */
  readonly pipes = new Set<{ reset(): void }>()
  readonly #namespaces = new Namespaces([])
  readonly #service: Service
  #histories: ProvidedHistories | undefined
  /** Whether clients are let in: the service has started. */
  isListening = false

  constructor(
    readonly options: ChatServerOptions,
    readonly machine: Machine<ChatServer>,
    readonly clock: MachineClock,
  ) {
    const { random, judge, bounds, disk } = options
    this.random = random
    this.log = judging(judge, machine.name, clock)
    this.node = this.#createNode(`${machine.name}-${machine.starts}`)
    this.#service = chatService(this, { openSql: async () => disk, bounds })
    this.#service.start().then(
      () => {
        this.isListening = true
      },
      (error: unknown) => judge.break(`chat did not start: ${error}`),
    )
  }

  disconnect(user: string, client?: string, { code, reason }: Close = closes.forceDisconnect): Promise<void> {
    return this.node.broker.control({ kind: 'disconnect', user, ...(client === undefined ? {} : { client }), code, reason })
  }

  namespace(namespace: Namespace): void {
    this.#namespaces.add(namespace)
  }

  command<S extends z.ZodType, R>(
    name: string,
    schema: S,
    run: (input: z.output<S>, context: RunningContext) => Answer<R>,
    { anonymous = false }: OwnCodeOptions = {},
  ): void {
    const { canary } = this.options
    this.node.methods.set(name, {
      schema,
      anonymous,
      run: (input, context) => answered<R>(run(canary.hear(name, input as object) as z.output<S>, context)),
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
    return this.options.canary.pushes ? pushTo(this.node, { client, channel, publications }) : true
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

  route(): void {}

  async subscribe(): Promise<void> {
    throw new Error('chat subscribes nobody')
  }

  presence(): Promise<never> {
    throw new Error('chat does not ask for presence')
  }

  presenceStats(): Promise<never> {
    return this.presence()
  }

  token(): Promise<never> {
    throw new Error('nobody has tokens in a simulation')
  }

  measure(): void {}

  page(): void {}

  caller(): Promise<never> {
    throw new Error('there is no HTTP in a simulation')
  }

  readTrusted(): Promise<Json> {
    throw new Error('there is no HTTP in a simulation')
  }

  async drain(): Promise<void> {}

  async close(): Promise<void> {
    await this.#service.close()
    await this.node.close()
  }

  stop(): void {
    this.isListening = false
    void this.close()
  }

  gone(): void {
    this.isListening = false
    this.options.disk.kill()
    for (const pipe of [...this.pipes]) pipe.reset()
  }

  #createNode(id: string): Node {
    const { clock, random, log } = this
    const namespaces = this.#namespaces
    return new Node({
      ...{ id, name: id, version: 'sim', clock, random, log, limits, namespaces, verifier },
      hooks: {},
      insecure: false,
      anonymousAllowed: false,
      connectBroker: sink => {
        this.#histories = new ProvidedHistories(clock, new MemoryBroker({ clock, random, namespaces, limits }, sink))
        return this.#histories
      },
      openPresence: broker => new MemoryPresence({ clock, limits, namespaces }, broker),
    })
  }
}

/** Tokens are the names of users: nothing here is about forging them. */
const verifier: Verifier = {
  connection: async (user): Promise<Verified<Identity>> => ({ kind: 'valid', value: { user } }),
  subscription: async (): Promise<Verified<SubscriptionGrant>> => ({ kind: 'invalid', reason: 'not in use' }),
}

/** What a living process logs as a warning or an error is a promise broken. */
function judging(judge: Judge, name: string, clock: MachineClock): Log {
  const complain = (fields: object, message: string) => {
    if (!clock.isDead) judge.break(`${name} logged: ${message} ${describe(fields)}`)
  }
  return { debug() {}, info() {}, warn: complain, error: complain }
}

function describe(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value instanceof Error ? (value.stack ?? value.message) : String(value)}`)
    .join(' ')
}

function isKind<K extends ServerEvent>(event: LifecycleEvent, kind: K): event is Extract<LifecycleEvent, { kind: K }> {
  return event.kind === kind
}
