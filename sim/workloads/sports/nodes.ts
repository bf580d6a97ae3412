import { Namespaces } from '../../../src/hub/index.ts'
import { between, type Random } from '../../../src/kit/index.ts'
import { CommandError } from '../../../src/protocol/index.ts'
import type { Application } from '../../../src/server/index.ts'
import { defineService } from '../../../src/service.ts'
import { sportsNamespace } from '../../../src/services/sports/namespace.ts'
import { startSports } from '../../../src/services/sports/service.ts'
import { sportsTables } from '../../../src/services/sports/store.ts'
import { migrateSql, openSql, type Sql } from '../../../src/store/index.ts'
import { Disk } from '../../cluster/disk.ts'
import { Fleet, type ServiceOnNode } from '../../cluster/fleet/fleet.ts'
import { judgedLog } from '../../cluster/open-node.ts'
import { Oracle } from '../../cluster/oracle.ts'
import { RowsLine } from '../../cluster/rows-line.ts'
import { serviceLimits } from '../../cluster/service-limits.ts'
import { configOf, SimNode, trusted } from '../../cluster/sim-node.ts'
import { pick } from '../../core/chance.ts'
import { MachineClock } from '../../core/clock.ts'
import type { Fault } from '../../core/fault-injector.ts'
import { Machine, type MachineWith } from '../../core/machine.ts'
import type { End, Weather } from '../../core/network.ts'
import type { Stage } from '../../core/workload.ts'
import { honest, mutated, type SportsMutant } from './mutants.ts'
import type { SportsPlan } from './plan.ts'

export type SportsStage = Stage<SportsPlan, SportsMutant>

/** How long a node may take to begin or to answer, and how often it is looked at. */
const answerMs = 10_000
const stepMs = 5
/** When a node is started again that did not start. */
const restartMs = 500
/** How often a game is described until a node has taken it. */
const describesMax = 1000
const roughWeather: Weather = { dropShare: 0.02, duplicateShare: 0, delayMs: { from: 1, to: 20 }, ordered: true }

/**
 * The sports service on a machine alone, or on each of several equal nodes, over rows that outlive them. And what was published in the
 * channels of games.
 */
export class SportsNodes {
  readonly oracle: Oracle
  readonly machines: readonly Machine<SimNode>[]
  /** Those of the service, the same with every start. */
  readonly namespaces = new Namespaces([sportsNamespace])
  readonly #rows: Sql
  readonly #rowsEnd: End
  readonly #fleet: Fleet | undefined
  readonly #random: Random
  #diskRefusesUntil = 0

  constructor(readonly stage: SportsStage) {
    const { world, plan, options } = stage
    this.#random = world.fork()
    this.#rows = world.settled(openSql('sqlite::memory:'))
    this.#rowsEnd = { name: 'rows', clock: new MachineClock(world.time) }
    world.settled(migrateSql(this.#rows, 'sports', sportsTables))
    if (options.topology === 'fleet') this.#fleet = this.#createFleet()
    this.oracle = this.#fleet?.oracle ?? new Oracle(world.judge, () => world.time.now())
    this.machines = this.#fleet?.machines ?? [this.#createMachine()]
    for (const machine of this.machines) machine.start()
    // In a fleet they have to read the logs and to meet each other before they have the routes of their service.
    const areThere = () => this.machines.every(({ process }) => process?.isListening === true)
    for (let ms = 0; ms < answerMs && !areThere(); ms += stepMs) world.time.advance(stepMs)
    for (const game of plan.games) this.#describe(game)
  }

  /** Some node, whoever asks. */
  machine(random: Random): Machine<SimNode> {
    return pick(random, this.machines)
  }

  /** What goes wrong with nodes, and between them. */
  faults(): Fault[] {
    return this.#fleet === undefined ? this.#faultsOfOne() : [...this.#fleet.faults(), ...this.#faultsOfOwners(this.#fleet)]
  }

  heal(): void {
    this.#diskRefusesUntil = 0
    this.#fleet?.heal()
    for (const machine of this.machines) machine.start()
  }

  /** What each node that runs says over HTTP of how things are. */
  read(path: string, machine = this.machines[0]): Promise<unknown> {
    const { process } = machine ?? {}
    if (process === undefined) return Promise.reject(new Error('the node does not run'))
    return process.fetch(new Request(`http://sports${path}`)).then(response => response.json())
  }

  /** What a promise comes to that needs a little time. */
  answered<T>(promise: Promise<T>): T {
    const { time } = this.stage.world
    let done: { readonly value: T } | undefined
    let failed: unknown
    promise.then(
      value => {
        done = { value }
      },
      (error: unknown) => {
        failed = error
      },
    )
    for (let ms = 0; ms < answerMs && done === undefined && failed === undefined; ms += stepMs) time.advance(stepMs)
    if (done === undefined) throw failed ?? new Error('a node does not answer')
    return done.value
  }

  close(): void {
    for (const machine of this.machines) machine.crash()
    this.stage.world.time.settle()
    void this.#rows.close()
    this.stage.world.time.settle()
  }

  #createMachine(): Machine<SimNode> {
    const { judge, time } = this.stage.world
    const random = this.stage.world.fork()
    const histories = new Disk({ accepts: () => this.#accepts() }, ({ channel, epoch, publication }) =>
      this.oracle.record(channel, epoch, publication),
    )
    const config = configOf({}, [], serviceLimits)
    return new Machine('sports', time, (machine, clock) => {
      const log = judgedLog(judge, machine.name, clock)
      const failed = (error: unknown) => judge.break(`sports did not start: ${error}`)
      return new SimNode({ config, random, log, failed, store: { histories }, ...this.#service(machine, clock) }, machine, clock)
    })
  }

  #createFleet(): Fleet {
    return new Fleet(this.stage.world, {
      ...{ nodes: 3, weather: roughWeather, namespaces: this.namespaces, limits: serviceLimits, mutant: undefined, isOpen: false },
      see: () => undefined,
      service: (machine, clock) => this.#service(machine, clock),
    })
  }

  /** The service in one process. */
  #service(machine: MachineWith<SimNode>, clock: MachineClock): ServiceOnNode {
    const { mutant = honest } = this.stage.options
    const { time } = this.stage.world
    const { rewrite } = mutant
    const wayMs = () => this.#wayMs(machine)
    const lateShare = this.#fleet === undefined || this.stage.plan.climate === 'calm' ? 0 : 0.1
    const line = new RowsLine({ rows: this.#rows, time, clock, random: this.stage.world.fork(), rewrite, wayMs, lateShare })
    const service = defineService({
      name: 'sports',
      namespaces: [sportsNamespace],
      migrations: sportsTables,
      start: host => startSports(mutated(host, mutant), {}),
    })
    return {
      rows: line,
      begun: (application: Application) =>
        application.mount(service).catch((error: unknown) => {
          if (!(error instanceof CommandError) || !error.temporary) throw error
          // As whoever runs servers does with one that did not start.
          machine.crash()
          time.after(restartMs, () => machine.start())
          return new Promise(() => undefined)
        }),
      gone: () => line.kill(),
    }
  }

  #wayMs(machine: MachineWith<SimNode>): number | undefined {
    if (this.#fleet === undefined) return this.#random.next() < 0.05 ? between(this.#random, 1, 6) : 0
    return this.#fleet.network.isParted(machine, this.#rowsEnd) ? undefined : between(this.#random, 1, 4)
  }

  #accepts(): boolean {
    const { time, tally } = this.stage.world
    if (time.now() >= this.#diskRefusesUntil) return true
    tally.count('appends refused')
    return false
  }

  #faultsOfOne(): Fault[] {
    const { time } = this.stage.world
    const random = this.#random
    const [machine] = this.machines
    if (machine === undefined) return []
    const startLater = () => time.after(between(random, 100, 2000), () => machine.start())
    const crash = () => {
      machine.crash()
      startLater()
    }
    const shutDown = () => {
      machine.shutDown()
      startLater()
    }
    const refuse = () => {
      this.#diskRefusesUntil = time.now() + between(random, 200, 2000)
    }
    return [
      { name: 'the server crashes', strike: crash },
      { name: 'the server ends in order', strike: shutDown },
      { name: 'the server stands still', strike: () => machine.clock.stall(between(random, 20, 2000)) },
      { name: 'the disk refuses', strike: refuse },
    ]
  }

  /** What befalls the node that a game belongs to, in whichever way, while feeds and viewers are everywhere. */
  #faultsOfOwners(fleet: Fleet): Fault[] {
    const { time } = this.stage.world
    const random = this.#random
    const owner = () => {
      const key = `game:${pick(random, this.stage.plan.games)}`
      return this.machines.find(({ process }) => process?.application.topology.ownerOf(key).kind === 'here') ?? pick(random, this.machines)
    }
    const crash = () => fleet.crash(owner(), between(random, 100, 4000))
    const part = (machine: Machine<SimNode>, from: End) => {
      fleet.network.part(machine, from)
      time.after(between(random, 200, 6000), () => fleet.network.heal(machine, from))
    }
    return [
      { name: 'the owner of a game crashes', strike: crash },
      { name: 'the owner of a game stands still', strike: () => owner().clock.stall(between(random, 1000, 6000)) },
      { name: 'the owner of a game is parted from the rows', strike: () => part(owner(), this.#rowsEnd) },
      { name: 'the owner of a game is parted from the leases', strike: () => part(owner(), fleet.leasesEnd) },
      { name: 'a node is parted from the rows', strike: () => part(pick(random, this.machines), this.#rowsEnd) },
    ]
  }

  /** Until a node takes it: slots may still be on their way to their owners. */
  #describe(game: string): void {
    const body = JSON.stringify({ home: `${game} United`, away: `${game} City`, league: 'cup' })
    for (let left = describesMax; left > 0; left--) {
      const request = new Request(`http://sports/sports/games/${game}`, { method: 'PUT', body, headers: trusted })
      const { process } = this.machine(this.#random)
      const status = this.answered(
        process?.fetch(request).then(
          response => response.status,
          () => 503,
        ) ?? Promise.resolve(503),
      )
      if (status === 200 || status === 201) return
      if (status < 500) throw new Error(`the game "${game}" was not taken: ${status}`)
      this.stage.world.time.advance(stepMs)
    }
    throw new Error(`no node takes the game "${game}"`)
  }
}
