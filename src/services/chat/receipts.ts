import type { Clock, Timer } from '../../kit/index.ts'

export interface ReceiptTeller {
  readonly clock: Clock
  readonly everyMs: number
  tell(conversation: string): Promise<void>
  failed(conversation: string, error: unknown): void
}

/** The first news of a conversation goes out after this long, so that devices that answer at once share an entry. */
const gatherMs = 30

/** When authors are told: soon after something moved, and then at most once in a while for each conversation (chat M10). */
export class Receipts {
  readonly #timers = new Map<string, Timer>()
  readonly #toldAt = new Map<string, number>()
  #isClosed = false

  constructor(readonly teller: ReceiptTeller) {}

  moved(conversation: string): void {
    if (this.#isClosed || this.#timers.has(conversation)) return
    const { clock, everyMs } = this.teller
    const toldAt = this.#toldAt.get(conversation) ?? 0
    const waitMs = Math.max(Math.min(gatherMs, everyMs), toldAt + everyMs - clock.now())
    this.#timers.set(
      conversation,
      clock.after(waitMs, () => this.#tell(conversation)),
    )
  }

  sweep(): void {
    const before = this.teller.clock.now() - this.teller.everyMs
    for (const [conversation, toldAt] of this.#toldAt) if (toldAt < before) this.#toldAt.delete(conversation)
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #tell(conversation: string): void {
    this.#timers.delete(conversation)
    this.#toldAt.set(conversation, this.teller.clock.now())
    this.teller.tell(conversation).catch((error: unknown) => {
      this.teller.failed(conversation, error)
      this.moved(conversation)
    })
  }
}
