import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Namespaces } from '../../../src/hub/index.ts'
import type { Application } from '../../../src/server/index.ts'
import { defineService } from '../../../src/service.ts'
import { sportsNamespace } from '../../../src/services/sports/namespace.ts'
import { startSports } from '../../../src/services/sports/service.ts'
import { Disk } from '../../cluster/disk.ts'
import { judgedLog } from '../../cluster/open-node.ts'
import { Oracle } from '../../cluster/oracle.ts'
import { serviceLimits } from '../../cluster/service-limits.ts'
import { configOf, SimNode, trusted } from '../../cluster/sim-node.ts'
import { withParts } from '../../cluster/with-parts.ts'
import { Machine } from '../../core/machine.ts'
import type { Stage } from '../../core/workload.ts'
import { mutated, type SportsMutant } from './mutants.ts'
import type { SportsPlan } from './plan.ts'

export type SportsStage = Stage<SportsPlan, SportsMutant>

/** One machine with the sports service on it, its games, and what was published in their channels. */
export class SportsNodes {
  readonly oracle: Oracle
  readonly machine: Machine<SimNode>
  /** Those of the service, the same with every start. */
  readonly namespaces: Namespaces
  /** Whether the machine's disk takes an append. */
  accepts: () => boolean = () => true
  /** The file of the store outlives the processes. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'fanfare-sports-'))

  constructor({ world, plan, options: { mutant } }: SportsStage) {
    const { judge, time } = world
    this.oracle = new Oracle(judge, () => time.now())
    const random = world.fork()
    const histories = new Disk({ accepts: () => this.accepts() }, ({ channel, epoch, publication }) =>
      this.oracle.record(channel, epoch, publication),
    )
    const config = configOf({}, [], serviceLimits)
    const path = join(this.#folder, 'store')
    this.machine = new Machine('sports', time, (machine, clock) => {
      const log = judgedLog(judge, machine.name, clock)
      let end: (() => void | Promise<void>)[] = []
      const service = defineService({
        name: 'sports',
        namespaces: [sportsNamespace],
        start(host) {
          const onClose = (run: () => void | Promise<void>) => {
            end.push(run)
            host.onClose(run)
          }
          const whole = withParts(host, { onClose })
          return startSports(mutant === undefined ? whole : mutated(whole, mutant), { path })
        },
      })
      const begun = (application: Application) => application.mount(service)
      const failed = (error: unknown) => judge.break(`sports did not start: ${error}`)
      // Of a process that is gone nothing runs any more: what is left is to give its file back.
      const gone = () => {
        for (const run of end.toReversed()) void run()
        end = []
      }
      return new SimNode({ config, random, log, begun, failed, gone, store: { histories } }, machine, clock)
    })
    this.machine.start()
    // The service has added its routes.
    time.settle()
    this.namespaces = this.machine.process?.node.options.namespaces ?? new Namespaces([])
    for (const game of plan.games) world.settled(this.#describe(game))
  }

  /** What the service says over HTTP of how things are. */
  async read(path: string): Promise<unknown> {
    const response = await this.machine.process?.fetch(new Request(`http://sports${path}`))
    return response?.json()
  }

  close(): void {
    this.machine.crash()
    rmSync(this.#folder, { recursive: true })
  }

  async #describe(game: string): Promise<void> {
    const body = JSON.stringify({ home: `${game} United`, away: `${game} City`, league: 'cup' })
    const answer = await this.machine.process?.fetch(
      new Request(`http://sports/sports/games/${game}`, { method: 'PUT', body, headers: trusted }),
    )
    if (answer?.status !== 201) throw new Error(`the game "${game}" was not taken: ${answer?.status}`)
  }
}
