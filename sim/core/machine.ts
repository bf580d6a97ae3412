import { MachineClock, type SimClock } from './clock.ts'

/** Something that runs on a machine from its start to its end. */
export interface Process {
  /** Ends in order: tells its peers. */
  stop(): void
  /** The machine is gone, in whichever way: connections break. */
  gone(): void
}

/** A computer: up or down, with a clock of its own. What runs on it is made anew with every start. */
export class Machine<P extends Process> {
  #clock: MachineClock
  #process: P | undefined
  /** How often it was started. */
  starts = 0

  constructor(
    readonly name: string,
    readonly time: SimClock,
    readonly boot: (machine: Machine<P>, clock: MachineClock) => P,
  ) {
    this.#clock = new MachineClock(time)
    this.#clock.kill()
  }

  get clock(): MachineClock {
    return this.#clock
  }

  /** What runs on it; undefined while it is down. */
  get process(): P | undefined {
    return this.#process
  }

  start(): void {
    if (this.#process !== undefined) return
    this.starts++
    this.#clock = new MachineClock(this.time, this.#clock.skewMs)
    this.#process = this.boot(this, this.#clock)
  }

  /** Everything in memory is gone at once, and nobody is told. */
  crash(): void {
    this.#clock.kill()
    this.#process?.gone()
    this.#process = undefined
  }

  /** Ends in order, and is gone when what was said in parting is out. */
  shutDown(): void {
    const clock = this.#clock
    const process = this.#process
    process?.stop()
    this.#process = undefined
    this.time.after(partingMs, () => {
      clock.kill()
      process?.gone()
    })
  }
}

/** A machine as those see it who need something of what runs on it, and do not care what else that is. */
export type MachineWith<P extends Process> = Pick<Machine<P>, 'name' | 'time' | 'clock' | 'process' | 'start' | 'crash' | 'shutDown'>

const partingMs = 50
