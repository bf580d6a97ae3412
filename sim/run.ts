import { parseArgs } from 'node:util'
import { type Outcome, Simulation } from './simulation.ts'
import { Tally } from './tally.ts'

const usage = `bun sim/run.ts [--seeds 1000] [--from 1] [--keep-going] [--tally]
bun sim/run.ts --seed N [--trace]`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    tally: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function tell({ seed, plan, violation }: Outcome): void {
  if (violation === undefined) return
  console.log(`seed ${seed} (${plan.climate}): ${violation.message}`)
  if (violation.name !== 'Violation') console.log(violation.stack)
  console.log(`  replay: bun sim/run.ts --seed ${seed} --trace`)
}

/** @returns how many seeds broke a promise */
function runAll(first: number, count: number): number {
  const total = new Tally()
  const began = performance.now()
  let broken = 0
  for (let done = 1; done <= count && (broken === 0 || values['keep-going']); done++) {
    const outcome = new Simulation(first + done - 1, values.trace ? { trace: line => console.log(line) } : {}).run()
    total.add(outcome.tally)
    tell(outcome)
    if (outcome.violation !== undefined) broken++
    if (done % 100 === 0) console.log(`${done} of ${count} seeds, ${((performance.now() - began) / 1000).toFixed(1)} s`)
  }
  if (values.tally) console.log(String(total))
  return broken
}

if (values.help) console.log(usage)
else {
  const one = values.seed === undefined ? undefined : Number(values.seed)
  const broken = one === undefined ? runAll(Number(values.from), Number(values.seeds)) : runAll(one, 1)
  console.log(broken === 0 ? 'every promise was kept' : `${broken} broke a promise`)
  process.exitCode = broken === 0 ? 0 : 1
}
