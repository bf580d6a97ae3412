import type { BrokerMessage, BrokerSink, Control } from '../../src/hub/index.ts'
import { every, type Timer } from '../../src/kit/index.ts'
import type { ClientInfo } from '../../src/protocol/index.ts'
import type { MachineClock } from '../core/clock.ts'
import type { Machine } from '../core/machine.ts'
import type { Network } from '../core/network.ts'
import { type Caller, type Central, type Present, unreachableCentral } from './central.ts'

export interface LineOptions {
  /** Names this start of the node. */
  readonly id: string
  readonly central: Machine<Central>
  readonly network: Network
  readonly machine: { readonly name: string; readonly clock: MachineClock }
  readonly clock: MachineClock
}

/** How long an answer may take before the question counts as failed; it may have been heard all the same. */
const answerMs = 1000
/** Wishes are repeated, since any of them may be lost and the central broker may have forgotten them all. */
const repeatMs = 700

/** A node's line to the central broker, over a network that may lose, double, delay and reorder what is said. */
export class Line implements Caller {
  readonly id: string
  readonly machine: LineOptions['machine']
  /** Where the broker's deliveries go. */
  sink: Pick<BrokerSink, 'deliver' | 'control'> | undefined
  /** How often each channel is wanted: by the node's channel, and by those that follow it some time behind. */
  readonly #channels = new Map<string, number>()
  readonly #present = new Map<string, Present>()
  readonly #repeating: Timer
  #revision = 0
  #questions = 0

  constructor(readonly options: LineOptions) {
    this.id = options.id
    this.machine = options.machine
    this.#repeating = every(options.clock, repeatMs, () => void this.#tell().catch(ignore))
  }

  /** Channels that the broker is asked for. */
  get wanted(): ReadonlySet<string> {
    return new Set(this.#channels.keys())
  }

  deliver(channel: string, delivery: BrokerMessage): void {
    this.sink?.deliver(channel, delivery)
  }

  control(message: Control): void {
    this.sink?.control(message)
  }

  /** Has something done at the central broker. @throws CommandError 100 when no answer comes in time, or whatever the work throws */
  ask<T>(work: (central: Central) => Promise<T>): Promise<T> {
    const { central, network, clock, machine } = this.options
    const question = `${this.id}?${++this.#questions}`
    return new Promise((resolve, reject) => {
      const late = clock.after(answerMs, () => reject(unreachableCentral()))
      network.send(machine, central, () =>
        central.process?.serve(question, work, outcome =>
          network.send(central, machine, () => {
            late.cancel()
            outcome.then(resolve, reject)
          }),
        ),
      )
    })
  }

  /** A wish that could not be told is given up. */
  async want(channel: string): Promise<void> {
    this.#count(channel, 1)
    try {
      await this.#tell()
    } catch (error) {
      this.#count(channel, -1)
      throw error
    }
  }

  forgo(channel: string): Promise<void> {
    this.#count(channel, -1)
    return this.#tell()
  }

  enter(channel: string, info: ClientInfo): void {
    this.#present.set(`${channel}\n${info.client}`, { channel, info })
    void this.#tell().catch(ignore)
  }

  leave(channel: string, client: string): void {
    this.#present.delete(`${channel}\n${client}`)
    void this.#tell().catch(ignore)
  }

  hangUp(): void {
    this.#repeating.cancel()
    void this.ask(central => central.dismiss(this)).catch(ignore)
  }

  #count(channel: string, step: 1 | -1): void {
    const count = (this.#channels.get(channel) ?? 0) + step
    if (count <= 0) this.#channels.delete(channel)
    else this.#channels.set(channel, count)
  }

  #tell(): Promise<void> {
    const wishes = { revision: ++this.#revision, channels: new Set(this.#channels.keys()), present: [...this.#present.values()] }
    return this.ask(central => central.grant(this, wishes))
  }
}

/** What could not be told is told again soon. */
function ignore(): void {}
