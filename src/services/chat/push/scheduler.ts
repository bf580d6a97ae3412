import { type Clock, Semaphore, type Timer } from '../../../kit/index.ts'
import type { Log } from '../../../service.ts'
import { pushLimits } from './limits.ts'
import type { OwedMessage, PushRows } from './rows.ts'
import type { PushTally } from './sender.ts'
import type { PushSubscription } from './subscription.ts'

export interface NotificationSchedulerOptions {
  readonly clock: Clock
  readonly log: Log
  readonly rows: Pick<PushRows, 'unaware' | 'wanted'>
  readonly tally: PushTally
  readonly isInUse: (user: string) => boolean
  readonly graceMs: number
  /** How long a device in use holds a message up. */
  readonly inUseMs: number
  /** Notifies devices of a user; `take` gives what they are still to be told of, at the last moment. May reject before that: it is tried again then. */
  readonly notify: (devices: readonly PushSubscription[], conversation: string, take: () => readonly OwedMessage[]) => Promise<void>
}

/** Watches over messages until they are read, or their time is over and the devices that do not know of them are notified. */
export class NotificationScheduler {
  readonly #byUser = new Map<string, Map<string, PendingNotification>>()
  readonly #decisions = new Semaphore(pushLimits.decisionsMax)
  #size = 0
  #isClosed = false

  constructor(readonly options: NotificationSchedulerOptions) {}

  /** Users' conversations that are watched over. */
  get size(): number {
    return this.#size
  }

  owe(user: string, message: OwedMessage, graceMs: number): void {
    if (this.#isClosed) return
    const pending = this.#of(user, message.conversation)
    if (pending === undefined) return
    const now = this.options.clock.now()
    pending.add(message, now, now + graceMs)
    if (pending.timer === undefined && !pending.isDeciding) this.#arm(pending)
  }

  /** Lets go of messages that nobody need be told of any longer. */
  drop(user: string, isSettled: (message: OwedMessage) => boolean): void {
    for (const pending of this.#byUser.get(user)?.values() ?? []) {
      pending.drop(isSettled)
      if (pending.isEmpty && !pending.isDeciding) this.#end(pending)
    }
  }

  close(): void {
    this.#isClosed = true
    for (const own of this.#byUser.values()) for (const { timer } of own.values()) timer?.cancel()
    this.#byUser.clear()
  }

  #of(user: string, conversation: string): PendingNotification | undefined {
    const own = this.#byUser.get(user) ?? new Map<string, PendingNotification>()
    const found = own.get(conversation)
    if (found !== undefined) return found
    if (this.#size >= pushLimits.waitingMax) {
      this.options.tally.add('dropped')
      return undefined
    }
    const pending = new PendingNotification(user, conversation)
    this.#byUser.set(user, own.set(conversation, pending))
    this.#size++
    return pending
  }

  #arm(pending: PendingNotification): void {
    const { clock } = this.options
    const { dueAt } = pending
    if (dueAt === undefined) this.#end(pending)
    else pending.timer = clock.after(Math.max(0, dueAt - clock.now()), () => this.#ripen(pending))
  }

  #ripen(pending: PendingNotification): void {
    pending.timer = undefined
    pending.isDeciding = true
    void this.#decisions.run(() => this.#decide(pending))
  }

  async #decide(pending: PendingNotification): Promise<void> {
    if (this.#isClosed) return
    const { clock, log } = this.options
    const { user, conversation } = pending
    try {
      const due = pending.newestDue(clock.now())
      if (due !== undefined && this.#isHeldUp(pending)) pending.postpone(clock.now() + pushLimits.inUseRecheckMs)
      else if (due !== undefined) await this.#notify(pending)
    } catch (error) {
      log.error({ user, conversation, err: error }, 'the users to notify could not be read; trying again')
      pending.postpone(clock.now() + pushLimits.undecidedMs)
    }
    pending.isDeciding = false
    if (!this.#isClosed) this.#arm(pending)
  }

  /**
   * Whoever sits at a device sees there what comes, and the others keep quiet: for a while only, since they may not look, and no longer than the
   * device is in use. A page that lies open unseen holds up nothing.
   */
  #isHeldUp({ user, owedAt }: PendingNotification): boolean {
    const { clock, graceMs, inUseMs, isInUse } = this.options
    return clock.now() < owedAt + graceMs + inUseMs && isInUse(user)
  }

  /** A message after `due` waits its own time: a device that lacks only that one may be about to acknowledge it. One note stands for all of them. */
  async #notify(pending: PendingNotification): Promise<void> {
    const { user, conversation } = pending
    await this.#dropUnwanted(pending)
    const due = pending.newestDue(this.options.clock.now())
    if (due === undefined) return
    const drop = () => pending.drop(({ offset }) => offset <= due.offset)
    const devices = await this.options.rows.unaware(user, due)
    if (devices.length > 0) {
      await this.options.notify(devices, conversation, () => {
        const { messages } = pending
        const isDue = messages.some(({ offset }) => offset <= due.offset)
        drop()
        return this.#isClosed || !isDue ? [] : messages
      })
    }
    drop()
  }

  /** Between a message and its notification there is time to mute, to leave or to block. */
  async #dropUnwanted(pending: PendingNotification): Promise<void> {
    const { user, conversation, messages } = pending
    const [from, to] = [messages[0]?.seq ?? 0, messages.at(-1)?.seq ?? 0]
    const wanted = await this.options.rows.wanted(user, conversation, from, to)
    pending.drop(({ seq }) => seq <= to && !wanted.has(seq))
  }

  #end({ user, conversation, timer }: PendingNotification): void {
    timer?.cancel()
    const own = this.#byUser.get(user)
    if (own?.delete(conversation)) this.#size--
    if (own?.size === 0) this.#byUser.delete(user)
  }
}

interface Due {
  readonly message: OwedMessage
  readonly owedAt: number
  readonly dueAt: number
}

/** Unread messages of one conversation whose notification to one user is not due yet, oldest first. */
export class PendingNotification {
  #dues: readonly Due[] = []
  /** Runs when the oldest of them is due. */
  timer: Timer | undefined
  /** The store is being asked; messages that come meanwhile still count. */
  isDeciding = false

  constructor(
    readonly user: string,
    readonly conversation: string,
  ) {}

  get messages(): readonly OwedMessage[] {
    return this.#dues.map(({ message }) => message)
  }

  get isEmpty(): boolean {
    return this.#dues.length === 0
  }

  /** When the oldest of them came. */
  get owedAt(): number {
    return this.#dues[0]?.owedAt ?? Number.POSITIVE_INFINITY
  }

  /** When the oldest of them is due; undefined if there is none. */
  get dueAt(): number | undefined {
    return this.#dues[0]?.dueAt
  }

  /** Adds a message that is newer than all others. If there are too many, the one before the newest is dropped: the push stands for it too. */
  add(message: OwedMessage, owedAt: number, dueAt: number): void {
    const newest = this.#dues.at(-1)
    if (newest !== undefined && message.offset <= newest.message.offset) return
    const kept = this.#dues.length < pushLimits.waitingPerConversationMax ? this.#dues : this.#dues.slice(0, -1)
    this.#dues = [...kept, { message, owedAt, dueAt }]
  }

  /** The newest message that is due. */
  newestDue(now: number): OwedMessage | undefined {
    return this.#dues.findLast(({ dueAt }) => dueAt <= now)?.message
  }

  /** Removes messages that need no notification any more. */
  drop(isSettled: (message: OwedMessage) => boolean): void {
    this.#dues = this.#dues.filter(({ message }) => !isSettled(message))
  }

  /** Makes all of them due later, as if they had just come. */
  postpone(dueAt: number): void {
    this.#dues = this.#dues.map(due => (due.dueAt < dueAt ? { ...due, dueAt } : due))
  }
}
