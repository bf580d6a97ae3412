import { type Clock, TimingWheel } from '../../kit/index.ts'
import { closes, unsubscribes } from '../../protocol/index.ts'
import type { Subscription } from '../channel/subscription.ts'
import { Frame } from '../fanout/frame.ts'
import type { Limits } from '../limits.ts'
import { Heartbeat } from './heartbeat.ts'
import { Room } from './room.ts'
import type { Session } from './session.ts'

export interface SessionsContext {
  readonly clock: Clock
  readonly limits: Limits
  /** A session's identity has ended: asks for a new one, or closes. */
  expired(session: Session): void
}

/** `{}` on the wire: the client answers with the same. */
const ping = new Frame(['{}'], 'reply')

/** All sessions of a node: by place for walking, by user for reaching, and their deadlines. */
export class Sessions {
  readonly #all: Session[] = []
  readonly #byUser = new Map<string, Set<Session>>()
  readonly #connecting: TimingWheel<Session>
  readonly #expiring: TimingWheel<Session>
  readonly #subscriptionsExpiring: TimingWheel<Subscription>
  readonly #pings: Heartbeat<Session>
  readonly #pongs: Heartbeat<Session>
  /** How much room there is, and for whom. */
  readonly room: Room
  /** How many sessions a user has on other nodes that share the limit. */
  elsewhere: ((user: string) => number) | undefined
  #websockets = 0

  constructor(readonly context: SessionsContext) {
    const { clock, limits } = context
    this.room = new Room(limits)
    this.#connecting = new TimingWheel(clock, 1000, 64, session => session.close(closes.stale))
    this.#expiring = new TimingWheel(clock, 1000, 512, session => context.expired(session))
    this.#subscriptionsExpiring = new TimingWheel(clock, 1000, 512, subscription => this.#subscriptionExpired(subscription))
    this.#pings = new Heartbeat(clock, limits.pingIntervalMs, 0, session => this.#ping(session))
    this.#pongs = new Heartbeat(clock, limits.pingIntervalMs, limits.pongTimeoutMs, session => this.#expectPong(session), this.#pings)
  }

  get size(): number {
    return this.#all.length
  }

  get websockets(): number {
    return this.#websockets
  }

  all(): readonly Session[] {
    return this.#all
  }

  of(user: string): readonly Session[] {
    return [...(this.#byUser.get(user) ?? [])]
  }

  add(session: Session): void {
    session.index = this.#all.push(session) - 1
    this.room.came(session)
    if (session.wire.name !== 'websocket') return
    this.#websockets++
    this.#connecting.set(session, this.context.limits.staleMs)
  }

  /** The session has said who it is. */
  identified(session: Session): void {
    this.#connecting.delete(session)
    if (session.wire.name === 'websocket') this.#pings.add(session)
    const refused = this.room.identified(session)
    if (refused !== undefined) session.close(refused)
    if (session.user === '') return
    const ofUser = this.#byUser.get(session.user) ?? new Set()
    ofUser.add(session)
    this.#byUser.set(session.user, ofUser)
    const { sessionsPerUserMax } = this.context.limits
    if (sessionsPerUserMax === 0) return
    if (ofUser.size + (this.elsewhere?.(session.user) ?? 0) > sessionsPerUserMax) session.close(closes.connectionLimit)
  }

  /** Users with more sessions than so many, with how many they have. */
  usersWithMoreThan(count: number): readonly (readonly [user: string, sessions: number])[] {
    const users: (readonly [string, number])[] = []
    if (this.#all.length > count) for (const [user, sessions] of this.#byUser) if (sessions.size > count) users.push([user, sessions.size])
    return users
  }

  expires(session: Session): void {
    this.#expiring.delete(session)
    if (session.expireAt === 0 || session.isClosed) return
    this.#expiring.set(session, this.#leftMs(session.expireAt, session.isRefreshable))
  }

  subscriptionExpires(subscription: Subscription): void {
    this.#subscriptionsExpiring.delete(subscription)
    const { expireAt, refreshable } = subscription.terms
    if (expireAt !== 0) this.#subscriptionsExpiring.set(subscription, this.#leftMs(expireAt, refreshable))
  }

  /** Only where the client itself may prolong is there a time to wait for it. */
  #leftMs(expireAt: number, refreshable: boolean): number {
    const { clock, limits } = this.context
    return Math.max(0, expireAt - clock.now() + (refreshable ? limits.expiryGraceMs : 0))
  }

  subscriptionEnded(subscription: Subscription): void {
    if (subscription.terms.expireAt !== 0) this.#subscriptionsExpiring.delete(subscription)
  }

  /** False where it was not listed. */
  remove(session: Session): boolean {
    if (this.#all[session.index] !== session) return false
    const last = this.#all.pop()
    if (last !== undefined && last !== session) {
      this.#all[session.index] = last
      last.index = session.index
    }
    session.index = -1
    this.room.left(session)
    if (session.wire.name === 'websocket') this.#websockets--
    this.#connecting.delete(session)
    this.#expiring.delete(session)
    this.#pings.remove(session)
    this.#forget(session)
    return true
  }

  close(): void {
    this.#connecting.close()
    this.#expiring.close()
    this.#subscriptionsExpiring.close()
    this.#pings.close()
    this.#pongs.close()
  }

  #forget(session: Session): void {
    const ofUser = this.#byUser.get(session.user)
    ofUser?.delete(session)
    if (ofUser?.size === 0) this.#byUser.delete(session.user)
  }

  #ping(session: Session): void {
    this.#expectPong(session)
    if (session.isClosed) return
    session.awaitingPong = true
    session.outbox.enqueue(ping)
    session.beat(this.context.clock.now())
  }

  #expectPong(session: Session): void {
    const { clock, limits } = this.context
    session.beat(clock.now())
    // The ping may still be on its way behind what is being sent: who takes bytes is alive, and who does not is stalled.
    if (!session.awaitingPong || session.outbox.isDraining(clock.now() - limits.pongTimeoutMs)) return
    session.close(closes.noPong)
  }

  #subscriptionExpired(subscription: Subscription): void {
    if (subscription.state.kind !== 'ended') subscription.session.unsubscribe(subscription.channel.name, unsubscribes.expired)
  }
}
