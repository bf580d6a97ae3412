import { backoffMs, type Clock, type Random, type Timer } from '../../../kit/index.ts'
import { ChatError, readError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import type { Conversation } from './conversation.ts'
import { limits } from './limits.ts'
import { type ChatHistoryQuery, type Patch, patchOfPage } from './patch.ts'

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

export interface PagesHost {
  find(conversation: string): Conversation | undefined
  absorb(conversation: string, patch: Patch): void
  /** Shows the part of a conversation with this place in it, or the newest. */
  focus(conversation: string, seq: number | undefined): void
}

/** What came of going to a message: it is shown, or the server has said that it is not there for this user. */
export type Arrival = 'shown' | 'gone'

/**
 * Pages of history. What is shown of a conversation is one part without holes: usually the newest, or the one around a message that was gone to, from
 * which it grows in both directions until it meets the newest. A request that comes too soon is made again when the server said to.
 */
export class HistoryPages {
  /** Calls while a page in one direction is on its way share it. */
  readonly #paging = new Map<string, Promise<boolean>>()
  readonly #waits = new Map<Timer, () => void>()
  /** The server asked for quiet until then. */
  #quietUntil = 0

  constructor(
    readonly caller: Caller,
    readonly clock: Clock,
    readonly random: Random,
    readonly host: PagesHost,
  ) {}

  hasBefore(id: string): boolean {
    return this.host.find(id)?.hasBefore === true
  }

  /** Whether there is something newer than what is shown, which is not shown. */
  hasAfter(id: string): boolean {
    return this.host.find(id)?.hasAfter === true
  }

  /** One page before what is shown. @returns whether there is more */
  before(id: string): Promise<boolean> {
    return this.#share(`${id} before`, async () => {
      if (!this.hasBefore(id)) return false
      const [from] = this.host.find(id)?.part ?? []
      await this.ask(id, from === undefined ? {} : { before: from })
      await this.#fill(id)
      return this.hasBefore(id)
    })
  }

  /** One page after what is shown. @returns whether there is more */
  after(id: string): Promise<boolean> {
    return this.#share(`${id} after`, async () => {
      const [, to] = this.host.find(id)?.part ?? []
      if (to === undefined || !this.hasAfter(id)) return false
      await this.ask(id, { after: to })
      await this.#fill(id)
      return this.hasAfter(id)
    })
  }

  /** Shows a message, with what is around it: one request, unless it is there. @throws ChatError where the server could not be asked */
  async around(id: string, seq: number): Promise<Arrival> {
    await this.#reach(id, seq)
    const conversation = this.host.find(id)
    const slot = conversation?.thread.slot(seq)
    if (conversation === undefined || slot === undefined || !conversation.isShown(slot)) return 'gone'
    await this.place(id, seq)
    return 'shown'
  }

  /** Shows the part with this place in it, whatever stands there. @throws ChatError where the server could not be asked */
  async place(id: string, seq: number): Promise<void> {
    await this.#reach(id, seq)
    this.host.focus(id, seq)
    await this.#fill(id)
  }

  /** Shows the newest again. @throws ChatError where the server could not be asked */
  async newest(id: string): Promise<void> {
    const { seq, thread } = this.host.find(id) ?? {}
    if (seq !== undefined && seq > 0 && thread?.covers(seq, seq) === false) await this.ask(id, {})
    this.leave(id)
  }

  /** Nobody looks at it any longer: when it is opened again, it is at its newest. */
  leave(id: string): void {
    this.host.focus(id, undefined)
  }

  /** Asks for a page, as often as the server is too busy for it. @throws ChatError */
  async ask(id: string, query: ChatHistoryQuery): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      await this.#wait(this.#quietUntil - this.clock.now())
      // What the server answers is at least as new as what is known now.
      const asOf = this.host.find(id)?.seq ?? 0
      try {
        const page = await this.caller.call('chat.history', { conversation: id, limit: limits.pageEntries, ...query })
        this.host.absorb(id, patchOfPage(page, query, asOf))
        return
      } catch (thrown) {
        const error = readError(thrown)
        if (!error.temporary || !this.caller.isLive || attempt >= limits.pageAttempts) throw error
        // Others of this user may be quicker: who comes too late again and again leaves more room.
        const more = error.retryAfterMs === undefined || attempt > 1 ? backoffMs(attempt, this.random, limits.sendBackoff) : 0
        const wait = (error.retryAfterMs ?? 0) + more
        this.#quietUntil = Math.max(this.#quietUntil, this.clock.now() + wait)
      }
    }
  }

  /** Whoever waits is told that there is no answer. */
  close(): void {
    for (const [timer, give] of this.#waits) {
      timer.cancel()
      give()
    }
    this.#waits.clear()
  }

  async #reach(id: string, seq: number): Promise<void> {
    if (this.host.find(id)?.thread.covers(seq, seq) !== true) await this.ask(id, { around: seq })
  }

  /** Where a page came close to another part, what is between. Each hole once: a server that cannot fill one is not asked for ever. */
  async #fill(id: string): Promise<void> {
    const conversation = this.host.find(id)
    if (conversation === undefined) return
    for (const [from, to] of conversation.thread.holes(conversation.seq, conversation.part))
      if (to - from < limits.holeMax) await this.ask(id, { after: from - 1, limit: limits.holeMax })
  }

  #share(key: string, page: () => Promise<boolean>): Promise<boolean> {
    const running = this.#paging.get(key)
    if (running !== undefined) return running
    const paging = page().finally(() => this.#paging.delete(key))
    this.#paging.set(key, paging)
    return paging
  }

  #wait(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = this.clock.after(ms, () => {
        this.#waits.delete(timer)
        resolve()
      })
      this.#waits.set(timer, () => reject(new ChatError({ code: 0, reason: 'offline', text: '' }, true)))
    })
  }
}
