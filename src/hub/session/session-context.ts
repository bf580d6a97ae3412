import type { Close } from '../../protocol/index.ts'
import type { Subscription } from '../channel/subscription.ts'
import type { OutboxContext } from '../fanout/outbox-context.ts'

/** Runs what a session's client sends, in order. */
export interface Commands {
  /** Nothing is under way that the next command would have to know of. */
  readonly isIdle: boolean
  receive(frame: string | Uint8Array): void
}

/** What a node does when its sessions open, are identified, subscribe and end. */
export interface SessionOwner<Session> {
  /** Spreads sessions over the phases of heartbeats and pacers. */
  nextPhase(): number
  /** Makes what runs a session's commands, when it sends some. */
  openCommands(session: Session): Commands
  /** Takes commands from the rates that span connections; false at a limit. */
  pays(session: Session, now: number, commands: number): boolean
  /** So many bytes wait for its client. */
  holds(session: Session, bytes: number): void
  /** It is known who it is. It may be closed for that. */
  identified(session: Session): void
  /** Its identity ends at another time. */
  expiryMoved(session: Session): void
  /** It goes live: from here on listeners hear of it. */
  announced(session: Session): void
  subscribed(subscription: Subscription): void
  unsubscribed(subscription: Subscription, wasLive: boolean, close: Close): void
  ended(session: Session, close: Close, wasAnnounced: boolean): void
}

/** The part of a node that a session needs; one object for all sessions. */
export interface SessionContext<Session> extends OutboxContext {
  readonly owner: SessionOwner<Session>
}
