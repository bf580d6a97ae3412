import type { Close } from '../../protocol/index.ts'
import { closes } from '../../protocol/index.ts'
import type { Rates } from '../access/rates.ts'
import { endRevoked } from '../access/revoke.ts'
import { endOthers } from '../channel/personal-channel.ts'
import type { Subscription } from '../channel/subscription.ts'
import type { Broker } from '../contracts/broker.ts'
import type { LifecycleEvent } from '../contracts/hooks.ts'
import type { UnsentBytes } from '../fanout/unsent-bytes.ts'
import type { CommandHost } from './command-host.ts'
import { CommandQueue } from './command-queue.ts'
import { applyMissed } from './control.ts'
import { moveEnd } from './expiry.ts'
import type { Session } from './session.ts'
import type { Commands, SessionOwner } from './session-context.ts'

export interface LifecycleHost extends CommandHost {
  readonly rates: Rates
  readonly unsent: UnsentBytes
  readonly broker: Broker
  /** Whether anyone wants to hear of connections and subscriptions. */
  readonly isListened: boolean
  emit(event: LifecycleEvent): void
}

/** The life of a node's sessions: its lists, limits, presence and listeners are updated here. */
export class SessionLifecycle implements SessionOwner<Session> {
  #phase = 0

  constructor(readonly host: LifecycleHost) {}

  nextPhase(): number {
    return this.#phase++
  }

  openCommands(session: Session): Commands {
    return new CommandQueue(this.host, session)
  }

  pays(session: Session, now: number, commands: number): boolean {
    return this.host.rates.spend(session, now, commands)
  }

  holds(session: Session, bytes: number): void {
    this.host.unsent.set(session, bytes)
  }

  identified(session: Session): void {
    const { host } = this
    host.sessions.identified(session)
    host.sessions.expires(session)
    applyMissed(host, session)
    if (!session.isClosed) endRevoked(host, session)
  }

  expiryMoved(session: Session): void {
    this.host.sessions.expires(session)
  }

  announced(session: Session): void {
    endOthers(this.host, session)
    this.host.emit({ kind: 'connect', client: session.hookClient })
  }

  subscribed(subscription: Subscription): void {
    const { host } = this
    const { channel, session, terms } = subscription
    if (terms.expireAt !== 0) host.sessions.subscriptionExpires(subscription)
    if (isPresent(subscription)) this.#told(host.presence.track(channel.name, subscription.info), channel.name)
    channel.live++
    if (!host.isListened) return
    if (channel.live === 1) host.emit({ kind: 'channel_occupied', channel: channel.name })
    host.emit({ kind: 'subscribe', client: session.hookClient, channel: channel.name })
  }

  unsubscribed(subscription: Subscription, wasLive: boolean, { code, reason }: Close): void {
    const { host } = this
    const { channel, session } = subscription
    host.sessions.subscriptionEnded(subscription)
    if (wasLive && isPresent(subscription)) this.#told(host.presence.untrack(channel.name, session.id), channel.name)
    host.hub.released(channel)
    if (!wasLive) return
    channel.live--
    if (!host.isListened) return
    host.emit({ kind: 'unsubscribe', client: session.hookClient, channel: channel.name, code, reason })
    if (!host.hub.isLive(channel.name)) host.emit({ kind: 'channel_vacated', channel: channel.name })
  }

  ended(session: Session, close: Close, wasAnnounced: boolean): void {
    const { recentControls, sessions } = this.host
    recentControls.ended(session)
    const wasListed = sessions.remove(session)
    if (wasListed && wasAnnounced)
      this.host.emit({ kind: 'disconnect', client: session.hookClient, code: close.code, reason: close.reason })
  }

  /** The identity has ended and no refresh came: the refresh hook may prolong it. */
  expired(session: Session): void {
    const ask = this.host.options.hooks.refresh
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

  #told(done: Promise<void>, channel: string): void {
    done.catch((error: unknown) => this.host.log.warn({ channel, err: error }, 'presence could not be published'))
  }
}

function isPresent({ channel: { namespace } }: Subscription): boolean {
  return namespace.presence || namespace.joinLeave
}
