import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { inLanes, jobsOf, type Outcome } from './index.ts'

const root = join(import.meta.dir, '../..')
const folder = mkdtempSync(join(tmpdir(), 'fanfare-runner-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a test file as `npm test` does, in a process of its own so that what it prints is not taken for ours. */
async function run(name: string, source: string): Promise<{ readonly outcome: Outcome; readonly said: string }> {
  const file = join(folder, `${name}.test.ts`)
  await Bun.write(file, `import { expect, test } from 'bun:test'\n${source}`)
  const script = `
    import { runTests } from ${JSON.stringify(join(import.meta.dir, 'index.ts'))}
    const outcome = await runTests([${JSON.stringify(relative(root, file))}])
    console.log('\\n' + JSON.stringify(outcome))
    process.exit(0)`
  const running = Bun.spawn([process.execPath, '-e', script], { cwd: root, stdout: 'pipe', stderr: 'pipe' })
  const [printed, said] = await Promise.all([new Response(running.stdout).text(), new Response(running.stderr).text()])
  await running.exited
  return { outcome: JSON.parse(printed.trim().split('\n').at(-1) ?? ''), said }
}

/** Somebody who was ended and whose parent has not asked for it yet is not running. */
function isRunning(pid: string): boolean {
  const status = `/proc/${pid}/status`
  return existsSync(status) && !/^State:\s+[ZX]/m.test(readFileSync(status, 'utf8'))
}

test('[Y12] what passed, failed and was skipped is counted, and a process that ends too early has failed', async () => {
  const mixed = await run('mixed', `test('a', () => {}); test('b', () => { expect(1).toBe(2) }); test.skip('c', () => {})`)
  expect(mixed.outcome).toMatchObject({ passed: 1, failed: 1, skipped: 1 })
  const gone = await run('gone', `test('a', () => process.exit(3))`)
  expect(gone.outcome).toMatchObject({ passed: 0, failed: 1 })
  const good = await run('good', `test('a', () => {}); test('b', () => {})`)
  expect([good.outcome, good.said]).toEqual([expect.objectContaining({ passed: 2, failed: 0, skipped: 0 }), ''])
}, 20_000)

test('[Y12] a process that a test leaves behind is named, ended and counted as a failure', async () => {
  const noted = join(folder, 'pid')
  const { outcome, said } = await run(
    'leaver',
    `test('a', async () => { await Bun.write(${JSON.stringify(noted)}, String(Bun.spawn(['sleep', '97'], { stdio: ['ignore', 'inherit', 'inherit'] }).pid)) })`,
  )
  expect(outcome).toMatchObject({ passed: 1, failed: 1 })
  expect(said).toContain('it left behind')
  expect(said).toContain('sleep 97')
  expect(isRunning(await Bun.file(noted).text())).toBe(false)
}, 20_000)

test('[Y12] every file runs once, and the longest begin first', async () => {
  const light = Array.from({ length: 25 }, (_, i) => `test/light-${i}.test.ts`)
  const files = [...light, 'test/e2e/chat.test.ts', 'test/sim.test.ts']
  const jobs = jobsOf(files)
  expect(jobs[0]?.files).toEqual(['test/e2e/chat.test.ts'])
  expect(jobs.map(({ seconds }) => seconds)).toEqual(jobs.map(({ seconds }) => seconds).toSorted((a, b) => b - a))
  const ran: string[] = []
  await inLanes(jobs, async job => void ran.push(...job.files))
  expect(ran.toSorted()).toEqual(files.toSorted())
})
