import { type Clock, every, type Timer, within } from '../../kit/index.ts'
import { appendMs } from './append-queue.ts'
import { type CanaryMessage, canaryEntry } from './control-form.ts'
import type { SharedLog } from './shared-log.ts'

/** Between two canaries. */
const canaryMs = 1000
/** Canaries that are out before a node is called deaf: the log has had three seconds to bring one back. */
const outMax = 3
/** How long a reading may go without an answer. */
const silentMax = 3000

export interface CanaryOptions {
  readonly clock: Clock
  readonly controls: SharedLog
  /** Names this node, another one with every start. */
  readonly name: string
  /** How long the log has not answered some reading of this node. */
  silentMs(): number
  changed(isDeaf: boolean): void
}

/**
 * A record that a node sends through the control log each second, to know that it still hears the others. One that does not come back in time is
 * the sign of a log that cannot be reached, of a connection that is dead and does not say so, and of a node that reads too late. Time is
 * counted in canaries, so that neither a clock that leaps nor a machine that stands still is taken for a deaf node.
 */
export class Canary {
  /** How long the newest that came back was on its way; undefined before the first. */
  roundTripMs: number | undefined
  #isDeaf = false
  /** The number of the newest sent, and of the newest that came back. */
  #sent = 0
  #heard = 0
  #appending = 0
  readonly #sentAt = new Map<number, number>()
  readonly #beat: Timer

  constructor(readonly options: CanaryOptions) {
    this.#beat = every(options.clock, canaryMs, () => this.#send())
  }

  /** Whether this node does not hear what is new. */
  get isDeaf(): boolean {
    return this.#isDeaf
  }

  /** One has come back, or another node's has come. */
  heard({ canary, number }: CanaryMessage): void {
    if (canary !== this.options.name || number <= this.#heard) return
    this.#heard = number
    const now = this.options.clock.now()
    this.roundTripMs = Math.max(0, now - (this.#sentAt.get(number) ?? now))
    for (const sent of this.#sentAt.keys()) if (sent <= number) this.#sentAt.delete(sent)
    this.#judge()
  }

  close(): void {
    this.#beat.cancel()
  }

  #send(): void {
    const { clock, controls, name } = this.options
    const number = ++this.#sent
    this.#judge()
    // Where the log does not answer there is no use in asking more often.
    if (this.#appending > outMax) return
    this.#appending++
    this.#sentAt.set(number, clock.now())
    const ended = () => {
      this.#appending--
    }
    const appending = controls.append(0, [canaryEntry({ canary: name, number })])
    within(clock, appendMs, appending, () => new Error('late')).then(ended, ended)
  }

  #judge(): void {
    const isDeaf = this.#sent - this.#heard > outMax || this.options.silentMs() > silentMax
    if (isDeaf === this.#isDeaf) return
    this.#isDeaf = isDeaf
    this.options.changed(isDeaf)
  }
}
