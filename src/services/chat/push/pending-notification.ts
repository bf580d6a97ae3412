import type { Timer } from '../../../kit/index.ts'
import { pushLimits } from './limits.ts'
import type { OwedMessage } from './push-rows.ts'

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
