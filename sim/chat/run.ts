import { parseArgs } from 'node:util'
import { Tally } from '../tally.ts'
import { chatCanaries } from './canary.ts'
import { type ChatOutcome, ChatSimulation } from './simulation.ts'

const usage = `bun sim/chat/run.ts [--seeds 300] [--from 1] [--keep-going] [--tally] [--canary N]
bun sim/chat/run.ts --seed N [--trace]`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '300' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    canary: { type: 'string' },
    trace: { type: 'boolean', default: false },
    tally: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

function tell({ seed, plan, violation }: ChatOutcome): void {
  if (violation === undefined) return
  console.log(`seed ${seed} (${plan.climate}): ${violation.message}`)
  if (violation.name !== 'Violation') console.log(violation.stack)
  console.log(`  replay: bun sim/chat/run.ts --seed ${seed} --trace`)
}

/** @returns how many seeds broke a promise */
function runAll(first: number, count: number): number {
  const total = new Tally()
  const canary = values.canary === undefined ? undefined : chatCanaries[Number(values.canary)]
  if (canary !== undefined) console.log(`a service that ${canary.name}`)
  const began = performance.now()
  let broken = 0
  for (let done = 1; done <= count && (broken === 0 || values['keep-going']); done++) {
    const options = { ...(values.trace ? { trace: (line: string) => console.log(line) } : {}), ...(canary === undefined ? {} : { canary }) }
    const outcome = new ChatSimulation(first + done - 1, options).run()
    total.add(outcome.tally)
    tell(outcome)
    if (outcome.violation !== undefined) broken++
    if (done % 50 === 0) console.log(`${done} of ${count} seeds, ${((performance.now() - began) / 1000).toFixed(1)} s`)
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
