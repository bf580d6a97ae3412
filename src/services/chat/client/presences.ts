import type { Clock, Timer } from '../../../kit/index.ts'
import type { OpenSignal, UserPresence } from '../model/wire.ts'
import type { Changes } from './changes.ts'
import { TypingBoard } from './typing.ts'

/** What passes in open conversations: who is there, and who is typing. */
export class Presences {
  readonly #users = new Map<string, UserPresence>()
  readonly #board = new TypingBoard()
  #expiry: Timer | undefined

  constructor(
    readonly user: string,
    readonly clock: Clock,
    readonly changes: Changes,
    /** Who types there has changed. */
    readonly typed: (conversation: string) => void = () => {},
  ) {}

  of(user: string): UserPresence | undefined {
    return this.#users.get(user)
  }

  typingIn(conversation: string): readonly string[] {
    return this.#board.of(conversation)
  }

  learn(...presences: readonly UserPresence[]): void {
    for (const presence of presences) {
      this.#users.set(presence.user, presence)
      this.changes.note({ kind: 'presence', user: presence.user })
    }
  }

  /** Nobody tells of those any longer whom nothing that is followed is of. */
  forget(isFollowed: (user: string) => boolean): void {
    for (const user of this.#users.keys()) {
      if (isFollowed(user)) continue
      this.#users.delete(user)
      this.changes.note({ kind: 'presence', user })
    }
  }

  hear(conversation: string, signal: OpenSignal): void {
    if (signal.kind === 'presence') {
      const { kind: _, ...presence } = signal
      this.learn(presence)
    } else if (!signal.on) {
      this.stopped(conversation, signal.user)
    } else if (signal.user !== this.user) {
      if (this.#board.start(conversation, signal.user, this.clock.now())) this.#note(conversation)
      this.#expireLater()
    }
  }

  /** They say so, or what they wrote has come. */
  stopped(conversation: string, user: string): void {
    if (this.#board.stop(conversation, user)) this.#note(conversation)
  }

  close(): void {
    this.#expiry?.cancel()
  }

  #expireLater(): void {
    this.#expiry?.cancel()
    const at = this.#board.nextExpiry()
    if (at !== undefined) this.#expiry = this.clock.after(Math.max(1, at - this.clock.now()), () => this.#expire())
  }

  #expire(): void {
    for (const conversation of this.#board.expire(this.clock.now())) this.#note(conversation)
    this.#expireLater()
  }

  #note(conversation: string): void {
    this.typed(conversation)
    this.changes.note({ kind: 'typing', conversation }, { kind: 'conversations' })
  }
}
