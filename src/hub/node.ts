import type { z } from 'zod'
import { type Clock, every, type Json, type Random, randomId, type Timer } from '../kit/index.ts'
import { type Close, CommandError, closes, describeIssue, errors, type Position, unsubscribes } from '../protocol/index.ts'
import { Access, unwrap } from './access/access.ts'
import type { Verifier } from './access/identity.ts'
import { type Principal, principalOf } from './access/principal.ts'
import { Rates } from './access/rates.ts'
import { Refusals } from './access/refusals.ts'
import { Revocations } from './access/revocations.ts'
import { TokenCheck } from './access/token-check.ts'
import { Hub } from './channel/hub.ts'
import { Occupancy } from './channel/occupancy.ts'
import type { PersonalChannel } from './channel/personal-channel.ts'
import type { Subscription } from './channel/subscription.ts'
import type { Broker, BrokerMessage, BrokerSink, Control, HistoryPage, HistoryQuery, PublishOptions } from './contracts/broker.ts'
import type { AskingHooks, LifecycleEvent, LifecycleListener } from './contracts/hooks.ts'
import type { Log } from './contracts/log.ts'
import type { Presence } from './contracts/presence.ts'
import { Counters } from './counters.ts'
import type { Namespaces } from './delivery/namespace.ts'
import { Pacers } from './delivery/state/pacer.ts'
import type { OutboxContext } from './fanout/outbox-context.ts'
import { Tick } from './fanout/tick.ts'
import { UnsentBytes } from './fanout/unsent-bytes.ts'
import type { Limits } from './limits.ts'
import { ConnectHandlers } from './session/connect-handlers.ts'
import { applyControl } from './session/control.ts'
import { moveEnd } from './session/expiry.ts'
import { RecentControls } from './session/recent-controls.ts'
import { ServiceCalls } from './session/service-calls.ts'
import type { Session } from './session/session.ts'
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

/** Who calls a command. */
export interface CommandContext {
  readonly user: string
  /** The client id, where the call came over a connection. */
  readonly client?: string
  readonly session?: Session
  /** Who pays for it; by the user where absent. */
  readonly principal?: Principal
}

/** What a command gets while it runs. */
export interface RunningContext extends CommandContext {
  /**
   * Lets others have their turn. A command that reads many rows asks for it after each step of about a millisecond, and goes on when it
   * resolves. @throws CommandError where its connection is gone
   */
  pause(): Promise<void>
}

/** A command of a service: the schema its input meets once, and what it does. */
export interface CommandMethod {
  readonly schema: z.ZodType
  /** Callers without a user may call it too. */
  readonly anonymous: boolean
  /** As much as so many commands that do next to nothing; 1 where absent. */
  readonly weight?: number
  run(input: unknown, context: RunningContext): Json | undefined | Promise<Json | undefined>
}

const unread = 'answers to earlier requests have not been read'

/** One server process: options, hub, broker, presence, sessions. Transports put sessions in, services put methods in. */
export class Node implements BrokerSink, OutboxContext {
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
  readonly rates: Rates
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
  #phase = 0
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
    this.sessions = new Sessions(this)
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

  /** Spreads sessions over the phases of heartbeats and pacers. */
  phaseOf(_session: Session): number {
    return this.#phase++
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

  /** Runs a service's command, or asks the rpc hook. @throws CommandError 101 for a stranger where a user is needed, 104 for no such method, 107 with the path of a bad input */
  async call(method: string, data: Json | undefined, context: CommandContext): Promise<Json | undefined> {
    const known = this.methods.get(method)
    if (known === undefined)
      return this.forward === undefined ? this.#askRpcHook(method, data, context) : this.forward(method, data, context)
    if (context.user === '' && !known.anonymous) throw new CommandError(errors.unauthorized, 'this command needs a user')
    const parsed = known.schema.safeParse(data ?? {})
    if (!parsed.success) throw new CommandError(errors.badRequest, describeIssue(parsed.error))
    const { session } = context
    const principal = payerOf(context)
    const pause = async () => {
      await this.steps.next(principal)
      if (session?.isClosed) throw new CommandError(errors.internal, 'the connection closed')
    }
    return this.calls.run(principal, known.weight ?? 1, () => {
      if (session?.isClosed) throw new CommandError(errors.internal, 'the connection closed')
      // What comes by a connection waits for its room there.
      if (session === undefined && !this.unsent.hasRoomFor(context.user)) throw new CommandError(errors.tooManyRequests, unread)
      return known.run(parsed.data, { ...context, pause })
    })
  }

  /** A client's message without an answer: services that want such messages listen. */
  received(session: Session, data: Json | undefined): void {
    this.log.debug({ client: session.id, bytes: JSON.stringify(data ?? null).length }, 'a message that no service listens to')
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

  subscriptionBegan(subscription: Subscription): void {
    const { channel, session, terms } = subscription
    if (terms.expireAt !== 0) this.sessions.subscriptionExpires(subscription)
    if (channel.namespace.presence || channel.namespace.joinLeave)
      this.#presently(this.presence.track(channel.name, subscription.info), channel.name)
    channel.live++
    if (this.#listeners.length === 0) return
    if (channel.live === 1) this.emit({ kind: 'channel_occupied', channel: channel.name })
    this.emit({ kind: 'subscribe', client: session.hookClient, channel: channel.name })
  }

  subscriptionEnded(subscription: Subscription, wasLive: boolean, { code, reason }: Close): void {
    const { channel, session } = subscription
    this.sessions.subscriptionEnded(subscription)
    if (wasLive && (channel.namespace.presence || channel.namespace.joinLeave))
      this.#presently(this.presence.untrack(channel.name, session.id), channel.name)
    this.hub.released(channel)
    if (!wasLive) return
    channel.live--
    if (this.#listeners.length === 0) return
    this.emit({ kind: 'unsubscribe', client: session.hookClient, channel: channel.name, code, reason })
    if (!this.hub.isLive(channel.name)) this.emit({ kind: 'channel_vacated', channel: channel.name })
  }

  disconnected(session: Session, { code, reason }: Close): void {
    this.emit({ kind: 'disconnect', client: session.hookClient, code, reason })
  }

  /** The identity has ended and no refresh came: the refresh hook may prolong it. */
  expired(session: Session): void {
    const ask = this.options.hooks.refresh
    if (ask === undefined) {
      session.close(closes.expired)
      return
    }
    ask(session.asking).then(
      answer => {
        if (answer.kind !== 'granted' || answer.result.expired || answer.result.expireAt === undefined) session.close(closes.expired)
        else moveEnd(session, answer.result.expireAt)
      },
      () => session.close(closes.expired),
    )
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

  #presently(done: Promise<void>, channel: string): void {
    done.catch((error: unknown) => this.log.warn({ channel, err: error }, 'presence could not be told'))
  }
}

/** Strangers below another node are known by their connections alone. */
export function payerOf({ principal, session, user, client = '' }: CommandContext): Principal {
  return principal ?? session?.principal ?? principalOf(user, user === '' ? client : '')
}
