import { existsSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Benchmark, Findings, type Outcome, reached } from './benchmark.ts'
import { chat } from './chat.ts'
import { chatPostgres } from './chat-postgres.ts'
import { chatSearch } from './chat-search.ts'
import { fairness } from './fairness.ts'
import { growth } from './growth.ts'
import { idleMemory } from './idle-memory.ts'
import { kafka } from './kafka.ts'
import { protobufFanout } from './protobuf-fanout.ts'
import { busy, busyLoad, machine, plainTable, type Report, writeReadme, writeResults } from './report.ts'
import { slowReaders } from './slow-readers.ts'
import { sseFanout } from './sse-fanout.ts'
import { Stage } from './stage.ts'
import { buildNativeTools, type NativeTools } from './toolchain.ts'
import { tree } from './tree.ts'
import { parseFanOut } from './tree-model.ts'
import { writeCoalescing } from './write-coalescing.ts'
import { wsFanout } from './ws-fanout.ts'

const defaultFanOut = [10, 20]
const benchmarksWith = (fanOut: readonly number[], beside?: string): readonly Benchmark[] => [
  sseFanout,
  wsFanout,
  protobufFanout,
  idleMemory,
  writeCoalescing,
  growth,
  chat,
  chatPostgres,
  chatSearch,
  slowReaders,
  fairness(beside),
  ...kafka,
  tree(fanOut),
]
const cache = join(import.meta.dir, '.cache')
const portsPerBenchmark = 15

const usage = `usage: npm run bench -- [--strict] [--port 7600] [--fan-out 10x20] [--beside DIR] [name …]

  --strict   a figure that misses what it must reach fails the run; otherwise only a client that came up short does
  --port     the first of the ports that the servers use
  --fan-out  the tree that the cost of ten million viewers is computed for: ten nodes below the central one, twenty below each of those
  --beside   another checkout of this project, with its packages installed, whose fairness is measured as well

names: ${benchmarksWith(defaultFanOut)
  .map(({ name }) => name)
  .join(' ')}; without one, all of them run, and the results are kept`

process.exitCode = await main()

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      strict: { type: 'boolean', default: false },
      port: { type: 'string', default: '7600' },
      'fan-out': { type: 'string', default: defaultFanOut.join('x') },
      beside: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowPositionals: true,
  })
  const fanOut = parseFanOut(values['fan-out'])
  const benchmarks = benchmarksWith(fanOut ?? defaultFanOut, values.beside)
  const unknown = positionals.filter(name => !benchmarks.some(benchmark => benchmark.name === name))
  if (values.help || fanOut === undefined || unknown.length > 0) {
    if (fanOut === undefined) console.log(`--fan-out: expected one like 10x20, got "${values['fan-out']}"\n`)
    console.log(unknown.length > 0 ? `unknown benchmark: ${unknown.join(' ')}\n\n${usage}` : usage)
    return values.help ? 0 : 2
  }
  if (!existsSync('/proc/self/smaps_rollup')) {
    console.log('The benchmarks read what servers use from /proc, which is not there: they need Linux.')
    return 2
  }
  const chosen = positionals.length === 0 ? benchmarks : benchmarks.filter(benchmark => positionals.includes(benchmark.name))
  return await runAll(chosen, { strict: values.strict, firstPort: Number(values.port), keep: chosen === benchmarks })
}

async function runAll(chosen: readonly Benchmark[], options: { strict: boolean; firstPort: number; keep: boolean }): Promise<number> {
  const tools = await buildNativeTools(cache)
  if (tools.kind === 'missing') console.log(`${tools.reason}: the load is \`fanfare bench-client\`, and there is no yardstick`)
  const [loadBefore = 0] = loadavg()
  if (loadBefore > busyLoad) console.log(busy(loadBefore))
  const pinned = pinToSecondProcessor()
  if (!pinned) console.log('servers and load are not pinned to processors: that needs taskset and two processors')
  const outcomes: Report['outcomes'][number][] = []
  for (const [index, benchmark] of chosen.entries()) {
    const startMs = performance.now()
    console.log(`\n${benchmark.name}`)
    const outcome = await runOne(benchmark, { tools, pinned, firstPort: options.firstPort + index * portsPerBenchmark })
    outcomes.push({ name: benchmark.name, outcome, seconds: Math.round((performance.now() - startMs) / 100) / 10 })
  }
  const report: Report = {
    at: new Date().toISOString(),
    machine: machine(pinned, loadBefore),
    load: tools.kind === 'built' ? 'native' : 'bench-client',
    outcomes,
  }
  console.log(`\n${plainTable(report)}\n`)
  if (options.keep) console.log(`${await writeResults(report)}; ${await writeReadme(report)}`)
  return verdict(report, options.strict)
}

/** A benchmark that could not go through is a shortfall, and the others still run. */
async function runOne(benchmark: Benchmark, options: { tools: NativeTools; pinned: boolean; firstPort: number }): Promise<Outcome> {
  await using stage = new Stage({ ...options, cache })
  try {
    return await benchmark.run(stage, line => console.log(`  ${line}`))
  } catch (error) {
    const findings = new Findings()
    findings.shortfalls.push(`${benchmark.name} did not go through: ${error instanceof Error ? error.message : String(error)}`)
    return findings
  }
}

function verdict(report: Report, strict: boolean): number {
  const missing = new Set(report.outcomes.flatMap(({ outcome }) => outcome.missing))
  const shortfalls = report.outcomes.flatMap(({ outcome }) => outcome.shortfalls)
  const missed = report.outcomes.flatMap(({ outcome }) => outcome.figures).filter(figure => reached(figure) === false)
  for (const line of missing) console.log(`not measured beside ${line}`)
  for (const line of shortfalls) console.log(`FAIL ${line}`)
  if (missed.length > 0) console.log(`${missed.length} of the figures missed what they must reach`)
  return shortfalls.length > 0 || (strict && missed.length > 0) ? 1 : 0
}

/** Servers are put on processor 0; this process, with the load that it starts, on processor 1. */
function pinToSecondProcessor(): boolean {
  if (Bun.which('taskset') === null || navigator.hardwareConcurrency < 2) return false
  return Bun.spawnSync(['taskset', '-apc', '1', String(process.pid)]).exitCode === 0
}
