import { join } from 'node:path'
import { Glob } from 'bun'
import { inLanes, jobsOf, type Outcome, running, runTests } from './runner/index.ts'

/**
 * `npm test`: types, lint, then every test. Tests whose figures depend on an undisturbed machine run alone after the others, which share
 * the cores. What needs a program that is not installed says SKIP and is counted; with CI set, nothing may be skipped.
 */
const root = join(import.meta.dir, '..')
const alone = /^test\/promises\/r[13]\./
/** How many of those that took longest are named at the end. */
const slowest = 10

async function main(): Promise<number> {
  const started = performance.now()
  const checked = await Promise.all([checks('tsc', '--noEmit'), checks('biome', 'check', '.')])
  if (checked.includes(false)) return 1
  const files = [...new Glob('{src,test,sim,bench}/**/*.test.{ts,tsx}').scanSync(root)].sort()
  const outcomes: Outcome[] = []
  await inLanes(jobsOf(files.filter(file => !alone.test(file))), async ({ files }) => void outcomes.push(await runTests(files)))
  for (const file of files.filter(file => alone.test(file))) outcomes.push(await runTests([file]))
  tell(outcomes)
  const sum = (kind: 'passed' | 'failed' | 'skipped') => outcomes.reduce((total, outcome) => total + outcome[kind], 0)
  const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')]
  console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s`)
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  if (passed === 0) return 1
  if (process.env.CI !== undefined && skipped > 0) {
    console.error('CI allows no skipped test: install what is missing')
    return 1
  }
  return failed === 0 ? 0 : 1
}

async function checks(program: string, ...args: readonly string[]): Promise<boolean> {
  const checking = Bun.spawn([join(root, 'node_modules/.bin', program), ...args], { cwd: root, stdout: 'inherit', stderr: 'inherit' })
  return (await checking.exited) === 0
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
