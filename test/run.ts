import { join } from 'node:path'
import { Glob } from 'bun'

/**
 * `npm test`: types, lint, then every test. Tests whose figures depend on an undisturbed machine run alone after the others, which share
 * the cores: the long ones first, and the rest in handfuls that whoever is free takes. What needs a program that is not installed says SKIP and
 * is counted; with CI set, nothing may be skipped.
 */
const root = join(import.meta.dir, '..')
const alone = /^test\/promises\/r[13]\./
const long = /^test\/(sim|chat\/sim|chat\/irc-replay|chat\/rows|chat\/client-chaos|tree\/storm|e2e\/[a-z]+|promises\/r[245])\.test\.ts$/
const lanes = 2
const handful = 12

interface Outcome {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

async function main(): Promise<number> {
  const started = performance.now()
  for (const command of [
    ['tsc', '--noEmit'],
    ['biome', 'check', '.'],
  ]) {
    if (!(await checks(command))) return 1
  }
  const files = [...new Glob('{src,test,sim,bench}/**/*.test.{ts,tsx}').scanSync(root)].sort()
  const handfuls = inHandfuls(files.filter(file => !alone.test(file)))
  const outcomes: Outcome[] = []
  const work = async () => {
    for (let next = handfuls.shift(); next !== undefined; next = handfuls.shift()) outcomes.push(await run(next))
  }
  await Promise.all(Array.from({ length: lanes }, work))
  for (const file of files.filter(file => alone.test(file))) outcomes.push(await run([file]))
  const total = outcomes.reduce((sum, { passed, failed, skipped }) => ({
    passed: sum.passed + passed,
    failed: sum.failed + failed,
    skipped: sum.skipped + skipped,
  }))
  console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s`)
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  if (total.passed === 0) return 1
  if (process.env.CI !== undefined && total.skipped > 0) {
    console.error('CI allows no skipped test: install what is missing')
    return 1
  }
  return total.failed === 0 ? 0 : 1
}

function inHandfuls(files: readonly string[]): string[][] {
  const short = files.filter(file => !long.test(file))
  const count = Math.ceil(short.length / handful)
  return [
    ...files.filter(file => long.test(file)).map(file => [file]),
    ...Array.from({ length: count }, (_, turn) => short.filter((_file, index) => index % count === turn)),
  ]
}

async function checks([program = '', ...args]: readonly string[]): Promise<boolean> {
  const checking = Bun.spawn([join(root, 'node_modules/.bin', program), ...args], { cwd: root, stdout: 'inherit', stderr: 'inherit' })
  return (await checking.exited) === 0
}

async function run(files: readonly string[]): Promise<Outcome> {
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 }
  const testing = Bun.spawn([process.execPath, 'test', ...files.map(file => `./${file}`)], {
    cwd: root,
    stdout: 'pipe',
    stderr: 'pipe',
    env: { ...process.env, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
  })
  const [out, report] = await Promise.all([new Response(testing.stdout).text(), new Response(testing.stderr).text()])
  const code = await testing.exited
  process.stdout.write(out)
  process.stdout.write(code === 0 ? brief(report) : report)
  const failed = count(report, 'fail')
  return { passed: count(report, 'pass'), skipped: count(report, 'skip'), failed: code !== 0 && failed === 0 ? 1 : failed }
}

/** Of a run without failures, the titles alone are noise: what it counted is enough. */
function brief(report: string): string {
  return `${report
    .split('\n')
    .filter(line => /^\s*\d+ (pass|fail|skip)|^Ran /.test(line))
    .join('\n')}\n`
}

function count(report: string, kind: 'pass' | 'fail' | 'skip'): number {
  return Number(new RegExp(`^\\s*(\\d+) ${kind}\\b`, 'm').exec(report)?.[1] ?? 0)
}

process.exitCode = await main()
