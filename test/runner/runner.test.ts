import { afterAll, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { filesOf, inLanes, jobsOf, type Length, noteDurations, type Outcome, readDurations } from './index.ts'

const root = join(import.meta.dir, '../..')
const folder = mkdtempSync(join(tmpdir(), 'fanfare-runner-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a test file as `npm test` does, in a process of its own so that what it prints is not taken for ours. */
async function run(name: string, source: string, length: Length = 'short'): Promise<{ readonly outcome: Outcome; readonly said: string }> {
  const file = join(folder, `${name}.test.ts`)
  await Bun.write(file, `import { expect, test } from 'bun:test'\n${source}`)
  const script = `
    import { runTests } from ${JSON.stringify(join(import.meta.dir, 'index.ts'))}
    const outcome = await runTests([${JSON.stringify(relative(root, file))}], '${length}')
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
})

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
})

test('[Y12] what a test leaves in the folder for temporary files is gone with it', async () => {
  const noted = join(folder, 'left')
  const source = `import { mkdtempSync } from 'node:fs'; import { tmpdir } from 'node:os'; import { join } from 'node:path'
    test('a', async () => { await Bun.write(${JSON.stringify(noted)}, mkdtempSync(join(tmpdir(), 'left-'))) })`
  expect((await run('litter', source)).outcome).toMatchObject({ passed: 1, failed: 0 })
  const left = await Bun.file(noted).text()
  expect(left).toContain('left-')
  expect(existsSync(left)).toBe(false)
})

test('[Y12] every file runs once, and the longest begin first', async () => {
  const light = Array.from({ length: 25 }, (_, i) => `test/light-${i}.test.ts`)
  const files = [...light, 'test/pages/chat.test.ts', 'test/sim.test.ts']
  const jobs = jobsOf(files, { 'test/pages/chat.test.ts': 70, 'test/sim.test.ts': 30, 'test/light-3.test.ts': 1 })
  expect(jobs.slice(0, 2)).toEqual([
    { files: ['test/pages/chat.test.ts'], seconds: 70 },
    { files: ['test/sim.test.ts'], seconds: 30 },
  ])
  expect(jobs.map(({ seconds }) => seconds)).toEqual(jobs.map(({ seconds }) => seconds).toSorted((a, b) => b - a))
  const ran: string[] = []
  await inLanes(jobs, 3, async job => void ran.push(...job.files))
  expect(ran.toSorted()).toEqual(files.toSorted())
})

test('[Y22] a run notes what its files took beside what was known, and a note that cannot be read says nothing', async () => {
  const note = join(folder, 'notes/durations.json')
  expect(readDurations(note)).toEqual({})
  noteDurations(note, [
    { files: ['a', 'b'], wallSeconds: 3 },
    { files: ['c'], wallSeconds: 7.04 },
  ])
  noteDurations(note, [{ files: ['b'], wallSeconds: 9 }])
  expect(readDurations(note)).toEqual({ a: 1.5, b: 9, c: 7 })
  const known = join(folder, 'known.json')
  await Bun.write(known, '{ "a": 20, "d": 4 }')
  expect(readDurations(known, note)).toEqual({ a: 1.5, b: 9, c: 7, d: 4 })
  await Bun.write(note, '{ "a": "long" }')
  expect(readDurations(known, note)).toEqual({ a: 20, d: 4 })
})

test('[Y21] the long run is of the files that count with rounds and of those that are only long, the short one of all others', async () => {
  const count = `import { rounds, until } from '../kit/index.ts'`
  for (const [name, text] of Object.entries({ 'a.test.ts': '', 'b.test.ts': count, 'c.long.test.ts': '' }))
    await Bun.write(join(folder, name), text)
  const paths = ['c.long.test.ts', 'b.test.ts', 'a.test.ts']
  expect(filesOf('short', folder, paths)).toEqual(['a.test.ts', 'b.test.ts'])
  expect(filesOf('long', folder, paths)).toEqual(['b.test.ts', 'c.long.test.ts'])
  expect(filesOf('short', folder, paths, ['a.t', 'c.'])).toEqual(['a.test.ts'])
})

test('[Y21] a test of a long run knows that it is one', async () => {
  const counting = `import { rounds } from ${JSON.stringify(join(root, 'test/kit/rounds.ts'))}; test('a', () => { expect(rounds(1, 100)).toBe(100) })`
  expect((await run('counting', counting, 'long')).outcome).toMatchObject({ passed: 1, failed: 0 })
  expect((await run('counting', counting)).outcome).toMatchObject({ passed: 0, failed: 1 })
})

test('[Y12] what a test asks to be ended is so after it, in every file of a process', async () => {
  const source = `import { expect, test } from 'bun:test'
    import { atEnd } from ${JSON.stringify(join(root, 'test/kit/index.ts'))}
    let ended = 0
    test('a', () => { atEnd(() => ended++) })
    test('b', () => { expect(ended).toBe(1) })`
  const files = ['one', 'two'].map(name => join(folder, `${name}.test.ts`))
  for (const file of files) await Bun.write(file, source)
  const testing = Bun.spawn([process.execPath, 'test', ...files], { cwd: root, stdout: 'pipe', stderr: 'pipe' })
  expect(await new Response(testing.stderr).text()).toContain(' 4 pass')
  expect(await testing.exited).toBe(0)
})

test('[Y20] a test that takes longer than five seconds has not failed', async () => {
  const slow = await run('slow', `test('a', async () => { await Bun.sleep(5500) })`)
  expect(slow.outcome).toMatchObject({ passed: 1, failed: 0 })
})
