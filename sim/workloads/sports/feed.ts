import { between, type Random } from '../../../src/kit/index.ts'
import { trusted } from '../../cluster/sim-node.ts'
import type { SimClock } from '../../core/clock.ts'
import type { Judge } from '../../core/judge.ts'
import type { MachineWith, Process } from '../../core/machine.ts'
import type { Tally } from '../../core/tally.ts'
import type { Given, Script } from './script.ts'

/** A process that answers HTTP. */
export interface HttpProcess extends Process {
  /** Whether it takes connections yet. */
  readonly isListening: boolean
  fetch(request: Request): Promise<Response>
}

export interface FeedContext {
  readonly time: SimClock
  readonly random: Random
  readonly judge: Judge
  readonly tally: Tally
  /** Some node that takes a call of the feed. */
  machine(random: Random): MachineWith<HttpProcess>
  /** Between two batches, on average. */
  readonly feedMs: number
  /** A share of batches whose answer is lost. */
  readonly lostShare: number
  trace(line: () => string): void
}

const answerMs = 3000
const retryMs = 300

/** A provider that tells what happens in a game, batch after batch: each again until it has been answered, and now and then one of before. */
export class Feed {
  readonly #unsent: Given[][] = []
  readonly #sent: Given[][] = []
  #isSending = false
  #isHealed = false
  #stopped = false

  constructor(
    readonly context: FeedContext,
    readonly script: Script,
  ) {
    this.#unsent.push(script.begin())
    this.#send()
    this.#later()
  }

  /** Whether everything that was said has been answered. */
  get isDone(): boolean {
    return this.#unsent.length === 0
  }

  /** No answer is lost any more. */
  heal(): void {
    this.#isHealed = true
  }

  stop(): void {
    this.#stopped = true
  }

  #later(): void {
    const { time, random, feedMs } = this.context
    time.after(between(random, 1, 2 * feedMs), () => {
      if (this.#stopped) return
      const again = random.next() < 0.1 && this.#sent.length > 0 ? this.#sent[between(random, 0, this.#sent.length - 1)] : undefined
      this.#unsent.push(again ?? this.script.next())
      if (again !== undefined) this.context.tally.count('batches of before')
      this.#send()
      this.#later()
    })
  }

  #send(): void {
    const [batch] = this.#unsent
    if (this.#isSending || batch === undefined) return
    this.#isSending = true
    this.#call('POST', `/sports/games/${this.script.game}/events`, { events: batch }, status => {
      this.#isSending = false
      if (status === undefined || status >= 500) {
        this.context.time.after(retryMs, () => this.#send())
        return
      }
      this.context.judge.hold(status < 300, `the feed of ${this.script.game} was answered ${status}`)
      this.#accepted(batch)
      this.#send()
    })
  }

  #accepted(batch: Given[]): void {
    this.#unsent.shift()
    this.#sent.push(batch)
    this.context.tally.count('batches')
    this.context.tally.count('corrections', batch.filter(({ rev = 1 }) => rev > 1).length)
  }

  /** @param done called once: with the status, or nothing where no answer came in time */
  #call(method: string, path: string, body: object, done: (status: number | undefined) => void): void {
    const { time, random, machine, lostShare, trace } = this.context
    const to = machine(random)
    const { clock, process } = to
    let isOver = false
    const end = (status: number | undefined) => {
      if (isOver) return
      isOver = true
      trace(() => `${method} ${path} ${JSON.stringify(body)}: ${status}`)
      done(status)
    }
    time.after(answerMs, () => end(undefined))
    const request = new Request(`http://${to.name}${path}`, { method, body: JSON.stringify(body), headers: trusted })
    const isLost = random.next() < lostShare && !this.#isHealed
    if (isLost) this.context.tally.count('answers to the feed lost')
    time.after(between(random, 1, 20), () =>
      clock.enter(() => {
        if (process?.isListening !== true) return
        process.fetch(request).then(
          ({ status }) => time.after(between(random, 1, 20), () => (isLost ? undefined : end(status))),
          () => time.after(between(random, 1, 20), () => end(500)),
        )
      }),
    )
  }
}
