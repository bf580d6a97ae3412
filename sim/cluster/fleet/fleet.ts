import { type Fence, type LeaseStore, MemoryLeaseStore } from '../../../src/cluster/index.ts'
import { type Broker, type BrokerSink, type Limits, type Namespaces, subscribeAndRead } from '../../../src/hub/index.ts'
import { between } from '../../../src/kit/index.ts'
import { pick } from '../../core/chance.ts'
import { MachineClock } from '../../core/clock.ts'
import type { Fault } from '../../core/fault-injector.ts'
import { Machine } from '../../core/machine.ts'
import { calmWeather, type End, Network, type Weather } from '../../core/network.ts'
import type { World } from '../../core/world.ts'
import { Oracle } from '../oracle.ts'
import { LeaseLine } from './lease-line.ts'
import { type FleetMutant, intact } from './mutants.ts'
import { FleetNode } from './node.ts'
import { Registers } from './registers.ts'
import { type LogLines, LogObserver, SharedSimLogs } from './shared-logs.ts'

export interface FleetOptions {
  readonly nodes: number
  readonly weather: Weather
  readonly namespaces: Namespaces
  readonly limits: Limits
  readonly mutant: FleetMutant | undefined
  /** Sees every page of history that a node gets. */
  readonly see: (channel: string, ...page: Parameters<PageWitness>) => void
}

type PageWitness = (query: Parameters<Broker['history']>[1], page: Awaited<ReturnType<Broker['history']>>) => void

/** Equal nodes over shared logs, a store of leases, and links between them: each of these ways may be cut by itself. */
export class Fleet {
  readonly oracle: Oracle
  readonly network: Network
  readonly observer: LogObserver
  readonly registers = new Registers()
  readonly machines: readonly Machine<FleetNode>[]
  readonly #logs: SharedSimLogs
  readonly #store: LeaseStore & Fence
  readonly #storeEnd: End
  /** Of the processes that run now. */
  readonly #lines = new Map<string, LogLines>()
  readonly #cut = new Set<string>()

  constructor(
    readonly world: World,
    readonly options: FleetOptions,
  ) {
    const { time, random, judge, tally } = world
    const { namespaces, limits, weather, nodes } = options
    this.oracle = new Oracle(judge, () => time.now())
    this.network = new Network(time, random, tally, weather)
    this.#logs = new SharedSimLogs(time, world.fork())
    this.#store = (options.mutant ?? intact).store(new MemoryLeaseStore(time))
    this.#storeEnd = { name: 'leases', clock: new MachineClock(time) }
    this.observer = new LogObserver(world, this.#logs, this.oracle, namespaces, limits)
    this.machines = Array.from({ length: nodes }, (_, index) => this.#createNode(`n${index}`))
    for (const machine of this.machines) machine.start()
  }

  /** Everything that may go wrong between the nodes, the logs and the leases. */
  faults(): Fault[] {
    const { machines } = this
    const { random, time } = this.world
    const some = () => pick(random, machines)
    const forAWhile = () => between(random, 200, pick(random, [1000, 5000, 12_000]))
    const part = (one: End, other: End) => {
      this.network.part(one, other)
      time.after(forAWhile(), () => this.network.heal(one, other))
    }
    const crash = () => {
      const machine = some()
      machine.crash()
      time.after(between(random, 100, 4000), () => machine.start())
    }
    const shutDown = () => {
      const machine = some()
      machine.shutDown()
      time.after(between(random, 100, 2000), () => machine.start())
    }
    return [
      { name: 'a node crashes', strike: crash },
      { name: 'a node ends in order', strike: shutDown },
      { name: 'a node stands still', strike: () => some().clock.stall(between(random, 20, pick(random, [100, 1000, 4000]))) },
      { name: 'a node is parted from the log', strike: () => this.#cutFromLog(some().name, forAWhile()) },
      { name: 'a node reads the log late', strike: () => this.#delay(some().name, between(random, 10, 600)) },
      { name: 'a node is parted from the leases', strike: () => part(some(), this.#storeEnd) },
      { name: 'a node is parted from another', strike: () => part(some(), some()) },
      { name: 'the clock of a node leaps', strike: () => some().clock.leap(between(random, -5000, 5000)) },
    ]
  }

  /** The end of all trouble. */
  heal(): void {
    this.network.weather = calmWeather
    this.network.healAll()
    for (const machine of this.machines) machine.start()
    this.#cut.clear()
    for (const lines of this.#lines.values()) {
      for (const line of Object.values(lines)) {
        line.lagMs = 0
        line.mend()
      }
    }
  }

  #createNode(name: string): Machine<FleetNode> {
    const { world, options, registers, network } = this
    const { namespaces, limits, mutant = intact } = options
    const { judge } = world
    const random = world.fork()
    const find = (address: string) => this.machines.find(machine => machine.name === address)?.process
    return new Machine(name, world.time, (machine, clock) => {
      const lines = this.#logs.lines(clock, between(random, 1, 8))
      this.#lines.set(name, lines)
      if (this.#cut.has(name)) cutAll(lines)
      const leases = new LeaseLine(this.#store, network, machine, this.#storeEnd)
      const logs = { ...lines, channels: mutant.log(lines.channels, name) }
      const sinkOf = (sink: BrokerSink) => mutant.sink(sink, name)
      const own = { random, judge, namespaces, limits, network, logs, lines, leases, registers, find, sinkOf, garble: mutant.garble }
      return new FleetNode({ ...own, brokerOf: broker => this.#witnessed(broker) }, machine, clock)
    })
  }

  /** The broker as it is, and who is told of every page. */
  #witnessed(broker: Broker): Broker {
    const history: Broker['history'] = async (channel, query) => {
      const page = await broker.history(channel, query)
      this.options.see(channel, query, page)
      return page
    }
    const open: Broker['open'] = (channel, query) => subscribeAndRead({ ...bound(broker), history }, channel, query)
    return { ...bound(broker), history, open }
  }

  #cutFromLog(name: string, ms: number): void {
    const { time, tally } = this.world
    tally.count('lines to the log cut')
    this.#cut.add(name)
    cutAll(this.#lines.get(name))
    time.after(ms, () => {
      this.#cut.delete(name)
      for (const line of Object.values(this.#lines.get(name) ?? {})) line.mend()
    })
  }

  #delay(name: string, ms: number): void {
    const lines = this.#lines.get(name)
    if (lines === undefined) return
    lines.channels.lagMs = ms
    this.world.time.after(4 * ms, () => {
      lines.channels.lagMs = 0
    })
  }
}

function cutAll(lines: LogLines | undefined): void {
  for (const line of Object.values(lines ?? {})) line.cut()
}

function bound(broker: Broker): Broker {
  return {
    publish: (...given) => broker.publish(...given),
    announce: (...given) => broker.announce(...given),
    subscribe: (...given) => broker.subscribe(...given),
    unsubscribe: (...given) => broker.unsubscribe(...given),
    open: (...given) => broker.open(...given),
    history: (...given) => broker.history(...given),
    removeHistory: (...given) => broker.removeHistory(...given),
    control: (...given) => broker.control(...given),
    close: () => broker.close(),
  }
}
