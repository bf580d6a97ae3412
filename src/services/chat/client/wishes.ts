import { backoffMs, type Clock, type Random, type Timer } from '../../../kit/index.ts'
import { readError } from './chat-error.ts'
import type { Caller } from './connection.ts'
import type { Conversations } from './conversations.ts'
import { limits } from './limits.ts'
import { type ConversationSettings, joinWishes, type Wish } from './patch.ts'
import type { Refusal } from './view.ts'

export interface WishEvents {
  /** The server refused it for good: it is as it was. */
  refused(conversation: string, refusal: Refusal): void
  /** Whether messages there are still to be changed: once the conversation is deleted, they cannot be any longer. */
  isChanging(conversation: string): boolean
}

/**
 * What a user sets of a conversation for themselves: it holds on this device at once, is kept until the server has it, across reloads, and from
 * there comes to the user's other devices. What is set before that goes together.
 */
export class Wishes {
  readonly #asking = new Set<string>()
  readonly #timers = new Map<string, Timer>()

  constructor(
    readonly caller: Caller,
    readonly clock: Clock,
    readonly random: Random,
    readonly conversations: Pick<Conversations, 'find' | 'absorb'>,
    readonly events: WishEvents,
  ) {}

  set(id: string, own: ConversationSettings): void {
    const conversation = this.conversations.find(id)
    if (conversation === undefined) return
    const { seq, wish } = conversation
    const { muteMs, ...rest } = own
    const now = this.clock.now()
    const muting =
      muteMs === undefined ? (rest.muted === undefined ? {} : { mutedUntil: undefined }) : { muted: true, mutedUntil: now + muteMs }
    const wanted = own.unread === false ? { wanted: seq } : {}
    this.conversations.absorb(id, { wish: joinWishes(wish, { ...rest, ...muting }, { at: now, seq }), ...wanted })
    this.consider(id)
  }

  delete(id: string): void {
    const conversation = this.conversations.find(id)
    if (conversation === undefined) return
    const { seq, wish: before } = conversation
    // Of what was set before, only whether it is heard outlives it.
    const { muted, mutedUntil } = before?.own ?? {}
    const own = muted === undefined ? {} : { muted, mutedUntil }
    const at = Math.max(this.clock.now(), (before?.at ?? 0) + 1)
    this.conversations.absorb(id, { wish: { at, seq, own, deleted: true }, cleared: seq })
    this.consider(id)
  }

  /** There may be something to tell. */
  consider(id: string): void {
    const wish = this.conversations.find(id)?.wish
    if (wish === undefined || (wish.deleted === true && this.events.isChanging(id))) return
    if (this.caller.isLive && !this.#asking.has(id) && !this.#timers.has(id)) void this.#tell(id, wish, 1)
  }

  close(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  async #tell(conversation: string, { at, seq, own, deleted }: Wish, attempt: number): Promise<void> {
    this.#asking.add(conversation)
    try {
      if (deleted === true) await this.caller.call('chat.delete_conversation', { conversation, seq })
      if (Object.keys(own).length > 0) await this.caller.call('chat.settings', { conversation, ...this.#settings(own), seq })
      this.conversations.absorb(conversation, { settled: at })
    } catch (error) {
      this.#failed(conversation, at, attempt, error)
      return
    } finally {
      this.#asking.delete(conversation)
    }
    this.consider(conversation)
  }

  /** A mute ends when it would have, however late the server hears of it. */
  #settings({ mutedUntil, ...own }: Wish['own']): ConversationSettings & { readonly mute_ms?: number } {
    if (mutedUntil === undefined) return own
    const left = mutedUntil - this.clock.now()
    return left < limits.muteMsMin ? { ...own, muted: false } : { ...own, mute_ms: left }
  }

  #failed(conversation: string, at: number, attempt: number, error: unknown): void {
    const { temporary, retryAfterMs, refusal } = readError(error)
    if (!temporary) {
      this.conversations.absorb(conversation, { settled: at })
      this.events.refused(conversation, refusal)
      return
    }
    // A new link asks again.
    if (!this.caller.isLive) return
    const wait = retryAfterMs ?? backoffMs(attempt, this.random, limits.askBackoff)
    const again = () => {
      this.#timers.delete(conversation)
      const wish = this.conversations.find(conversation)?.wish
      if (wish !== undefined && this.caller.isLive && !this.#asking.has(conversation)) void this.#tell(conversation, wish, attempt + 1)
    }
    this.#timers.set(conversation, this.clock.after(wait, again))
  }
}
