import type { Clock, Timer } from '../../../kit/index.ts'
import type { ChatCache } from './cache.ts'
import { readError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import type { CachedConversation } from './conversation.ts'
import { limits } from './limits.ts'
import { Ranges } from './ranges.ts'

/** Saves received entries in the cache, then acknowledges them: every second, or every 32 entries (chat M5). */
export class AckFlusher {
  #window = new AckWindow()
  /** The offset that the server is known to have acknowledged. */
  #acked = 0
  #entries = 0
  #flushedAt = Number.NEGATIVE_INFINITY
  readonly #dirty = new Set<string>()
  #timer: Timer | undefined
  /** One step after the other. */
  #steps: Promise<void> = Promise.resolve()
  #isFlushing = false
  /** Everything that there is was heard of since the last save. */
  #isWhole = false

  constructor(
    readonly cache: ChatCache,
    readonly caller: Caller,
    readonly clock: Clock,
    readonly find: (conversation: string) => CachedConversation | undefined,
  ) {}

  get held(): number {
    return this.#window.held
  }

  /** Whether older entries are still to come. */
  get hasHoles(): boolean {
    return this.#window.hasHoles
  }

  restore(held: number): void {
    this.#window = new AckWindow(held)
  }

  onInboxState(acked: number): void {
    this.#acked = acked
    this.#flushLater()
  }

  /** Empties the cache: it can no longer be relied on. */
  forget(): void {
    this.#window = new AckWindow()
    this.#dirty.clear()
    this.#isWhole = false
    this.#steps = this.#steps.then(() => this.cache.forget()).catch(reportError)
  }

  /** Everything up to this offset is held, or superseded. */
  cover(upTo: number): void {
    this.#window.cover(upTo)
    this.#flushLater()
  }

  /** All conversations are known: once they are saved, the cache holds the whole list. */
  complete(): void {
    this.#isWhole = true
    this.#flushLater()
  }

  /** An entry came, perhaps again. */
  note(offset: number): void {
    if (!this.#window.note(offset)) return
    this.#entries++
    if (this.#entries < limits.ackEntries) this.#flushLater()
    else this.#flushSoon()
  }

  /** A conversation has changed and is to be saved. */
  touch(conversation: string): void {
    this.#dirty.add(conversation)
    this.#flushLater()
  }

  /** Something was written there, which is shown again only where the conversation is kept: that does not wait. */
  written(conversation: string): void {
    if (!this.#dirty.has(conversation)) return
    this.#steps = this.#steps.then(() => (this.#dirty.has(conversation) ? this.#save() : undefined)).catch(reportError)
  }

  /** Saves what there is. Resolves when that is done. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    await this.#steps
    await this.#save()
  }

  /** Not more often than the server takes commands: a backlog is acknowledged in larger steps. */
  #flushSoon(): void {
    const wait = this.#flushedAt + limits.ackPauseMs - this.clock.now()
    if (wait <= 0) {
      this.#flush()
      return
    }
    this.#timer?.cancel()
    this.#timer = this.clock.after(wait, () => this.#flush())
  }

  #flushLater(): void {
    this.#timer ??= this.clock.after(limits.ackMs, () => this.#flush())
  }

  #flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#entries = 0
    this.#flushedAt = this.clock.now()
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#steps = this.#steps.then(() => this.#keep()).catch(reportError)
  }

  async #keep(): Promise<void> {
    this.#isFlushing = false
    const held = this.#window.held
    await this.#save()
    await this.#acknowledge(held)
  }

  async #save(): Promise<void> {
    const held = this.#window.held
    const ids = [...this.#dirty]
    const isWhole = this.#isWhole
    this.#dirty.clear()
    this.#isWhole = false
    try {
      await this.cache.save({ acked: held, conversations: ids.flatMap(id => this.find(id) ?? []), ...(isWhole ? { isWhole } : {}) })
    } catch (error) {
      for (const id of ids) this.#dirty.add(id)
      this.#isWhole ||= isWhole
      throw error
    }
  }

  /** The server takes no more than it has sent, and then sends more: it is told again as long as that moves it. */
  async #acknowledge(held: number): Promise<void> {
    while (this.caller.isLive && held > this.#acked) {
      try {
        const { offset } = await this.caller.call('chat.ack', { offset: held })
        const isMoved = offset > this.#acked
        this.#acked = Math.max(this.#acked, offset)
        if (!isMoved) return
      } catch (error) {
        if (readError(error).temporary) this.#flushLater()
        return
      }
    }
  }
}

/**
 * Which offsets of the inbox this device holds. Older entries come in windows beside live ones, so there may be holes; only what is contiguous
 * may be acknowledged (chat M5).
 */
export class AckWindow {
  #held: number
  readonly #above = new Ranges()

  constructor(held = 0) {
    this.#held = held
  }

  /** Everything up to here is held. */
  get held(): number {
    return this.#held
  }

  /** Whether older entries are still to come. */
  get hasHoles(): boolean {
    return this.#above.list.length > 0
  }

  /** @returns whether it had not come before */
  note(offset: number): boolean {
    if (offset <= this.#held || !this.#above.add(offset, offset)) return false
    this.cover(this.#above.endFrom(this.#held + 1))
    return true
  }

  /** All of this is held, or its outcome is. */
  cover(upTo: number): void {
    if (upTo <= this.#held) return
    this.#held = this.#above.endFrom(upTo + 1)
    this.#above.dropBelow(this.#held + 1)
  }
}
