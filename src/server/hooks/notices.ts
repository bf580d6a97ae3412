import { backoffMs, type Clock, type Random, RingBuffer, type Timer } from '../../kit/index.ts'
import type { HookLog } from './hook-log.ts'
import type { Envelope, HookSender } from './hook-sender.ts'
import { hookLimits } from './limits.ts'
import type { HookTally } from './tally.ts'

export interface NoticesContext {
  readonly clock: Clock
  readonly random: Random
  readonly sender: HookSender
  readonly hookLog: HookLog
  readonly tally: HookTally
}

/**
 * What one back end is told: in order, one after the other, each until it was taken or its tries are used up. It may arrive twice, where an
 * answer was lost, and then carries the same key.
 */
export class Notices {
  readonly #waiting = new RingBuffer<Envelope>()
  #running: Promise<void> | undefined
  #pause: { readonly timer: Timer; readonly end: () => void } | undefined
  #isClosing = false

  constructor(readonly context: NoticesContext) {}

  get size(): number {
    return this.#waiting.size
  }

  push(notice: Envelope): void {
    if (this.#waiting.size >= hookLimits.noticesMax) this.#drop(this.#waiting.shift(), 'too many wait')
    this.#waiting.push(notice)
    this.#running ??= this.#run()
  }

  /** Tells what is left, each once, and no longer than `closeMs`. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#pause?.end()
    const { clock, sender } = this.context
    const timer = clock.after(hookLimits.closeMs, () => sender.close())
    await this.#running
    timer.cancel()
  }

  async #run(): Promise<void> {
    try {
      for (let notice = this.#waiting.shift(); notice !== undefined; notice = this.#waiting.shift()) await this.#deliver(notice)
    } finally {
      // In the same turn as the last look: whoever pushes after it begins anew.
      this.#running = undefined
    }
  }

  async #deliver(notice: Envelope): Promise<void> {
    const { random, sender, tally } = this.context
    for (let attempt = 0; ; attempt++) {
      const outcome = await sender.post(notice)
      if (outcome.kind === 'answered') {
        tally.add(notice.name, 'delivered')
        return
      }
      if (!outcome.mayRepeat || attempt >= notice.target.retries || this.#isClosing) {
        this.#drop(notice, outcome.reason)
        return
      }
      tally.add(notice.name, 'retried')
      await this.#wait(backoffMs(attempt, random, hookLimits.noticeBackoff))
    }
  }

  #drop(notice: Envelope | undefined, reason: string): void {
    if (notice === undefined) return
    this.context.tally.add(notice.name, 'dropped')
    this.context.hookLog.warn(notice.name, { reason }, 'a notice could not be delivered, and is dropped')
  }

  /** A pause that closing cuts short. */
  #wait(ms: number): Promise<void> {
    if (this.#isClosing) return Promise.resolve()
    return new Promise(resolve => {
      const timer = this.context.clock.after(ms, () => this.#pause?.end())
      const end = () => {
        timer.cancel()
        this.#pause = undefined
        resolve()
      }
      this.#pause = { timer, end }
    })
  }
}
