import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Namespaces } from '../../../src/hub/index.ts'
import { defineService } from '../../../src/service.ts'
import { sportsNamespace } from '../../../src/services/sports/namespace.ts'
import { startSports } from '../../../src/services/sports/service.ts'
import { Disk } from '../../cluster/disk.ts'
import { Fleet, type ServiceOnNode } from '../../cluster/fleet/fleet.ts'
import { judgedLog } from '../../cluster/open-node.ts'
import { Oracle } from '../../cluster/oracle.ts'
import { serviceLimits } from '../../cluster/service-limits.ts'
import { configOf, SimNode, trusted } from '../../cluster/sim-node.ts'
import { withParts } from '../../cluster/with-parts.ts'
import type { Fault } from '../../core/fault-injector.ts'
import { Machine } from '../../core/machine.ts'
import type { Weather } from '../../core/network.ts'
import type { Stage } from '../../core/workload.ts'
import { mutated, type SportsMutant } from './mutants.ts'
import type { SportsPlan } from './plan.ts'

export type SportsStage = Stage<SportsPlan, SportsMutant>

/** How long a node may take to begin, and how often it is looked at. */
const startMs = 5000
const stepMs = 5
const roughWeather: Weather = { dropShare: 0.02, duplicateShare: 0, delayMs: { from: 1, to: 20 }, ordered: true }

/**
 * The sports service on a machine alone, or on one of several equal nodes: its games are in the memory of one process, so that feeds and
 * viewers come to that one. And what was published in the channels of games.
 */
export class SportsNodes {
  readonly oracle: Oracle
  readonly machine: Machine<SimNode>
  /** Those of the service, the same with every start. */
  readonly namespaces = new Namespaces([sportsNamespace])
  /** Whether the machine's disk takes an append. */
  accepts: () => boolean = () => true
  readonly #fleet: Fleet | undefined
  /** The file of the store outlives the processes. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'fanfare-sports-'))

  constructor(readonly stage: SportsStage) {
    const { world, plan, options } = stage
    if (options.topology === 'fleet') this.#fleet = this.#createFleet()
    this.oracle = this.#fleet?.oracle ?? new Oracle(world.judge, () => world.time.now())
    const [first] = this.#fleet?.machines ?? []
    this.machine = first ?? this.#createMachine()
    this.machine.start()
    // In a fleet it has to read the logs and to meet the others before it has the routes of its service.
    for (let ms = 0; ms < startMs && this.machine.process?.isListening !== true; ms += stepMs) world.time.advance(stepMs)
    for (const game of plan.games) this.#describe(game)
  }

  /** What goes wrong between nodes; nothing where there is one. */
  faults(): Fault[] {
    return this.#fleet?.faults() ?? []
  }

  heal(): void {
    this.#fleet?.heal()
    this.machine.start()
  }

  /** What the service says over HTTP of how things are. */
  async read(path: string): Promise<unknown> {
    const response = await this.machine.process?.fetch(new Request(`http://sports${path}`))
    return response?.json()
  }

  close(): void {
    for (const machine of this.#fleet?.machines ?? [this.machine]) machine.crash()
    rmSync(this.#folder, { recursive: true })
  }

  #createMachine(): Machine<SimNode> {
    const { judge, time } = this.stage.world
    const random = this.stage.world.fork()
    const histories = new Disk({ accepts: () => this.accepts() }, ({ channel, epoch, publication }) =>
      this.oracle.record(channel, epoch, publication),
    )
    const config = configOf({}, [], serviceLimits)
    return new Machine('sports', time, (machine, clock) => {
      const log = judgedLog(judge, machine.name, clock)
      const failed = (error: unknown) => judge.break(`sports did not start: ${error}`)
      return new SimNode({ config, random, log, failed, store: { histories }, ...this.#service() }, machine, clock)
    })
  }

  #createFleet(): Fleet {
    return new Fleet(this.stage.world, {
      ...{ nodes: 3, weather: roughWeather, namespaces: this.namespaces, limits: serviceLimits, mutant: undefined, isOpen: false },
      see: () => undefined,
      service: machine => (machine.name === 'n0' ? this.#service() : { begun: async () => undefined, gone: () => undefined }),
    })
  }

  /** The service in one process. */
  #service(): ServiceOnNode {
    const { mutant } = this.stage.options
    const path = join(this.#folder, 'store')
    let ends: (() => void | Promise<void>)[] = []
    const service = defineService({
      name: 'sports',
      namespaces: [sportsNamespace],
      start(host) {
        const onClose = (end: () => void | Promise<void>) => {
          ends.push(end)
          host.onClose(end)
        }
        const whole = withParts(host, { onClose })
        return startSports(mutant === undefined ? whole : mutated(whole, mutant), { path })
      },
    })
    return {
      begun: application => application.mount(service),
      // Of a process that is gone nothing runs any more: what is left is to give its file back.
      gone: () => {
        for (const end of ends.toReversed()) void end()
        ends = []
      },
    }
  }

  #describe(game: string): void {
    const { world } = this.stage
    const body = JSON.stringify({ home: `${game} United`, away: `${game} City`, league: 'cup' })
    const request = new Request(`http://sports/sports/games/${game}`, { method: 'PUT', body, headers: trusted })
    let status: number | undefined
    void this.machine.process?.fetch(request).then(answer => {
      status = answer.status
    })
    for (let ms = 0; ms < startMs && status === undefined; ms += stepMs) world.time.advance(stepMs)
    if (status !== 201) throw new Error(`the game "${game}" was not taken: ${status}`)
  }
}
