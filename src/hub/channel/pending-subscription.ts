import { formatDuration, type Json } from '../../kit/index.ts'
import { CommandError, errors, type Position, type Publication, type SubscribeResult, unsubscribes } from '../../protocol/index.ts'
import type { Grant } from '../access/access.ts'
import type { HistoryPage } from '../contracts/broker.ts'
import type { Namespace } from '../delivery/namespace.ts'
import { bytesOf, countWithin, fitInto, Replay } from '../fanout/replay.ts'
import type { TagFilter } from '../fanout/tag-filter.ts'
import { reconcile } from '../feed/reconcile.ts'
import type { CommandHost } from '../session/command-host.ts'
import { expiryAt } from '../session/expiry.ts'
import type { Session } from '../session/session.ts'
import { endedMeanwhile } from './pending-grants.ts'
import { channelsMaxOf } from './personal-channel.ts'
import { Subscription, type SubscriptionTerms } from './subscription.ts'

/** A subscription as a client, or the server on its behalf, requests it. */
export interface SubscribeRequest {
  readonly channel: string
  readonly token?: string | undefined
  readonly data?: Json | undefined
  /** Asks for everything after this position. */
  readonly since?: Position | undefined
  readonly recoverable?: boolean | undefined
  readonly positioned?: boolean | undefined
  readonly joinLeave?: boolean | undefined
  readonly delta?: string | undefined
  /** How far behind it wants to be, in whole seconds. */
  readonly delayMs?: number | undefined
  /** Its filter by tags; everything if absent. */
  readonly filter?: TagFilter | undefined
  /** Error 112 where what was missed cannot be given, for who has another way to the present state. */
  readonly rejectUnrecovered?: boolean | undefined
  /** Made by the server: already allowed, on these terms. */
  readonly granted?: Grant | undefined
}

/** The part of a node that a session needs to subscribe. */
export type SubscribeHost = Pick<CommandHost, 'access' | 'hub' | 'limits' | 'counters' | 'clock' | 'options' | 'owner'>

/**
 * Takes a session into a channel, up to the point where only the reply is missing: allowed, listed, and holding what comes in.
 * Nothing is lost between history and live, since the subscription queues from before the history is read.
 * @throws CommandError
 */
export async function openSubscription(host: SubscribeHost, session: Session, request: SubscribeRequest): Promise<PendingSubscription> {
  host.access.namespaceOf(request.channel)
  checkRoom(host, session, request.channel)
  const grant = request.granted ?? (await ask(host, session, request))
  checkRoom(host, session, request.channel)
  // Not before: rules may have changed while it was asked.
  const namespace = host.access.namespaceOf(request.channel)
  const delayMs = delayFor(request, namespace)
  const channel = host.hub.open(request.channel, namespace, delayMs)
  const subscription = new Subscription(session, channel, termsOf(namespace, request, grant), request.filter)
  session.track(subscription)
  channel.add(subscription, session.beatPhase)
  try {
    await channel.opened
    const page = await historySince(host, subscription, request.since)
    // If the session may have too much to recover, it gets the state instead.
    const isSure = page?.complete === true && fitInto(page.publications, host.limits.replayWindowBytes)
    const sinceData = isSure ? undefined : await historySince(host, subscription, grant.at)
    return new PendingSubscription(host, session, subscription, request, grant, page, sinceData)
  } catch (error) {
    session.untrack(request.channel, unsubscribes.insufficientState)
    throw error
  }
}

/** The permission to subscribe, from whichever authority decides. Meanwhile the channel counts as a subscription, and can be ended as one. */
function ask({ access }: SubscribeHost, session: Session, request: SubscribeRequest): Promise<Grant> {
  const delayMs = delayFor(request, access.namespaceOf(request.channel))
  return session.whilePending(request.channel, () => access.subscribe(session, request.channel, request.token, request.data, delayMs))
}

/** A subscription that is ready to go live once its reply is queued. */
export class PendingSubscription {
  /** Of the publications, what came within the reply. */
  inReplyBytes = 0

  constructor(
    readonly host: SubscribeHost,
    readonly session: Session,
    readonly subscription: Subscription,
    readonly request: SubscribeRequest,
    readonly grant: Grant,
    /** The history after the position that the client sent. */
    readonly page: HistoryPage | undefined,
    /** The history since the grant's data was made, if the client cannot continue from its own position. */
    readonly sinceData: HistoryPage | undefined,
  ) {}

  /**
   * Goes live and says from where. The caller queues the reply in the same turn, before anything else can be delivered.
   * @param roomInReply bytes of publications that may come within the reply; the rest is replayed behind it
   * @throws CommandError where the subscription ended or was overrun while it caught up
   */
  complete(roomInReply = this.session.outbox.roomInReply): SubscribeResult {
    const { subscription, session } = this
    const { state, channel } = subscription
    if (state.kind === 'ended') throw endedMeanwhile(state.close)
    if (state.kind !== 'catching-up' || session.isClosed) throw new CommandError(errors.internal, 'the subscription ended while it began')
    if (state.overflowed) {
      session.untrack(channel.name, unsubscribes.insufficientState)
      throw new CommandError(errors.internal, 'the channel moved faster than its history could be read')
    }
    const recovery = this.#filtered(this.#recover(state.queued))
    const { publications } = recovery
    const count = this.#countInReply(recovery, roomInReply)
    const inReply = recovery.isBehindState ? undefined : publications?.slice(0, count)
    this.inReplyBytes = bytesOf(inReply ?? [])
    const isFresh = this.grant.data === undefined || this.grant.at === undefined
    subscription.goLive(recovery.seen, isFresh, this.#replay(recovery, count))
    subscription.hasDeltaBase = (publications?.length ?? 0) > 0 && channel.isDeltaBase(recovery.seen)
    this.host.owner.subscribed(subscription)
    return { ...this.#position(recovery), ...this.#rest(recovery, inReply) }
  }

  /** The newest value must come with the reply: one that is newer still is not put behind a replay. */
  #countInReply({ publications = [], isBehindState }: Recovery, roomInReply: number): number {
    if (isBehindState) return 0
    return this.subscription.channel.namespace.delivery.recovers === 'newest' ? publications.length : countWithin(publications, roomInReply)
  }

  #filtered(recovery: Recovery): Recovery {
    const { filter } = this.subscription
    const { publications } = recovery
    if (filter === undefined || publications === undefined) return recovery
    return { ...recovery, publications: publications.filter(publication => filter.passes(publication)) }
  }

  /** The publications that do not fit into the reply. */
  #replay({ publications = [], offset }: Recovery, from: number): Replay | undefined {
    if (from === publications.length) return undefined
    const replay = new Replay(this.subscription, publications[from - 1]?.offset ?? offset)
    for (const publication of publications.slice(from)) replay.push(publication)
    return replay
  }

  /** Whether the session may have this much to recover beside what it is still owed. Where nothing else can be done, it may. */
  #isWithin(publications: readonly Publication[]): boolean {
    const { session } = this
    if (this.grant.at !== undefined && this.sinceData === undefined) return true
    return fitInto(publications, this.host.limits.recoveryBytesMax - session.outbox.replayBytes)
  }

  #recover(queued: readonly Publication[]): Recovery {
    const { channel } = this.subscription
    const { position } = channel.feed
    const { since } = this.request
    if (channel.namespace.delivery.recovers === 'newest') {
      const newest = channel.states.flatMap(state => state.snapshot())
      return recoverNewest(newest, position, since) ?? this.#unrecovered(queued)
    }
    if (since === undefined || this.page === undefined) return this.#start(queued)
    const missed = reconcile(since, this.page, queued, position)
    const publications = missed !== undefined && this.#isWithin(missed) ? missed : undefined
    if (publications === undefined) return this.#unrecovered(queued)
    this.host.counters.recovered++
    return { seen: Math.max(position.offset, this.page.position.offset), offset: since.offset, recovered: true, publications }
  }

  /** @throws CommandError 112 where the client would rather have nothing */
  #unrecovered(queued: readonly Publication[]): Recovery {
    this.host.counters.unrecovered++
    if (!this.request.rejectUnrecovered) return this.#start(queued)
    this.session.untrack(this.subscription.channel.name, unsubscribes.insufficientState)
    throw new CommandError(errors.unrecoverablePosition)
  }

  /** From here on, or from where the grant's data was made. @throws CommandError where that is too long ago: a new attempt gets newer data */
  #start(queued: readonly Publication[]): Recovery {
    const { session } = this
    const { channel } = this.subscription
    const { position } = channel.feed
    const { at } = this.grant
    if (at === undefined || !channel.isRecoverable) return { seen: position.offset, offset: position.offset, recovered: false }
    const publications = this.sinceData === undefined ? undefined : reconcile(at, this.sinceData, queued, position)
    if (publications !== undefined && this.sinceData !== undefined) {
      const seen = Math.max(position.offset, this.sinceData.position.offset)
      return { seen, offset: at.offset, recovered: false, publications, isBehindState: true }
    }
    session.untrack(channel.name, unsubscribes.insufficientState)
    throw new CommandError(errors.internal, 'the channel moved on while its state was fetched')
  }

  #position(recovery: Recovery): SubscribeResult {
    const { channel, terms } = this.subscription
    if (channel.feed.position.epoch === '') return {}
    return {
      epoch: channel.feed.position.epoch,
      offset: recovery.offset,
      ...(terms.recoverable ? { recoverable: true, recovered: recovery.recovered, was_recovering: this.request.since !== undefined } : {}),
      ...(terms.positioned ? { positioned: true } : {}),
    }
  }

  #rest({ recovered }: Recovery, publications: readonly Publication[] | undefined): SubscribeResult {
    const { channel, terms } = this.subscription
    const data = this.grant.data === undefined ? channel.snapshot() : dataOf(this.grant, recovered && channel.states.length === 0)
    return {
      ...(publications === undefined ? {} : { publications }),
      ...(data === undefined ? {} : { data }),
      ...(terms.delta ? { delta: true } : {}),
      ...(terms.refreshable ? expiryAt(terms.expireAt, this.host.clock.now()) : {}),
    }
  }
}

async function historySince(
  { limits }: SubscribeHost,
  { channel }: Subscription,
  since: Position | undefined,
): Promise<HistoryPage | undefined> {
  if (since === undefined || !channel.isRecoverable) return undefined
  return channel.feed.history({ since, limit: limits.recoveryMax })
}

/** How far behind the subscriber will be. What the server opens by itself is delayed where it can be. @throws CommandError 108 where it cannot */
function delayFor({ channel, delayMs = 0, granted }: SubscribeRequest, { name, delayMaxMs }: Namespace): number {
  if (delayMs <= delayMaxMs) return delayMs
  if (granted !== undefined && delayMaxMs === 0) return 0
  const bound = delayMaxMs === 0 ? `channels of "${name}" cannot be delayed` : `at most ${formatDuration(delayMaxMs)} in ${channel}`
  throw new CommandError(errors.notAvailable, `delay: ${bound}`)
}

/**
 * Who recovered everything needs no state that says the same: state that is made when asked, or fetched, is spared. Where a channel has
 * state stores, a history is not everything.
 */
function dataOf({ data, at }: Grant, hasEverything: boolean): Json | undefined {
  if (typeof data !== 'function') return hasEverything && at !== undefined ? undefined : data
  return hasEverything ? undefined : data()
}

interface Recovery {
  /** How far the reply brings the client. */
  readonly seen: number
  /**
   * The place before the publications of the reply, as in Centrifugo: each that is handed out moves the client on, so that one which ends
   * between two of them goes on from the last that it handed out.
   */
  readonly offset: number
  readonly recovered: boolean
  readonly publications?: readonly Publication[]
  /** They came after the state of the reply was made: they follow it, so that its data and its position are of one moment. */
  readonly isBehindState?: boolean
}

/** The newest value is all there is to recover: a newcomer gets it, who has it already gets nothing. Undefined where it has expired unseen. */
function recoverNewest(newest: readonly Publication[], { epoch, offset }: Position, since: Position | undefined): Recovery | undefined {
  const hasIt = since !== undefined && since.epoch === epoch && since.offset === offset
  if (since === undefined) return { seen: offset, offset: offset - newest.length, recovered: false, publications: newest }
  if (newest.length === 0 && !hasIt) return undefined
  // A place in another history says nothing in this one, where it may even be that of the newest value.
  const from = since.epoch === epoch ? since.offset : 0
  return { seen: offset, offset: from, recovered: true, publications: hasIt ? [] : newest }
}

function checkRoom(host: SubscribeHost, session: Session, channel: string): void {
  if (session.isClosed) throw new CommandError(errors.internal, 'the connection closed')
  if (session.hasOrAwaits(channel)) throw new CommandError(errors.alreadySubscribed)
  const channelsMax = channelsMaxOf(host, session.user)
  if (session.channelCount >= channelsMax) throw new CommandError(errors.limitExceeded, `at most ${channelsMax} channels`)
}

function termsOf(namespace: Namespace, request: SubscribeRequest, grant: Grant): SubscriptionTerms {
  const { recovers, forces, delta } = namespace.delivery
  const keeps = recovers !== 'nothing'
  return sharedTerms({
    chanInfo: grant.info,
    recoverable: keeps && (forces.recovery || request.recoverable === true || request.since !== undefined),
    positioned: keeps && (forces.positioning || request.positioned === true),
    joinLeave: namespace.joinLeave && (namespace.forcePushJoinLeave || request.joinLeave === true),
    // Publications that a filter leaves out would break the chain of deltas.
    delta: request.filter === undefined && request.delta === 'fossil' && delta !== 'never',
    serverSide: request.granted !== undefined,
    expireAt: (grant.expireAt ?? 0) * 1000,
    refreshable: request.token !== undefined && request.token !== '',
    ...(grant.token === undefined ? {} : { token: grant.token }),
  })
}

const known = new Map<string, SubscriptionTerms>()

/** Terms without anything personal are the same for thousands: there are few of them, and one object each is enough. */
function sharedTerms(terms: SubscriptionTerms): SubscriptionTerms {
  if (terms.chanInfo !== undefined || terms.expireAt !== 0 || terms.token !== undefined) return terms
  const key = JSON.stringify(terms)
  const shared = known.get(key) ?? terms
  known.set(key, shared)
  return shared
}
