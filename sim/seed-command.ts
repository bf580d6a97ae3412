import { parseArgs } from 'node:util'
import { Tally } from './tally.ts'

/** What one seed came to. */
export interface SeedOutcome {
  readonly seed: number
  readonly plan: { readonly climate: string }
  readonly violation: Error | undefined
  readonly tally: Tally
}

export interface SeedCommand {
  /** What it is called as. */
  readonly path: string
  /** How many seeds run unless said otherwise. */
  readonly seeds: number
  /** Deliberately broken variants, by what each does. */
  readonly canaries?: readonly { readonly name: string }[]
  simulate(seed: number, options: { readonly trace?: (line: string) => void; readonly canary: number | undefined }): SeedOutcome
}

const toldEvery = 50

/** Runs seeds as the command line says, tells of those that break a promise, and sets the exit code. */
export function runSeeds({ path, seeds, canaries = [], simulate }: SeedCommand): void {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: String(seeds) },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      canary: { type: 'string' },
      trace: { type: 'boolean', default: false },
      tally: { type: 'boolean', default: false },
      'keep-going': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    const canary = canaries.length === 0 ? '' : ' [--canary N]'
    console.log(`bun ${path} [--seeds ${seeds}] [--from 1] [--keep-going] [--tally]${canary}\nbun ${path} --seed N [--trace]`)
    return
  }
  const canary = values.canary === undefined ? undefined : Number(values.canary)
  if (canary !== undefined) console.log(`a variant that ${canaries[canary]?.name ?? 'is not there'}`)
  const [first, count] = values.seed === undefined ? [Number(values.from), Number(values.seeds)] : [Number(values.seed), 1]
  const total = new Tally()
  const began = performance.now()
  let broken = 0
  for (let done = 1; done <= count && (broken === 0 || values['keep-going']); done++) {
    const outcome = simulate(first + done - 1, { canary, ...(values.trace ? { trace: (line: string) => console.log(line) } : {}) })
    total.add(outcome.tally)
    tell(outcome, path)
    if (outcome.violation !== undefined) broken++
    if (done % toldEvery === 0) console.log(`${done} of ${count} seeds, ${((performance.now() - began) / 1000).toFixed(1)} s`)
  }
  if (values.tally) console.log(String(total))
  console.log(broken === 0 ? 'every promise was kept' : `${broken} broke a promise`)
  process.exitCode = broken === 0 ? 0 : 1
}

function tell({ seed, plan, violation }: SeedOutcome, path: string): void {
  if (violation === undefined) return
  console.log(`seed ${seed} (${plan.climate}): ${violation.message}`)
  if (violation.name !== 'Violation') console.log(violation.stack)
  console.log(`  replay: bun ${path} --seed ${seed} --trace`)
}
