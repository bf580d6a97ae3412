import { between } from '../../../src/kit/index.ts'
import type { Position } from '../../../src/protocol/index.ts'
import { Central } from '../../cluster/central.ts'
import { Disk } from '../../cluster/disk.ts'
import { Oracle } from '../../cluster/oracle.ts'
import { Server } from '../../cluster/server.ts'
import { asSparse } from '../../cluster/sparse-broker.ts'
import { pick } from '../../core/chance.ts'
import type { Fault } from '../../core/fault-injector.ts'
import { Machine, type Process } from '../../core/machine.ts'
import { calmWeather, Network } from '../../core/network.ts'
import { HistoryChecker } from './history-checker.ts'
import { type BrokerMutant, brokerMutants } from './mutants.ts'
import type { ChannelsAtRest, ChannelsNodes, ChannelsOptions, ChannelsStage, RestingNode } from './nodes.ts'

/** Milliseconds that a publisher's disk may take before it answers, by chance. */
const slowDiskMs = 400
const hourMs = 3_600_000

/** A central broker, and nodes that reach it over a network that loses, doubles, delays and reorders. */
export class BrokerNodes implements ChannelsNodes {
  readonly oracle: Oracle
  readonly machines: readonly Machine<Server>[]
  readonly #network: Network
  readonly #central: Machine<Central>
  #diskRefusesUntil = 0
  #diskIsSlowUntil = 0

  constructor(
    readonly stage: ChannelsStage,
    readonly options: ChannelsOptions,
  ) {
    const { world, plan } = stage
    this.oracle = new Oracle(world.judge, () => world.time.now())
    this.#network = new Network(world.time, world.random, world.tally, plan.weather)
    this.#central = this.#createCentral()
    this.#central.start()
    this.machines = plan.relayed.map((relayed, index) => this.#createServer(index, relayed))
    for (const machine of this.machines) machine.start()
  }

  faults(): Fault[] {
    const { random, time } = this.stage.world
    const refuse = () => {
      this.#diskRefusesUntil = time.now() + between(random, 200, 2000)
    }
    const slowDown = () => {
      this.#diskIsSlowUntil = time.now() + between(random, 200, 3000)
    }
    return [
      { name: 'a server crashes', strike: () => this.#crash(pick(random, this.machines), between(random, 100, 4000)) },
      { name: 'a server shuts down', strike: () => this.#shutDown() },
      { name: 'the broker crashes', strike: () => this.#crash(this.#central, between(random, 50, 3000)) },
      { name: 'a server is parted from the broker', strike: () => this.#part() },
      { name: 'a machine stands still', strike: () => this.#stall() },
      { name: 'a clock leaps', strike: () => this.#leap() },
      { name: 'the disk is slow', strike: slowDown },
      { name: 'the disk refuses', strike: refuse },
    ]
  }

  heal(): void {
    this.#network.weather = calmWeather
    this.#network.healAll()
    this.#diskRefusesUntil = 0
    this.#diskIsSlowUntil = 0
    this.#central.start()
    for (const machine of this.machines) machine.start()
  }

  atRest(): ChannelsAtRest {
    const { plan, world } = this.stage
    const ends = new Map<string, Position>()
    const present = new Map<string, ReadonlySet<string>>()
    for (const channel of plan.channels) {
      void this.#central.process?.broker.history(channel, { limit: 0 }).then(({ position }) => ends.set(channel, position))
      void this.#central.process?.presence.list(channel).then(clients => present.set(channel, new Set(clients.keys())))
    }
    world.time.settle()
    return { ends, present }
  }

  running(): RestingNode[] {
    return this.machines.flatMap(({ name, process }) => {
      if (process === undefined) return []
      // A relay gives up what it does not want any more when it next hears of it.
      return [{ name, node: process.node, asks: process.options.relayed ? undefined : process.line.wanted }]
    })
  }

  check(): void {
    const { world, plan } = this.stage
    world.judge.hold(plan.climate === 'calm' || world.tally.of('messages lost') > 0, 'no message was lost')
  }

  /** What the disk of the central machine does with an append. */
  #accepts(): boolean {
    const { random, time, tally } = this.stage.world
    const now = time.now()
    if (now < this.#diskIsSlowUntil) {
      tally.count('appends that took long')
      this.#central.clock.stall(between(random, 1, slowDiskMs))
    }
    if (now >= this.#diskRefusesUntil) return true
    tally.count('appends refused')
    return false
  }

  /** Down now, up again after a while. */
  #crash<P extends Process>(machine: Machine<P>, downMs: number): void {
    machine.crash()
    this.stage.world.time.after(downMs, () => machine.start())
  }

  #shutDown(): void {
    const { random, time } = this.stage.world
    const machine = pick(random, this.machines)
    machine.shutDown()
    time.after(between(random, 100, 2000), () => machine.start())
  }

  #part(): void {
    const { random, time } = this.stage.world
    const machine = pick(random, this.machines)
    this.#network.part(machine, this.#central)
    time.after(between(random, 200, pick(random, [1000, 5000, 18_000])), () => this.#network.heal(machine, this.#central))
  }

  #stall(): void {
    const { random } = this.stage.world
    const machine = pick(random, [...this.machines, this.#central])
    machine.clock.stall(between(random, 20, pick(random, [100, 1000, 3000])))
  }

  #leap(): void {
    const { random } = this.stage.world
    if (random.next() < 0.3) this.#central.clock.leap(between(random, -2000, 5000))
    else pick(random, this.machines).clock.leap(between(random, -hourMs, hourMs))
  }

  #createCentral(): Machine<Central> {
    const { oracle } = this
    const network = this.#network
    const { world, plan } = this.stage
    const mutant = brokerMutantOf(this.stage)
    const { namespaces, limits } = plan
    const { random, time, tally } = world
    // A broken broker counts places, and a thin line bytes: both are told in offsets that do not skip.
    const isSparse = plan.isSparse && mutant === undefined && this.options.thinLines !== true
    if (isSparse) tally.count('a log whose offsets skip')
    const disk = new Disk({ accepts: () => this.#accepts() }, ({ channel, epoch, publication }) =>
      oracle.record(channel, epoch, isSparse ? asSparse(publication) : publication),
    )
    return new Machine('central', time, (machine, clock) => {
      return new Central({ random, namespaces, limits, log: disk, oracle, network, mutant, isSparse }, machine, clock)
    })
  }

  #createServer(index: number, relayed: boolean): Machine<Server> {
    const network = this.#network
    const central = this.#central
    const { world, plan } = this.stage
    const { judge, time } = world
    const random = world.fork()
    const historyChecker = this.options.checksHistory === false ? undefined : new HistoryChecker(judge, this.oracle, plan.namespaces)
    return new Machine(`n${index}`, time, (machine, clock) => {
      return new Server({ plan, random, central, network, judge, historyChecker, relayed }, machine, clock)
    })
  }
}

function brokerMutantOf({ options: { mutant } }: ChannelsStage): BrokerMutant | undefined {
  return brokerMutants.find(other => other === mutant)
}
