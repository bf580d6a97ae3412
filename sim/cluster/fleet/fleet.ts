import { type Fence, type LeaseStore, MemoryLeaseStore, type RowFence } from '../../../src/cluster/index.ts'
import type { Broker, Limits, Namespaces } from '../../../src/hub/index.ts'
import { between } from '../../../src/kit/index.ts'
import type { Application, ApplicationConfig } from '../../../src/server/index.ts'
import type { Sql } from '../../../src/store/index.ts'
import { pick } from '../../core/chance.ts'
import { MachineClock } from '../../core/clock.ts'
import type { Fault } from '../../core/fault-injector.ts'
import { Machine, type MachineWith } from '../../core/machine.ts'
import { calmWeather, type End, Network, type Weather } from '../../core/network.ts'
import type { World } from '../../core/world.ts'
import { judgedLog } from '../open-node.ts'
import { Oracle } from '../oracle.ts'
import { configOf, SimNode } from '../sim-node.ts'
import { LeaseLine } from './lease-line.ts'
import { FleetLinks } from './links.ts'
import { type FleetMutant, intact } from './mutants.ts'
import { Registers } from './registers.ts'
import { type LogLines, LogObserver, SharedSimLogs } from './shared-logs.ts'

/** A service on one process of a node. */
export interface ServiceOnNode {
  /** Its rows, as the process reaches them. */
  readonly rows?: Sql
  begun(application: Application): Promise<void>
  gone(): void
}

export interface FleetOptions {
  readonly nodes: number
  readonly weather: Weather
  readonly namespaces: Namespaces
  readonly limits: Limits
  readonly mutant: FleetMutant | undefined
  /** Sees every page of history that a node gets. */
  readonly see: (channel: string, ...page: Parameters<PageWitness>) => void
  /** What each process of a node has beside channels. */
  service?(machine: MachineWith<SimNode>, clock: MachineClock): ServiceOnNode
  /** Whether strangers are let in. */
  readonly isOpen?: boolean
}

/** Few, so that a run of many seeds is quick; each has several keys. */
const slots = 24

type PageWitness = (query: Parameters<Broker['history']>[1], page: Awaited<ReturnType<Broker['history']>>) => void

/** Equal nodes over shared logs, a store of leases, and links between them: each of these ways may be cut by itself. */
export class Fleet {
  readonly oracle: Oracle
  readonly network: Network
  readonly observer: LogObserver
  readonly registers = new Registers()
  readonly machines: readonly Machine<SimNode>[]
  readonly #logs: SharedSimLogs
  readonly #links: FleetLinks
  readonly #config: ApplicationConfig
  readonly #store: LeaseStore & Fence
  readonly #fence: RowFence
  /** Where the leases are. */
  readonly leasesEnd: End
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
    this.#links = new FleetLinks(this.network, (options.mutant ?? intact).garble)
    this.#config = configOf({ client: { insecure: options.isOpen !== false } }, namespaces.list(), limits)
    const leases = new MemoryLeaseStore(time)
    this.#store = (options.mutant ?? intact).store(leases)
    this.#fence = leases
    this.leasesEnd = { name: 'leases', clock: new MachineClock(time) }
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
    const crash = () => this.crash(some(), between(random, 100, 4000))
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
      { name: 'a node is parted from the leases', strike: () => part(some(), this.leasesEnd) },
      { name: 'a node is parted from another', strike: () => part(some(), some()) },
      { name: 'the clock of a node leaps', strike: () => some().clock.leap(between(random, -5000, 5000)) },
    ]
  }

  /** A node is gone for a while, and nobody is told. */
  crash(machine: Machine<SimNode>, ms: number): void {
    machine.crash()
    this.#links.unplug(machine)
    this.world.time.after(ms, () => machine.start())
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

  #createNode(name: string): Machine<SimNode> {
    const { world, options, registers, network } = this
    const { mutant = intact } = options
    const random = world.fork()
    const address = `ws://${name}`
    return new Machine(name, world.time, (machine, clock) => {
      const lines = this.#logs.lines(clock, between(random, 1, 8))
      this.#lines.set(name, lines)
      if (this.#cut.has(name)) cutAll(lines)
      const service = options.service?.(machine, clock)
      const leases = new LeaseLine(this.#store, network, machine, this.leasesEnd)
      const logs = { ...lines, channels: mutant.log(lines.channels, name) }
      const node = new SimNode(
        {
          config: this.#config,
          random,
          log: judgedLog(world.judge, name, clock),
          fleet: { logs, leases, fence: this.#fence, address, slots },
          connect: this.#links.connectFrom(machine),
          listen: links => this.#links.listen(address, machine, links),
          prepare: application => {
            registers.addTo(application, leases)
            this.#witness(application)
            Object.assign(application.node, mutant.deliver(application.node, name))
            mutant.presence(application.node.presence, name)
          },
          rows: service?.rows,
          begun: async application => service?.begun(application),
          failed: error => world.judge.break(`${name} did not begin: ${error}`),
          gone: () => service?.gone(),
        },
        machine,
        clock,
      )
      return node
    })
  }

  /** Every page of history that a node gets is seen. */
  #witness({ node: { broker } }: Application): void {
    const history = broker.history.bind(broker)
    Object.assign(broker, {
      history: async (...[channel, query]: Parameters<Broker['history']>) => {
        const page = await history(channel, query)
        this.options.see(channel, query, page)
        return page
      },
    })
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
