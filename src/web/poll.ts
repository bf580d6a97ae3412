import { type Signal, signal } from '@preact/signals'
import * as z from 'zod/mini'
import { systemClock, type Timer } from '../kit/index.ts'

export type Polled<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly value: T; readonly atMs: number }
  /** The last answer, if there was one, is shown on: it was true at `atMs`. */
  | {
      readonly kind: 'failed'
      readonly reason: 'unreachable' | 'unauthorized' | 'not-understood'
      readonly last: { readonly value: T; readonly atMs: number } | undefined
    }

export interface PollOptions<S extends z.ZodMiniType> {
  readonly url: string
  readonly schema: S
  readonly intervalMs: number
  /** Sent with every request. */
  readonly headers?: () => Record<string, string>
}

const timeoutMs = 5000

/** Asks for the same document again and again, as long as the page is seen. */
export class Poll<S extends z.ZodMiniType> {
  readonly state: Signal<Polled<z.infer<S>>> = signal({ kind: 'loading' })
  #timer: Timer | undefined
  #asking = false

  constructor(readonly options: PollOptions<S>) {
    document.addEventListener('visibilitychange', () => this.#turn())
    this.#turn()
  }

  /** Asks at once, for example with another key. */
  again(): void {
    this.#turn()
  }

  async #turn(): Promise<void> {
    this.#timer?.cancel()
    if (document.visibilityState === 'hidden' || this.#asking) return
    this.#asking = true
    this.state.value = await this.#ask()
    this.#asking = false
    this.#timer = systemClock.after(this.options.intervalMs, () => this.#turn())
  }

  async #ask(): Promise<Polled<z.infer<S>>> {
    try {
      const response = await fetch(this.options.url, { headers: this.options.headers?.() ?? {}, signal: AbortSignal.timeout(timeoutMs) })
      if (response.status === 401 || response.status === 403) return this.#failed('unauthorized')
      const parsed = z.safeParse(this.options.schema, response.ok ? await response.json() : undefined)
      return parsed.success ? { kind: 'ready', value: parsed.data, atMs: systemClock.now() } : this.#failed('not-understood')
    } catch {
      return this.#failed('unreachable')
    }
  }

  #failed(reason: 'unreachable' | 'unauthorized' | 'not-understood'): Polled<z.infer<S>> {
    const before = this.state.value
    const last = before.kind === 'ready' ? { value: before.value, atMs: before.atMs } : before.kind === 'failed' ? before.last : undefined
    return { kind: 'failed', reason, last }
  }
}
