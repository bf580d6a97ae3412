import type { Runnable } from '../core/command.ts'
import { type Actors, type Mutant, type Plan, simulate, type Workload } from '../core/workload.ts'
import { channelsWorkload } from './channels/workload.ts'
import { chatWorkload } from './chat/workload.ts'
import { sportsWorkload } from './sports/workload.ts'

/** All that is tried in the simulation. A new service adds one line. */
export const workloads: readonly Runnable[] = [
  runnable(channelsWorkload()),
  runnable(channelsWorkload({ thinLines: true })),
  runnable(chatWorkload),
  runnable(sportsWorkload),
]

function runnable<P extends Plan, N, A extends Actors, M extends Mutant>(workload: Workload<P, N, A, M>): Runnable {
  const { name, topologies, mutants } = workload
  return {
    ...{ name, topologies, mutants },
    run(seed, { mutant: number, ...options }) {
      const mutant = number === undefined ? undefined : mutants[number]
      return simulate(workload, seed, { ...options, ...(mutant === undefined ? {} : { mutant }) })
    },
  }
}
