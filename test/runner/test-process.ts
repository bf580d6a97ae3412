import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sleep } from 'bun'
import { ProcessGroup } from './process-group.ts'
import type { Length } from './selection.ts'

const root = join(import.meta.dir, '../..')
/** What a single test may take, and what all of a process may: whoever needs more hangs, however busy the machine is. */
const testMs = { short: 300_000, long: 1_200_000 } as const
const processMs = { short: 900_000, long: 1_800_000 } as const
/** What a test has killed may need a moment to be gone. */
const goneWithinMs = 5000
/** After the last process that could write to it, a pipe ends at once. */
const pipeEndsWithinMs = 10_000

export interface Outcome {
  readonly files: readonly string[]
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly wallSeconds: number
  readonly cpuSeconds: number
}

/** The groups of the tests that run: whoever ends the run ends them. */
export const running = new Set<ProcessGroup>()

/** Runs test files in a process of their own, and prints their report; whatever they leave behind is named, ended, and counted as a failure. */
export async function runTests(files: readonly string[], length: Length = 'short'): Promise<Outcome> {
  const started = performance.now()
  const folder = temporaryFolder()
  const testing = Bun.spawn([process.execPath, 'test', '--timeout', `${testMs[length]}`, ...files.map(file => `./${file}`)], {
    cwd: root,
    stdout: 'pipe',
    stderr: 'pipe',
    detached: true,
    env: { ...process.env, ROUNDS: length, TMPDIR: folder, FORCE_COLOR: process.stdout.isTTY ? '1' : '0' },
  })
  const group = new ProcessGroup(testing.pid)
  running.add(group)
  const [output, report] = [new Pipe(testing.stdout), new Pipe(testing.stderr)]
  const complaints: string[] = []
  const limit = setTimeout(() => {
    complaints.push(`it was ended after ${processMs[length] / 1000} s`)
    group.kill()
  }, processMs[length])
  const code = await testing.exited
  clearTimeout(limit)
  const wallSeconds = (performance.now() - started) / 1000
  const left = await leftBehind(group)
  if (left.length > 0) complaints.push('it left behind, and they were ended:', ...left.map(command => `  ${command}`))
  group.kill()
  running.delete(group)
  rmSync(folder, { recursive: true, force: true })
  const read = await Promise.all([output.end(), report.end()])
  if (read.includes(false)) complaints.push('somebody who is not of its processes holds its output open: the rest of it is lost')
  process.stdout.write(output.text)
  process.stdout.write(code === 0 ? brief(report.text) : report.text)
  if (complaints.length > 0) console.error(`\nFAILED ${files.join(' ')}\n${complaints.join('\n')}\n`)
  const failed = count(report.text, 'fail')
  return {
    files,
    passed: count(report.text, 'pass'),
    skipped: count(report.text, 'skip'),
    failed: failed === 0 && (code !== 0 || complaints.length > 0) ? 1 : failed,
    wallSeconds,
    cpuSeconds: Number(testing.resourceUsage()?.cpuTime.total ?? 0) / 1e6,
  }
}

/** Whatever tests write besides goes into a folder that goes with them. A database that runs as somebody else has to come in. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-tests-'))
  chmodSync(folder, 0o755)
  return folder
}

async function leftBehind(group: ProcessGroup): Promise<string[]> {
  const end = performance.now() + goneWithinMs
  let left = group.commands()
  while (left.length > 0 && performance.now() < end) {
    await sleep(50)
    left = group.commands()
  }
  return left
}

/** What a process writes, for as long as anybody has the other end. */
class Pipe {
  text = ''
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #read: Promise<void>

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader()
    this.#read = this.#readAll()
  }

  /** Waits for its end, but not for ever. @returns whether it came */
  async end(): Promise<boolean> {
    const ended = await Promise.race([this.#read.then(() => true), sleep(pipeEndsWithinMs).then(() => false)])
    if (!ended) void this.#reader.cancel()
    return ended
  }

  async #readAll(): Promise<void> {
    const decoder = new TextDecoder()
    for (;;) {
      const { done, value } = await this.#reader.read()
      if (done) return
      this.text += decoder.decode(value, { stream: true })
    }
  }
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
