import { between, type Random } from '../../src/kit/index.ts'
import type { SimClock } from '../clock.ts'
import type { Machine } from '../machine.ts'
import { pick } from '../plan.ts'
import type { Tally } from '../tally.ts'
import type { Handheld } from './handheld.ts'
import type { ChatServer } from './server.ts'

export interface ChatFaultsContext {
  readonly time: SimClock
  readonly random: Random
  /** Between two faults, on average; undefined for none. */
  readonly faultMs: number | undefined
  readonly strikes: 'drizzle' | 'storm'
  readonly tally: Tally
  readonly machine: Machine<ChatServer>
  readonly devices: readonly Handheld[]
  trace(line: () => string): void
}

/** How many awaits of the service may pass before one that was chosen kills it. */
const awaitsMax = 120

/** Everything that may go wrong with the server and with lines and devices, at times that the seed chose. */
export class ChatFaults {
  #stopped = false
  /** Awaits until the server is killed at one; 0 for not. */
  #awaitsLeft = 0

  constructor(readonly context: ChatFaultsContext) {
    this.#plan()
  }

  /** No new trouble, and the end of all that is under way. */
  stop(): void {
    this.#stopped = true
    this.#awaitsLeft = 0
    this.context.machine.start()
    for (const device of this.context.devices) device.wake()
  }

  /** The service asks its store, or has its answer. */
  reached(): void {
    if (this.#awaitsLeft === 0 || --this.#awaitsLeft > 0) return
    this.context.tally.count('crashes at an await')
    this.crash()
  }

  /** Down now, up again after a while. */
  crash(): void {
    const { machine, random, time, trace, tally } = this.context
    if (machine.process === undefined) return
    trace(() => 'the server crashes')
    tally.count('crashes')
    machine.crash()
    time.after(between(random, 50, 900), () => machine.start())
  }

  shutDown(): void {
    const { machine, random, time, trace, tally } = this.context
    if (machine.process === undefined) return
    trace(() => 'the server ends in order')
    tally.count('shutdowns')
    machine.shutDown()
    time.after(between(random, 100, 900), () => machine.start())
  }

  crashAtSomeAwait(): void {
    this.#awaitsLeft = between(this.context.random, 1, awaitsMax)
  }

  #plan(): void {
    const { time, random, faultMs, strikes, tally } = this.context
    if (faultMs === undefined) return
    time.after(between(random, 1, 2 * faultMs), () => {
      if (this.#stopped) return
      tally.count('faults')
      pick(random, strikes === 'storm' ? storm : drizzle)(this, this.context)
      this.#plan()
    })
  }
}

type Strike = (faults: ChatFaults, context: ChatFaultsContext) => void

const cut: Strike = (_, { random, devices }) => pick(random, devices).cut(random.next() < 0.6 ? 'clean' : 'silent')

const sleep: Strike = (_, { random, devices }) => pick(random, devices).sleep(between(random, 200, 3000))

const wipe: Strike = (_, { random, devices, tally }) => {
  tally.count('devices wiped')
  pick(random, devices).wipe()
}

const slowLine: Strike = (_, { random, devices, time }) => {
  const { pace } = pick(random, devices)
  pace.bytesPerMs = pick(random, [1, 5])
  pace.latencyMs = between(random, 50, 400)
  time.after(between(random, 500, 3000), () => {
    pace.bytesPerMs = 500
    pace.latencyMs = between(random, 1, 25)
  })
}

const crash: Strike = faults => faults.crash()
const crashAtAwait: Strike = faults => faults.crashAtSomeAwait()
const shutDown: Strike = faults => faults.shutDown()

const drizzle: readonly Strike[] = [cut, cut, sleep, slowLine, crashAtAwait]
const storm: readonly Strike[] = [cut, cut, sleep, slowLine, wipe, crash, crashAtAwait, crashAtAwait, crashAtAwait, shutDown]
