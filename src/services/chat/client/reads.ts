import type { Clock, Timer } from '../../../kit/index.ts'
import { readError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import type { Conversation } from './conversation.ts'
import { limits } from './limits.ts'
import type { Patch } from './patch.ts'

interface Pace {
  timer: Timer | undefined
  sentAt: number
  isAsking: boolean
}

/** Tells the server what was read: only forwards, at most once a second for each conversation (chat M9, M10). */
export class Reads {
  readonly #paces = new Map<string, Pace>()

  constructor(
    readonly caller: Caller,
    readonly clock: Clock,
    readonly find: (conversation: string) => Conversation | undefined,
    readonly answered: (conversation: string, patch: Patch) => void,
  ) {}

  /** There may be something to tell: one has read on, the newest messages are there, or the link is new. */
  consider(id: string): void {
    if (!this.#isDue(id)) return
    const pace = this.#paces.get(id) ?? { timer: undefined, sentAt: Number.NEGATIVE_INFINITY, isAsking: false }
    this.#paces.set(id, pace)
    if (pace.timer !== undefined || pace.isAsking) return
    const wait = pace.sentAt + limits.readMs - this.clock.now()
    if (wait > 0) pace.timer = this.clock.after(wait, () => this.#again(id, pace))
    else void this.#tell(id, pace)
  }

  close(): void {
    for (const { timer } of this.#paces.values()) timer?.cancel()
  }

  #again(id: string, pace: Pace): void {
    pace.timer = undefined
    this.consider(id)
  }

  /** While one pages old history, the newest is not there yet, nothing counts as read. */
  #isDue(id: string): boolean {
    const conversation = this.find(id)
    if (conversation === undefined || !this.caller.isLive) return false
    const { wanted, confirmed, seq, thread } = conversation
    return wanted > confirmed && thread.covers(seq, seq)
  }

  async #tell(id: string, pace: Pace): Promise<void> {
    const conversation = this.find(id)
    if (conversation === undefined) return
    pace.sentAt = this.clock.now()
    pace.isAsking = true
    const { wanted, seq } = conversation
    try {
      const { read, unread } = await this.caller.call('chat.read', { conversation: id, seq: wanted })
      // The server knows of nothing further on; it is not asked again.
      const mark = { read: Math.max(read, wanted) }
      this.answered(id, { marks: [{ user: conversation.user, mark }], unread: { asOf: Math.max(seq, read), count: unread } })
      pace.isAsking = false
      this.consider(id)
    } catch (error) {
      pace.isAsking = false
      if (readError(error).temporary) this.consider(id)
    }
  }
}
