import type { Clock, Random, Timer } from '../kit/index.ts'
import { type Close, closes, sseRetry } from '../protocol/index.ts'

/** A session as far as it is sent away. */
export interface SentAway {
  readonly wire: { readonly name: string }
  readonly socket: { write(bytes: Uint8Array): unknown }
  close(close: Close): void
}

export interface HearingContext {
  readonly clock: Clock
  readonly random: Random
  /** Whether some other node hears what is new. */
  othersHear(): Promise<boolean>
  sessions(): readonly SentAway[]
  /** Sends the nodes below to look for another way up. */
  sendBelowAway(): void
}

/** How often a deaf node asks whether others hear. */
const askMs = 1000
/** So often in a row must one say so: where the log is gone for all, the others notice a moment later. */
const asksMin = 3
/** Clients leave in so many waves, so that they do not all come to the others at once. */
const waves = 20
const waveMs = 250

/**
 * What a node does that does not hear what is new. Where another one hears, its clients are better off there: they are told to resync, which
 * they do elsewhere, since this node is not ready. Where none hears, moving helps nobody, and they stay.
 */
export class Hearing {
  #isDeaf = false
  #timer: Timer | undefined

  constructor(readonly context: HearingContext) {}

  get isDeaf(): boolean {
    return this.#isDeaf
  }

  changed(isDeaf: boolean): void {
    this.#isDeaf = isDeaf
    this.#timer?.cancel()
    this.#timer = undefined
    if (isDeaf) void this.#ask(1)
  }

  close(): void {
    this.#isDeaf = false
    this.#timer?.cancel()
  }

  async #ask(count: number): Promise<void> {
    const othersHear = await this.context.othersHear().catch(() => false)
    if (!this.#isDeaf || this.#timer !== undefined) return
    if (!othersHear || count < asksMin) {
      this.#later(askMs, () => void this.#ask(othersHear ? count + 1 : 1))
      return
    }
    this.context.sendBelowAway()
    this.#wave(waves)
  }

  #wave(left: number): void {
    const { sessions, random } = this.context
    const all = [...sessions()]
    for (const session of all.slice(0, Math.ceil(all.length / left))) {
      if (session.wire.name === 'sse') session.socket.write(new TextEncoder().encode(sseRetry(500 + random.next() * waves * waveMs)))
      session.close(closes.insufficientState)
    }
    this.#later(waveMs, () => (left > 1 ? this.#wave(left - 1) : void this.#ask(1)))
  }

  #later(ms: number, run: () => void): void {
    this.#timer = this.context.clock.after(ms, () => {
      this.#timer = undefined
      if (this.#isDeaf) run()
    })
  }
}
