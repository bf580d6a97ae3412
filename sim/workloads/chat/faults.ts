import { between, type Random } from '../../../src/kit/index.ts'
import type { SimNode } from '../../cluster/sim-node.ts'
import { pick } from '../../core/chance.ts'
import { type Fault, FaultInjector, type FaultInjectorContext } from '../../core/fault-injector.ts'
import type { MachineWith } from '../../core/machine.ts'
import type { Handheld } from './handheld.ts'
import type { ChatNodes } from './nodes.ts'

export interface ChatFaultsContext extends FaultInjectorContext {
  readonly isStormy: boolean
  readonly nodes: ChatNodes
  readonly devices: readonly Handheld[]
}

/** How many awaits of the service may pass before one that was chosen kills it. */
const awaitsMax = 120

/** Everything that may go wrong with the server and with lines and devices, at times that the seed chose. */
export class ChatFaults {
  readonly #injector: FaultInjector
  /** Awaits until the server is killed at one; 0 for not. */
  #awaitsLeft = 0

  constructor(readonly context: ChatFaultsContext) {
    const always = [...['a line is cut', 'a line is cut'].map(name => ({ name, strike: () => this.#cut() })), ...this.#ofDevices()]
    this.#injector = new FaultInjector(
      context,
      context.isStormy ? [...always, ...this.#storm(), ...context.nodes.faults()] : [...always, this.#crashAtAwait],
    )
  }

  /** No new trouble, and the end of all that is under way. */
  stop(): void {
    this.#injector.stop()
    this.#awaitsLeft = 0
    this.context.nodes.heal()
    for (const device of this.context.devices) device.wake()
  }

  /** The service asks its store, or has its answer. */
  reached(machine: MachineWith<SimNode>): void {
    if (this.#awaitsLeft === 0 || --this.#awaitsLeft > 0) return
    this.context.tally.count('crashes at an await')
    this.#crash(machine)
  }

  crashAtSomeAwait(): void {
    this.#awaitsLeft = between(this.context.random, 1, awaitsMax)
  }

  /** Down now, up again after a while. */
  #crash(machine: MachineWith<SimNode>): void {
    const { random, time, trace, tally } = this.context
    if (machine.process === undefined) return
    trace(() => 'the server crashes')
    tally.count('crashes')
    machine.crash()
    time.after(between(random, 50, 900), () => machine.start())
  }

  /** A machine alone takes no chance. */
  get #some(): MachineWith<SimNode> {
    const { random, nodes } = this.context
    const [only, ...others] = nodes.machines
    return others.length === 0 && only !== undefined ? only : pick(random, nodes.machines)
  }

  #shutDown(): void {
    const { random, time, tally } = this.context
    const machine = this.#some
    if (machine.process === undefined) return
    tally.count('shutdowns')
    machine.shutDown()
    time.after(between(random, 100, 900), () => machine.start())
  }

  #cut(): void {
    const { random, devices } = this.context
    pick(random, devices).cut(random.next() < 0.6 ? 'clean' : 'silent')
  }

  #ofDevices(): Fault[] {
    const { random, devices, time } = this.context
    return [
      { name: 'a device sleeps', strike: () => pick(random, devices).sleep(between(random, 200, 3000)) },
      { name: 'a line is slow', strike: () => slowDown(pick(random, devices), random, time) },
    ]
  }

  get #crashAtAwait(): Fault {
    return { name: 'the server is to crash at an await', strike: () => this.crashAtSomeAwait() }
  }

  #storm(): Fault[] {
    const { random, devices } = this.context
    return [
      { name: 'a device loses all it keeps', strike: () => pick(random, devices).wipe() },
      { name: 'the server crashes', strike: () => this.#crash(this.#some) },
      ...[this.#crashAtAwait, this.#crashAtAwait, this.#crashAtAwait],
      { name: 'the server ends in order', strike: () => this.#shutDown() },
    ]
  }
}

function slowDown({ pace }: Handheld, random: Random, time: FaultInjectorContext['time']): void {
  pace.bytesPerMs = pick(random, [1, 5])
  pace.latencyMs = between(random, 50, 400)
  time.after(between(random, 500, 3000), () => {
    pace.bytesPerMs = 500
    pace.latencyMs = between(random, 1, 25)
  })
}
