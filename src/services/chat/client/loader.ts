import type { Clock, Random, Timer } from '../../../kit/index.ts'
import { readError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import { limits } from './limits.ts'
import { HistoryPages, type PagesHost } from './pages.ts'

export interface LoaderHost extends PagesHost {
  /** Whether entries of the inbox are still to come that may fill a hole by themselves. */
  readonly awaitsEntries: boolean
}

/** Asks the server for what the inbox does not bring: pages of history, what fills holes, and reactions that had to be guessed. */
export class Loader {
  readonly pages: HistoryPages
  readonly #healing = new Map<string, Timer>()
  readonly #recounts = new Map<string, Set<number>>()

  constructor(
    readonly caller: Caller,
    readonly clock: Clock,
    readonly random: Random,
    readonly host: LoaderHost,
  ) {
    this.pages = new HistoryPages(caller, clock, random, host)
  }

  /** The newest page, unless it is there. */
  async newest(id: string): Promise<void> {
    const conversation = this.host.find(id)
    if (conversation === undefined || conversation.seq === 0) return
    const { thread, seq, shown, hasBefore } = conversation
    const [hole] = thread.holes(seq)
    if (!thread.covers(seq, seq) && (hole === undefined || seq - hole[0] >= limits.holeMax)) await this.pages.ask(id, {})
    else if (shown.length < limits.pageEntries && hasBefore) await this.pages.before(id)
    this.healLater(id)
  }

  /** Fills holes in the order, once they have had time to be filled by themselves. */
  healLater(id: string): void {
    if (this.#healing.has(id) || this.#holes(id).length === 0) return
    const timer = this.clock.after(limits.healMs, () => {
      this.#healing.delete(id)
      if (this.host.awaitsEntries) this.healLater(id)
      else void this.#heal(id).catch(ignoreOffline)
    })
    this.#healing.set(id, timer)
  }

  /** Somebody changed a reaction that was only counted: the message is asked for again. */
  recountLater(id: string, seq: number): void {
    const due = this.#recounts.get(id)
    if (due !== undefined) {
      due.add(seq)
      return
    }
    this.#recounts.set(id, new Set([seq]))
    this.clock.after(limits.healMs, () => {
      const seqs = this.#recounts.get(id) ?? new Set()
      this.#recounts.delete(id)
      for (const each of seqs) void this.pages.ask(id, { after: each - 1, limit: 1 }).catch(ignoreOffline)
    })
  }

  close(): void {
    for (const timer of this.#healing.values()) timer.cancel()
    this.#healing.clear()
    this.pages.close()
  }

  /** Of the newest, and of what is shown. */
  #holes(id: string): readonly (readonly [from: number, to: number])[] {
    const conversation = this.host.find(id)
    if (conversation === undefined) return []
    const { thread, seq, hasAfter, part } = conversation
    return [...(hasAfter ? thread.holes(seq, part) : []), ...thread.holes(seq)]
  }

  /** Each hole once: a server that cannot fill one is not asked for ever. */
  async #heal(id: string): Promise<void> {
    for (const [from, to] of this.#holes(id)) {
      if (to - from >= limits.holeMax) await this.pages.ask(id, {})
      else await this.pages.ask(id, { after: from - 1, limit: limits.holeMax })
    }
  }
}

/** What could not be asked for now is asked for when the link is new. */
export function ignoreOffline(error: unknown): void {
  if (!readError(error).temporary) reportError(error)
}
