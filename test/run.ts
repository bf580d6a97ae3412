import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Glob } from 'bun'
import { filesOf, inLanes, jobsOf, type Length, noteDurations, type Outcome, readDurations, running, runTests } from './runner/index.ts'

/**
 * `npm test`: types, lint, then every test; `npm run test:long`: what is tried far more often there. Words after `--` name files. What
 * needs a program that is not installed says SKIP and is counted; with CI set, nothing may be skipped.
 */
const root = join(import.meta.dir, '..')
const words = process.argv.slice(2).filter(word => word !== '--long')
const length: Length = process.argv.includes('--long') ? 'long' : 'short'
/** The files that a long run takes longer for are not those of a short one. */
const noted = join(root, `test/.artifacts/durations-${length}.json`)
/** What the runs of whoever wrote these tests took, for a machine that has not run them yet. */
const known = join(root, 'test/runner/durations.json')
/** What needs other languages has an entry of its own, `npm run test:sdks`. */
const foreign = 'test/sdks/'
/** How many of those that took longest are named at the end. */
const slowest = 10
/** Some wait while others compute. */
const lanes = availableParallelism() + 3

async function main(): Promise<number> {
  const started = performance.now()
  const checked =
    length === 'short' && words.length === 0 ? await Promise.all([check('tsc', '--noEmit'), check('biome', 'check', '.')]) : []
  const found = [...new Glob('{src,test,sim,bench}/**/*.test.{ts,tsx}').scanSync(root)].filter(path => !path.startsWith(foreign))
  const files = filesOf(length, root, found, words)
  const outcomes: Outcome[] = []
  await inLanes(jobsOf(files, readDurations(known, noted)), lanes, async job => {
    outcomes.push(await runTests(job.files, length))
  })
  noteDurations(noted, outcomes)
  tell(outcomes)
  const sum = (kind: 'passed' | 'failed' | 'skipped') => [...checked, ...outcomes].reduce((total, outcome) => total + outcome[kind], 0)
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')]
  console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s, ${skipped} skipped`)
  const mayNotSkip = process.env.CI !== undefined && skipped > 0
  if (mayNotSkip) console.log('CI allows no skipped test: install what is missing')
  console.log(`${passed} passed, ${failed} failed`)
  return passed === 0 || failed > 0 || mayNotSkip ? 1 : 0
}

/** Types and lint are a test each. */
async function check(program: string, ...args: readonly string[]): Promise<Pick<Outcome, 'passed' | 'failed' | 'skipped'>> {
  const checking = Bun.spawn([join(root, 'node_modules/.bin', program), ...args], { cwd: root, stdout: 'inherit', stderr: 'inherit' })
  const isGood = (await checking.exited) === 0
  if (!isGood) console.error(`\nFAILED ${program} ${args.join(' ')}\n`)
  return { passed: isGood ? 1 : 0, failed: isGood ? 0 : 1, skipped: 0 }
}

/** Where the time went, for whoever keeps the tests quick. */
function tell(outcomes: readonly Outcome[]): void {
  const seconds = (value: number) => value.toFixed(1).padStart(7)
  console.log('\n   wall     CPU  seconds')
  for (const { files, wallSeconds, cpuSeconds } of outcomes.toSorted((a, b) => b.wallSeconds - a.wallSeconds).slice(0, slowest)) {
    console.log(`${seconds(wallSeconds)} ${seconds(cpuSeconds)}  ${files[0]}${files.length > 1 ? ` and ${files.length - 1} more` : ''}`)
  }
  const cpu = outcomes.reduce((total, { cpuSeconds }) => total + cpuSeconds, 0)
  console.log(`${' '.repeat(7)} ${seconds(cpu)}  all`)
}

// Tests lead process groups of their own, which a terminal does not end with this one.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    for (const group of running) group.kill()
    process.exit(code)
  })
}

process.exitCode = await main()
