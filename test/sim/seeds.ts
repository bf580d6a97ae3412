import { Tally } from '../../sim/core/tally.ts'
import { type Actors, type Mutant, type Plan, type RunOptions, simulate, type Workload } from '../../sim/core/workload.ts'

/** What some seeds came to. */
export interface SeedsRun {
  /** Those that broke a promise, each with how to repeat it. */
  readonly broken: readonly string[]
  readonly total: Tally
}

/** A workload as tests run it. */
export class Seeds<P extends Plan, N, A extends Actors, M extends Mutant> {
  constructor(
    readonly workload: Workload<P, N, A, M>,
    readonly options: RunOptions<M> = {},
  ) {}

  run(from: number, to: number): SeedsRun {
    const { name, topologies } = this.workload
    const total = new Tally()
    const broken: string[] = []
    for (let seed = from; seed <= to; seed++) {
      const { violation, tally } = simulate(this.workload, seed, this.options)
      total.add(tally)
      const topology = this.options.topology ?? topologies[0]
      const repeat = `bun sim/run.ts --workload ${name} --topology ${topology} --seeds ${seed} --trace`
      if (violation !== undefined) broken.push(`seed ${seed}: ${violation.message} (repeat: ${repeat})`)
    }
    return { broken, total }
  }

  /** What one seed breaks; undefined for nothing. */
  violationOf(seed: number, options: RunOptions<M> = {}): string | undefined {
    return simulate(this.workload, seed, { ...this.options, ...options }).violation?.message
  }

  /** The first seed of so many in which a broken part is noticed. */
  caught(mutant: M, seeds: number): number | undefined {
    for (let seed = 1; seed <= seeds; seed++) if (this.violationOf(seed, { mutant }) !== undefined) return seed
    return undefined
  }

  /** Everything that a run tells, as one line after the other. */
  traceOf(seed: number): string[] {
    const lines: string[] = []
    simulate(this.workload, seed, { ...this.options, trace: line => lines.push(line) })
    return lines
  }
}
