import type { Timer } from '../../../kit/index.ts'
import { pushLimits } from './limits.ts'
import type { OwedMessage } from './push-rows.ts'

interface Due {
  readonly message: OwedMessage
  readonly owedAt: number
  readonly dueAt: number
}

/** Messages of one conversation that wait for one user to read them, oldest first. */
export class Waiting {
  #dues: readonly Due[] = []
  /** When they are looked at next. */
  timer: Timer | undefined
  /** The store is being asked; what comes meanwhile counts. */
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

  /** Since when the first of them waits. */
  get owedAt(): number {
    return this.#dues[0]?.owedAt ?? Number.POSITIVE_INFINITY
  }

  /** When the first of them has waited long enough; undefined where there is none. */
  get dueAt(): number | undefined {
    return this.#dues[0]?.dueAt
  }

  /** Adds what is newer than all there are. Where there are too many, the one before the newest goes: the push tells of it too. */
  add(message: OwedMessage, owedAt: number, dueAt: number): void {
    const newest = this.#dues.at(-1)
    if (newest !== undefined && message.offset <= newest.message.offset) return
    const kept = this.#dues.length < pushLimits.waitingPerConversationMax ? this.#dues : this.#dues.slice(0, -1)
    this.#dues = [...kept, { message, owedAt, dueAt }]
  }

  /** The newest one whose time is over. */
  newestDue(now: number): OwedMessage | undefined {
    return this.#dues.findLast(({ dueAt }) => dueAt <= now)?.message
  }

  /** Takes out those that somebody need not be told of any longer. */
  drop(isSettled: (message: OwedMessage) => boolean): void {
    this.#dues = this.#dues.filter(({ message }) => !isSettled(message))
  }

  /** Looks at them again later, as if they had just come. */
  postpone(dueAt: number): void {
    this.#dues = this.#dues.map(due => (due.dueAt < dueAt ? { ...due, dueAt } : due))
  }
}
