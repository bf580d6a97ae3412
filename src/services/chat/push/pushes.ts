import type { Clock, Random } from '../../../kit/index.ts'
import type { Log } from '../../../service.ts'
import type { PushConfig } from '../options/index.ts'
import { GatewaySender } from './gateway.ts'
import { type NoteTask, type PushJob, seqOf } from './job.ts'
import { pushLimits } from './limits.ts'
import type { NoteContext } from './note.ts'
import { PushQueue } from './queue.ts'
import type { OwedMessage, PushRows, ShownNote } from './rows.ts'
import { NotificationScheduler } from './scheduler.ts'
import { type PushSender, PushTally } from './sender.ts'
import { Gathering, ShownNotes } from './shown-notes.ts'
import type { PushSubscription, SubscriptionRules } from './subscription.ts'
import { openVapidKeys } from './vapid.ts'
import { WebPushSender } from './web-push.ts'

/** A user's reading, and the device of it, which needs no notification. */
export interface ReadMark {
  readonly conversation: string
  readonly seq: number
  readonly device?: string
}

/** The events that the chat service reports; the rest is decided here. No call waits. */
export interface PushDesk {
  /** Takes up what was owed when the server stopped. */
  start(): Promise<void>
  /** A message stands in a user's inbox. Not for muted conversations, nor for the user's own messages. */
  owe(user: string, message: OwedMessage): void
  /** A device has everything up to and with this offset: it need not be told of it. */
  acknowledged(user: string, device: string, offset: number): void
  /** The user read a conversation up to there: what other devices show of it is taken away silently. */
  read(user: string, mark: ReadMark): void
  /** A message was deleted for everyone. Call it for each recipient who had not read it. */
  retract(user: string, conversation: string, seq: number): void
  /** Ends what is under way and writes down what was delivered. Idempotent. */
  close(): Promise<void>
}

export interface PushesOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly rows: PushRows
  /** Each subscription goes to the first that takes it. */
  readonly senders: readonly PushSender[]
  /** Whether somebody sits at a device of the user: its page is visible and was touched lately. */
  readonly isInUse: (user: string) => boolean
  /** How long a message waits for its acknowledgement. */
  readonly graceMs: number
  /** How long a push service may keep a message. */
  readonly ttlMs: number
  /** The grace of what was owed when the server stopped: devices come back over half a minute. */
  readonly restoredGraceMs?: number
  /** How long a device in use holds up what is not read. */
  readonly inUseMs?: number
}

/**
 * Who is notified of what. A message is owed to a user until they read it; after the grace the devices that have not acknowledged it themselves are
 * notified, once each, by one note per conversation. What was read or deleted is taken back.
 */
export class Pushes implements PushDesk {
  readonly tally = new PushTally()
  readonly #scheduler: NotificationScheduler
  readonly #queue: PushQueue
  readonly #shown: ShownNotes
  readonly #gone: Gathering<PushSubscription>
  #isClosed = false

  constructor(readonly options: PushesOptions) {
    const { clock, random, log, rows } = options
    this.#shown = new ShownNotes(clock, rows, log)
    this.#gone = new Gathering(clock, subscriptions =>
      rows.forget(subscriptions).catch(error => log.error({ err: error }, 'dead subscriptions could not be deleted')),
    )
    this.#queue = new PushQueue({
      clock,
      random,
      log,
      tally: this.tally,
      context: (user, conversation, seq) => this.#contextOf(user, conversation, seq),
      delivered: job => this.#delivered(job),
      gone: subscription => this.#gone.add(JSON.stringify([subscription.user, subscription.device, subscription.endpoint]), subscription),
    })
    const notify = this.#notify.bind(this)
    const { inUseMs = pushLimits.inUseMs } = options
    this.#scheduler = new NotificationScheduler({ ...options, inUseMs, tally: this.tally, notify })
  }

  /** Notes on their way, for metrics and for whoever waits for them. */
  get underWay(): number {
    return this.#queue.size + this.#scheduler.size
  }

  async start(): Promise<void> {
    const { clock, rows, restoredGraceMs = pushLimits.restoredGraceMs } = this.options
    const since = clock.now() - pushLimits.restoredMs
    let taken = 0
    for (let after: { user: string; offset: number } | undefined; taken < pushLimits.restoredMax; ) {
      const page = await rows.owed(since, pushLimits.restoredPage, after)
      for (const { user, ...message } of page) this.#scheduler.owe(user, message, restoredGraceMs)
      after = page.at(-1)
      taken += page.length
      if (page.length < pushLimits.restoredPage || this.#isClosed) return
    }
    this.options.log.warn({ taken }, 'more pushes were due than are resumed after a restart')
  }

  owe(user: string, message: OwedMessage): void {
    this.#scheduler.owe(user, message, this.options.graceMs)
  }

  acknowledged(user: string, device: string, offset: number): void {
    this.#withdraw(user, ({ offset: at }) => at <= offset, device)
  }

  read(user: string, mark: ReadMark): void {
    const { conversation, seq } = mark
    this.#settle(user, message => message.conversation === conversation && message.seq <= seq)
    this.#take(user, conversation, shown => (shown.seq > seq ? undefined : { kind: 'dismiss', seq }), mark.device)
  }

  retract(user: string, conversation: string, seq: number): void {
    this.#settle(user, message => message.conversation === conversation && message.seq === seq)
    this.#take(user, conversation, shown => {
      if (shown.seq < seq) return undefined
      return { kind: 'retract', seq, ...(shown.seq > seq && { latest: shown.seq }) }
    })
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      this.#scheduler.close()
      for (const sender of this.options.senders) sender.close()
      await this.#queue.close()
    }
    await Promise.all([this.#shown.flush(), this.#gone.flush()])
  }

  /** Nobody need be told of these any longer. */
  #settle(user: string, isSettled: (message: OwedMessage) => boolean): void {
    this.#scheduler.drop(user, isSettled)
    this.#withdraw(user, isSettled)
  }

  /** Takes messages out of what has not been sent yet, to one device or all. */
  #withdraw(user: string, isSettled: (message: OwedMessage) => boolean, only?: string): void {
    for (const job of this.#queue.of(user)) {
      if (only !== undefined && job.subscription.device !== only) continue
      if (job.state.kind === 'sending') {
        const { next } = job.state
        const task = next && unsettled(next.task, isSettled)
        job.state = { kind: 'sending', next: next && task && { ...next, task } }
        continue
      }
      const task = unsettled(job.task, isSettled)
      if (task === undefined) this.#queue.end(job)
      else job.task = task
    }
  }

  /** Sends devices of one user what they have not been shown. */
  async #notify(devices: readonly PushSubscription[], conversation: string, take: () => readonly OwedMessage[]): Promise<void> {
    const user = devices[0]?.user ?? ''
    const { ttlMs } = this.options
    const shown = await this.#shown.of(user, conversation)
    const messages = take()
    const newest = messages.at(-1)
    if (newest === undefined) return
    for (const subscription of devices) {
      const known = shown.find(({ device }) => device === subscription.device)
      if (known !== undefined && known.seq >= newest.seq) continue
      if (this.#queue.tells(subscription, conversation, newest.seq)) continue
      this.#order(subscription, conversation, { kind: 'message', messages }, ttlMs)
    }
  }

  async #contextOf(user: string, conversation: string, seq: number | undefined): Promise<NoteContext> {
    const { rows } = this.options
    const badge = await rows.badge(user)
    return { badge, preview: seq === undefined ? undefined : await rows.preview(user, conversation, seq) }
  }

  #order(subscription: PushSubscription, conversation: string, task: NoteTask, ttlMs: number): void {
    const sender = this.options.senders.find(candidate => candidate.takes(subscription))
    if (sender === undefined) this.tally.add('failed')
    else this.#queue.enqueue({ subscription, sender, conversation, task, ttlMs })
  }

  /**
   * Takes something away from the devices that show it, or will in a moment. A note that is being sent cannot be called back, so the other
   * one follows it.
   */
  #take(user: string, conversation: string, taskFor: (shown: ShownNote) => NoteTask | undefined, except?: string): void {
    for (const job of this.#queue.of(user)) {
      const { device } = job.subscription
      if (job.state.kind !== 'sending' || job.conversation !== conversation || job.task.kind !== 'message') continue
      const task = taskFor({ user, device, conversation, seq: seqOf(job.task) })
      if (task === undefined || device === except || job.state.next?.task.kind === 'message') continue
      job.state = { kind: 'sending', next: { task, expiresAt: this.options.clock.now() + this.#ttlOf(task) } }
    }
    this.#takeShown(user, conversation, taskFor, except).catch(error =>
      this.options.log.error({ user, conversation, err: error }, 'notifications could not be removed'),
    )
  }

  async #takeShown(
    user: string,
    conversation: string,
    taskFor: (shown: ShownNote) => NoteTask | undefined,
    except?: string,
  ): Promise<void> {
    const { rows } = this.options
    const shown = await this.#shown.of(user, conversation)
    const taken = shown.flatMap(note => {
      const task = taskFor(note)
      return task === undefined ? [] : [{ note, task }]
    })
    if (taken.length === 0 || this.#isClosed) return
    for (const { note, task } of taken) if (task.kind === 'dismiss' || note.seq === seqOf(task)) this.#shown.clear(note)
    const subscriptions = await rows.subscriptions(user)
    for (const { note, task } of taken) {
      const subscription = subscriptions.find(({ device }) => device === note.device)
      if (subscription === undefined || note.device === except) continue
      this.#order(subscription, conversation, task, this.#ttlOf(task))
    }
  }

  /** A note that waits at the push service is replaced by one that takes it away, which need not be kept for long itself. */
  #ttlOf({ kind }: NoteTask): number {
    return kind === 'dismiss' ? Math.min(pushLimits.dismissTtlMs, this.options.ttlMs) : this.options.ttlMs
  }

  #delivered({ subscription: { user, device }, conversation, task }: PushJob): void {
    if (task.kind === 'message') this.#shown.show({ user, device, conversation, seq: seqOf(task) })
  }
}

/** The rest of it that is still to be notified; undefined if there is none. */
function unsettled(task: NoteTask, isSettled: (message: OwedMessage) => boolean): NoteTask | undefined {
  if (task.kind !== 'message') return task
  const messages = task.messages.filter(message => !isSettled(message))
  return messages.length === 0 ? undefined : { kind: 'message', messages }
}

export interface PushSurroundings {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly rows: PushRows
  readonly isInUse: (user: string) => boolean
  /** The authority of push services of one's own, as PEM. */
  readonly ca?: string
  /** The grace of what was owed when the server stopped. */
  readonly restoredGraceMs?: number
  /** How long a device in use holds up pushes. */
  readonly inUseMs?: number
}

/** Pushes as configured, with what `chat.push` and `chat.push_key` need of them. */
export interface OpenedPushes {
  readonly pushes: Pushes
  readonly rules: SubscriptionRules
  /** The key that browsers subscribe with. */
  readonly publicKey: string
}

/** Reads the keys, or makes them up in the data folder. @throws ConfigError where they cannot be kept */
export function openPushes(
  { push, data }: { readonly push: PushConfig; readonly data: string },
  { ca, ...surroundings }: PushSurroundings,
): OpenedPushes {
  const { clock, random } = surroundings
  const keys = push.vapid ?? openVapidKeys(data, random)
  const { allowedHosts, allowPrivateAddresses, graceMs, ttlMs, webhook } = push
  const rules = { allowedHosts, allowPrivateAddresses, hasGateway: webhook !== undefined }
  const web = new WebPushSender({ clock, keys, subject: push.vapidSubject, rules, ...(ca !== undefined && { ca }) })
  const senders = webhook === undefined ? [web] : [web, new GatewaySender({ clock, ...webhook })]
  return { pushes: new Pushes({ ...surroundings, senders, graceMs, ttlMs }), rules, publicKey: keys.publicKey }
}
