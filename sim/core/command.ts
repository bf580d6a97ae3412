import { parseArgs } from 'node:util'
import { Tally } from './tally.ts'
import type { Mutant, Outcome, RunOptions, Topology } from './workload.ts'

/** A workload as the command line knows it, whatever its plan and its actors are. */
export interface Runnable {
  readonly name: string
  readonly topologies: readonly Topology[]
  readonly mutants: readonly Mutant[]
  run(seed: number, options: Pick<RunOptions, 'topology' | 'trace'> & { readonly mutant?: number }): Outcome
}

const toldEvery = 50
const path = 'sim/run.ts'

const options = {
  workload: { type: 'string' },
  topology: { type: 'string' },
  seeds: { type: 'string', default: '1..100' },
  mutant: { type: 'string' },
  trace: { type: 'boolean', default: false },
  tally: { type: 'boolean', default: false },
  'keep-going': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** Runs seeds as the command line says, names those that break a promise and how to repeat them, and sets the exit code. */
export function runCommand(workloads: readonly Runnable[], args: readonly string[], print: (line: string) => void): number {
  const { values } = parseArgs({ args: [...args], options })
  if (values.help) {
    print(help(workloads))
    return 0
  }
  const seeds = rangeOf(values.seeds)
  const chosen = workloads.filter(({ name }) => values.workload === undefined || name === values.workload)
  if (chosen.length === 0) throw new Error(`--workload: expected one of ${workloads.map(({ name }) => name).join(', ')}`)
  let broken = 0
  for (const workload of chosen) {
    const mutant = values.mutant === undefined ? undefined : mutantOf(workload, values.mutant)
    for (const topology of topologiesOf(workload, values.topology, mutant)) {
      const total = new Tally()
      const outcomes = runAll(
        workload,
        { topology, mutant, ...seeds, trace: values.trace ? print : undefined },
        print,
        values['keep-going'],
      )
      for (const { tally } of outcomes) total.add(tally)
      broken += outcomes.filter(({ violation }) => violation !== undefined).length
      if (values.tally) print(String(total))
    }
  }
  print(broken === 0 ? 'every promise was kept' : `${broken} ${broken === 1 ? 'seed' : 'seeds'} broke a promise`)
  return broken === 0 ? 0 : 1
}

interface Order {
  readonly topology: Topology
  readonly mutant: number | undefined
  readonly from: number
  readonly to: number
  readonly trace: ((line: string) => void) | undefined
}

function runAll(workload: Runnable, order: Order, print: (line: string) => void, keepsGoing: boolean): Outcome[] {
  const { topology, mutant, from, to, trace } = order
  const outcomes: Outcome[] = []
  const began = performance.now()
  print(`${workload.name}, ${topology}${mutant === undefined ? '' : `, broken: ${workload.mutants[mutant]?.name}`}`)
  for (let seed = from; seed <= to; seed++) {
    const outcome = workload.run(seed, { topology, ...(trace === undefined ? {} : { trace }), ...(mutant === undefined ? {} : { mutant }) })
    outcomes.push(outcome)
    const done = seed - from + 1
    if (done % toldEvery === 0) print(`${done} of ${to - from + 1} seeds, ${((performance.now() - began) / 1000).toFixed(1)} s`)
    if (outcome.violation === undefined) continue
    print(describe(outcome))
    print(`  repeat: bun ${path} ${repeatOf(workload, order, seed)} --trace`)
    if (!keepsGoing) break
  }
  return outcomes
}

function describe({ seed, plan, violation }: Outcome): string {
  const stack = violation?.name === 'Violation' ? '' : `\n${violation?.stack}`
  return `seed ${seed} (${plan.climate}): ${violation?.message}${stack}`
}

/** The arguments that run one seed again. */
function repeatOf({ name }: Pick<Runnable, 'name'>, { topology, mutant }: Pick<Order, 'topology' | 'mutant'>, seed: number): string {
  return `--workload ${name} --topology ${topology} --seeds ${seed}${mutant === undefined ? '' : ` --mutant ${mutant}`}`
}

function topologiesOf({ name, topologies, mutants }: Runnable, wanted: string | undefined, mutant = -1): readonly Topology[] {
  const only = mutants[mutant]?.topology
  if (wanted === undefined) return only === undefined ? topologies : [only]
  const found = topologies.filter(topology => topology === wanted)
  if (found.length === 0) throw new Error(`--topology: "${name}" runs in ${topologies.join(', ')}`)
  return found
}

function mutantOf({ mutants, name }: Runnable, text: string): number {
  const index = Number(text)
  if (mutants[index] === undefined) throw new Error(`--mutant: "${name}" has 0 to ${mutants.length - 1}`)
  return index
}

/** `7` or `1000..2000`. */
function rangeOf(text: string): { readonly from: number; readonly to: number } {
  const [, from, to = from] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? []
  if (from === undefined || Number(to) < Number(from)) throw new Error(`--seeds: expected one like 7 or 1000..2000, got "${text}"`)
  return { from: Number(from), to: Number(to) }
}

function help(workloads: readonly Runnable[]): string {
  const names = workloads.map(({ name, topologies, mutants }) => {
    const broken = mutants.map(
      ({ name, topology }, index) => `      --mutant ${index}: ${name}${topology === undefined ? '' : `, in ${topology}`}`,
    )
    return [`  --workload ${name} --topology ${topologies.join('|')}`, ...broken].join('\n')
  })
  return [`bun ${path} [--workload NAME] [--topology NAME] [--seeds 1..100] [--keep-going] [--tally] [--trace]`, ...names].join('\n')
}
