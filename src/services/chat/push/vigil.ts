import type { Log } from '../../../hub/index.ts'
import type { Clock } from '../../../kit/index.ts'
import { pushLimits } from './limits.ts'
import type { OwedMessage, PushRows } from './push-rows.ts'
import type { PushSubscription } from './push-subscription.ts'
import type { PushTally } from './tally.ts'
import { Waiting } from './waiting.ts'

export interface VigilOptions {
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
export class Vigil {
  readonly #byUser = new Map<string, Map<string, Waiting>>()
  readonly #ready: Waiting[] = []
  #deciding = 0
  #size = 0
  #isClosed = false

  constructor(readonly options: VigilOptions) {}

  /** Users' conversations that are watched over. */
  get size(): number {
    return this.#size
  }

  owe(user: string, message: OwedMessage, graceMs: number): void {
    if (this.#isClosed) return
    const waiting = this.#of(user, message.conversation)
    if (waiting === undefined) return
    const now = this.options.clock.now()
    waiting.add(message, now, now + graceMs)
    if (waiting.timer === undefined && !waiting.isDeciding) this.#arm(waiting)
  }

  /** Lets go of messages that nobody need be told of any longer. */
  drop(user: string, isSettled: (message: OwedMessage) => boolean): void {
    for (const waiting of this.#byUser.get(user)?.values() ?? []) {
      waiting.drop(isSettled)
      if (waiting.isEmpty && !waiting.isDeciding) this.#end(waiting)
    }
  }

  close(): void {
    this.#isClosed = true
    for (const own of this.#byUser.values()) for (const { timer } of own.values()) timer?.cancel()
    this.#byUser.clear()
    this.#ready.length = 0
  }

  #of(user: string, conversation: string): Waiting | undefined {
    const own = this.#byUser.get(user) ?? new Map<string, Waiting>()
    const found = own.get(conversation)
    if (found !== undefined) return found
    if (this.#size >= pushLimits.waitingMax) {
      this.options.tally.add('dropped')
      return undefined
    }
    const waiting = new Waiting(user, conversation)
    this.#byUser.set(user, own.set(conversation, waiting))
    this.#size++
    return waiting
  }

  #arm(waiting: Waiting): void {
    const { clock } = this.options
    const { dueAt } = waiting
    if (dueAt === undefined) this.#end(waiting)
    else waiting.timer = clock.after(Math.max(0, dueAt - clock.now()), () => this.#ripen(waiting))
  }

  #ripen(waiting: Waiting): void {
    waiting.timer = undefined
    waiting.isDeciding = true
    this.#ready.push(waiting)
    this.#next()
  }

  #next(): void {
    while (this.#deciding < pushLimits.decisionsMax) {
      const waiting = this.#ready.shift()
      if (waiting === undefined) return
      this.#deciding++
      void this.#decide(waiting).finally(() => {
        this.#deciding--
        this.#next()
      })
    }
  }

  async #decide(waiting: Waiting): Promise<void> {
    const { clock, log } = this.options
    const { user, conversation } = waiting
    try {
      const due = waiting.newestDue(clock.now())
      if (due !== undefined && this.#isHeldUp(waiting)) waiting.postpone(clock.now() + pushLimits.inUseRecheckMs)
      else if (due !== undefined) await this.#notify(waiting)
    } catch (error) {
      log.error({ user, conversation, err: error }, 'whom to notify could not be decided, and is tried again')
      waiting.postpone(clock.now() + pushLimits.undecidedMs)
    }
    waiting.isDeciding = false
    if (!this.#isClosed) this.#arm(waiting)
  }

  /**
   * Whoever sits at a device sees there what comes, and the others keep quiet: for a while only, since they may not look, and no longer than the
   * device is in use. A page that lies open unseen holds up nothing.
   */
  #isHeldUp({ user, owedAt }: Waiting): boolean {
    const { clock, graceMs, inUseMs, isInUse } = this.options
    return clock.now() < owedAt + graceMs + inUseMs && isInUse(user)
  }

  /** What came after `due` waits its own time: a device that lacks it alone may be about to acknowledge it. One note tells of all there is. */
  async #notify(waiting: Waiting): Promise<void> {
    const { user, conversation } = waiting
    await this.#dropUnwanted(waiting)
    const due = waiting.newestDue(this.options.clock.now())
    if (due === undefined) return
    const drop = () => waiting.drop(({ offset }) => offset <= due.offset)
    const devices = await this.options.rows.unaware(user, due)
    if (devices.length > 0) {
      await this.options.notify(devices, conversation, () => {
        const { messages } = waiting
        const isDue = messages.some(({ offset }) => offset <= due.offset)
        drop()
        return this.#isClosed || !isDue ? [] : messages
      })
    }
    drop()
  }

  /** Between a message and its notification there is time to mute, to leave or to block. */
  async #dropUnwanted(waiting: Waiting): Promise<void> {
    const { user, conversation, messages } = waiting
    const [from, to] = [messages[0]?.seq ?? 0, messages.at(-1)?.seq ?? 0]
    const wanted = await this.options.rows.wanted(user, conversation, from, to)
    waiting.drop(({ seq }) => seq <= to && !wanted.has(seq))
  }

  #end({ user, conversation, timer }: Waiting): void {
    timer?.cancel()
    const own = this.#byUser.get(user)
    if (own?.delete(conversation)) this.#size--
    if (own?.size === 0) this.#byUser.delete(user)
  }
}
