import { type Clock, every, type Json, type KeyedRateLimiter, type Random, randomId, type Timer } from '../kit/index.ts'
import { CommandError, closes, describeIssue, errors, type Position, unsubscribes } from '../protocol/index.ts'
import { Access, unwrap } from './access/access.ts'
import type { Verifier } from './access/identity.ts'
import { Rates } from './access/rates.ts'
import { Refusals } from './access/refusals.ts'
import { Revocations } from './access/revocations.ts'
import { commandRate, SharedLimits } from './access/shared-limits.ts'
import { TokenCheck } from './access/token-check.ts'
import { Hub } from './channel/hub.ts'
import { Occupancy } from './channel/occupancy.ts'
import type { PersonalChannel } from './channel/personal-channel.ts'
import type { Broker, BrokerMessage, BrokerSink, Control, HistoryPage, HistoryQuery, PublishOptions } from './contracts/broker.ts'
import type { AskingHooks, LifecycleEvent, LifecycleListener } from './contracts/hooks.ts'
import type { Log } from './contracts/log.ts'
import type { Presence } from './contracts/presence.ts'
import { Counters } from './counters.ts'
import type { Namespaces } from './delivery/namespace.ts'
import { Pacers } from './delivery/state/pacer.ts'
import { Tick } from './fanout/tick.ts'
import { UnsentBytes } from './fanout/unsent-bytes.ts'
import type { Limits } from './limits.ts'
import { type CommandContext, type CommandMethod, payerOf } from './session/command-method.ts'
import { ConnectHandlers } from './session/connect-handlers.ts'
import { applyControl } from './session/control.ts'
import { RecentControls } from './session/recent-controls.ts'
import { ServiceCalls } from './session/service-calls.ts'
import type { Session } from './session/session.ts'
import type { SessionContext } from './session/session-context.ts'
import { type LifecycleHost, SessionLifecycle } from './session/session-lifecycle.ts'
import { Sessions } from './session/sessions.ts'
import { Steps } from './session/steps.ts'

export interface NodeOptions {
  readonly id?: string
  readonly name: string
  readonly version: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly limits: Limits
  readonly namespaces: Namespaces
  readonly verifier?: Verifier
  /** Tokens that are void before their end, as the verifier knows them. */
  readonly revocations?: Revocations
  readonly hooks: AskingHooks
  /** Lets everything be done in channels that belong to no service. */
  readonly insecure: boolean
  readonly personalChannel?: PersonalChannel | undefined
  /** Lets a WebSocket connect without a token. */
  readonly anonymousAllowed: boolean
  /** Tells refused clients why. For development mode. */
  readonly explained?: boolean
  connectBroker(sink: BrokerSink): Broker
  openPresence(broker: Broker): Presence
}

const unread = 'answers to earlier requests have not been read'

/** One server process: options, hub, broker, presence, sessions. Transports put sessions in, services put methods in. */
export class Node implements BrokerSink, SessionContext<Session>, LifecycleHost {
  readonly id: string
  readonly version: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly limits: Limits
  readonly counters = new Counters()
  readonly tick: Tick
  readonly access: Access
  readonly hub: Hub
  readonly broker: Broker
  readonly presence: Presence
  readonly sessions: Sessions
  readonly owner: SessionLifecycle
  readonly rates: Rates
  /** Rates that hold for several nodes together where limits are shared, by names that are the same on each. */
  readonly sharedRates = new Map<string, KeyedRateLimiter>()
  readonly refusals: Refusals
  readonly revocations: Revocations
  readonly unsent: UnsentBytes
  readonly tokens: TokenCheck
  readonly steps: Steps
  /** Commands of services that are under way or wait for their turn. */
  readonly calls: ServiceCalls
  readonly recentControls = new RecentControls()
  readonly connectHandlers = new ConnectHandlers()
  readonly methods = new Map<string, CommandMethod>()
  readonly #listeners: { readonly kind: LifecycleEvent['kind'] | undefined; readonly listener: LifecycleListener }[] = []
  #happened: LifecycleEvent[] = []
  readonly #occupancy = new Occupancy()
  /** Runs methods that are not known here: a relay has its parent do it. */
  forward: ((method: string, data: Json | undefined, context: CommandContext) => Promise<Json | undefined>) | undefined
  /** Brings a command to the node that owns its key. Without it every key is owned here. */
  toOwner: ((key: string, method: string, data: Json | undefined, context: CommandContext) => Promise<Json | undefined>) | undefined
  #verifying: Timer | undefined

  constructor(readonly options: NodeOptions) {
    const { clock, random, limits } = options
    this.id = options.id ?? randomId(random, 6)
    this.version = options.version
    this.clock = clock
    this.random = random
    this.log = options.log
    this.limits = limits
    this.tick = new Tick(clock)
    this.refusals = new Refusals({ clock, log: options.log, explained: options.explained === true })
    this.revocations = options.revocations ?? new Revocations(clock)
    this.rates = new Rates(clock, limits)
    this.sharedRates.set(commandRate, this.rates.principals)
    this.steps = new Steps(clock)
    this.calls = new ServiceCalls(this.rates, this.steps)
    this.tokens = new TokenCheck(options.verifier, this.rates)
    this.access = new Access({
      namespaces: options.namespaces,
      tokens: this.tokens,
      hooks: options.hooks,
      channelLengthMax: limits.channelLengthMax,
      insecure: options.insecure,
      refusals: this.refusals,
    })
    this.broker = options.connectBroker(this)
    this.presence = options.openPresence(this.broker)
    this.owner = new SessionLifecycle(this)
    this.sessions = new Sessions({ clock, limits, expired: session => this.owner.expired(session) })
    this.unsent = new UnsentBytes(clock, limits)
    this.hub = new Hub({
      broker: this.broker,
      clock,
      random,
      healMax: limits.recoveryMax,
      pacers: new Pacers(clock),
      lingerMs: limits.channelLingerMs,
      failed: (channel, error) => this.log.warn({ channel, err: error }, 'the broker did not answer for a channel'),
    })
    if (limits.positionCheckMs > 0) this.#verifying = every(clock, limits.positionCheckMs, () => this.hub.verify())
  }

  now(): number {
    return this.clock.now()
  }

  /** Appends and delivers everywhere. Resolves when the append is as durable as the namespace asks. @throws CommandError 102, 106 */
  async publish(channel: string, data: Json, options: PublishOptions = {}): Promise<Position> {
    this.access.namespaceOf(channel)
    this.counters.accepted++
    const position = await this.broker.publish(channel, data, options)
    this.counters.appended++
    return position
  }

  /** A page of history, at most as long as the limits allow; of a channel that is followed with a delay, as far as that has come. */
  history(channel: string, query: HistoryQuery, delayMs = 0): Promise<HistoryPage> {
    const { historyPageMax } = this.limits
    const limit = query.limit < 0 || query.limit > historyPageMax ? historyPageMax : query.limit
    const delayed = delayMs === 0 ? undefined : this.hub.get(channel, delayMs)
    return delayed === undefined ? this.broker.history(channel, { ...query, limit }) : delayed.feed.history({ ...query, limit })
  }

  /** The limits of users hold for several nodes together from now on. */
  shareLimits(): SharedLimits {
    return new SharedLimits(this.limits, this.sharedRates, this.sessions)
  }

  /** Runs a service's command, or asks the rpc hook. @throws CommandError 101 for a stranger where a user is needed, 104 for no such method, 107 with the path of a bad input */
  async call(method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined> {
    const known = this.methods.get(method)
    if (known === undefined)
      return this.forward === undefined ? this.#askRpcHook(method, data, context) : this.forward(method, data, context)
    if (context.user === '' && !known.anonymous) throw new CommandError(errors.unauthorized, 'this command needs a user')
    const parsed = known.schema.safeParse(data ?? {})
    if (!parsed.success) throw new CommandError(errors.badRequest, describeIssue(parsed.error))
    const key = context.owned === undefined ? known.keyOf?.(parsed.data) : undefined
    if (key !== undefined && this.toOwner !== undefined) return this.toOwner(key, method, data, context)
    const { session } = context
    const principal = payerOf(context)
    const pause = async () => {
      await this.steps.next(principal)
      if (session?.isClosed) throw new CommandError(errors.internal, 'the connection closed')
    }
    return this.calls.run(principal, known.weight ?? 1, () => {
      if (session?.isClosed) throw new CommandError(errors.internal, 'the connection closed')
      // Commands of a connection wait for room in its outbox.
      if (session === undefined && !this.unsent.hasRoomFor(context.user)) throw new CommandError(errors.tooManyRequests, unread)
      return known.run(parsed.data, { ...context, pause })
    })
  }

  /** A client's message without an answer: services that want such messages listen. */
  received(session: Session, data: Json | undefined): void {
    this.log.debug({ client: session.id, bytes: JSON.stringify(data ?? null).length }, 'a message that no service handles')
  }

  /** @param kind of events that it wants to hear; all of them when absent */
  on(listener: LifecycleListener, kind?: LifecycleEvent['kind']): void {
    this.#listeners.push({ kind, listener })
  }

  /** Whether anyone wants to hear of connections and subscriptions. */
  get isListened(): boolean {
    return this.#listeners.length > 0
  }

  /** `node` is where it happened: a channel is occupied from its first subscriber anywhere to its last. */
  emit(event: LifecycleEvent, node = this.id): void {
    if (!this.#occupancy.changes(event, node) || this.#listeners.length === 0) return
    if (this.#happened.push(event) === 1) this.clock.soon(() => this.#tell())
  }

  /**
   * Listeners hear at the end of the turn, in order: what they publish then comes after the replies that are being made, never before.
   * One that fails must not stop what it only listens to.
   */
  #tell(): void {
    const happened = this.#happened
    this.#happened = []
    for (const event of happened)
      for (const { kind, listener } of this.#listeners) if (kind === undefined || kind === event.kind) this.#tellOne(listener, event)
  }

  /** Most listeners have nothing to wait for, so that a promise for each of them would be made in vain. */
  #tellOne(listener: LifecycleListener, event: LifecycleEvent): void {
    const failed = (error: unknown) => this.log.error({ err: error, event: event.kind }, 'a listener failed')
    try {
      listener(event)?.catch(failed)
    } catch (error) {
      failed(error)
    }
  }

  /** The channels that have subscribers here or below, as far as events have told. */
  get occupied(): readonly string[] {
    return this.#occupancy.channels
  }

  /** The rules of namespaces have changed: who follows their channels subscribes again, under the new ones. */
  renew(namespaces: ReadonlySet<string>): void {
    for (const { namespace, name, subscriptions } of [...this.hub.channels()]) {
      if (!namespaces.has(namespace.name)) continue
      for (const { session } of [...subscriptions]) session.unsubscribe(name, unsubscribes.insufficientState)
    }
  }

  /** A node below is gone with all of its subscribers. */
  lost(node: string): void {
    for (const channel of this.#occupancy.of(node)) this.emit({ kind: 'channel_vacated', channel }, node)
  }

  deliver(channel: string, delivery: BrokerMessage): void {
    this.hub.deliver(channel, delivery)
  }

  mayHaveMissed(channel: string): void {
    this.hub.mayHaveMissed(channel)
  }

  /** Nothing of a history is kept here. */
  removed(): void {}

  control(message: Control): void {
    applyControl(this, message)
  }

  async close(): Promise<void> {
    this.#verifying?.cancel()
    for (const session of [...this.sessions.all()]) session.close(closes.shutdown)
    this.#tell()
    this.sessions.close()
    this.rates.close()
    this.hub.close()
    await this.presence.close()
    await this.broker.close()
  }

  async #askRpcHook(method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined> {
    const { rpc } = this.options.hooks
    if (rpc === undefined) throw new CommandError(errors.methodNotFound)
    const { session, user } = context
    // As over a connection, which a stranger gets only where strangers are let in.
    if (session === undefined && user === '' && !this.options.anonymousAllowed) throw new CommandError(errors.unauthorized)
    const asking = { client: context.client ?? '', user, transport: 'http', principal: payerOf(context) }
    const client = session?.asking ?? asking
    const answer = await rpc(client, method, data)
    // Without a connection there is none to end.
    if (answer.kind === 'disconnect' && context.session === undefined) throw new CommandError(errors.permissionDenied, answer.close.reason)
    return unwrap(answer).data
  }
}
