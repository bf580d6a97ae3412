import { createInterface } from 'node:readline'
import { systemClock } from '../kit/index.ts'
import { type BenchWanted, benchUsage, readBenchArguments } from './bench-arguments.ts'
import { Crowd, type CrowdReport, type Opening } from './crowd.ts'
import { exitCodes, processTerminal, type Terminal } from './terminal.ts'

/** `fanfare bench-client`: 0 when every connection opened and stayed, 1 when one did not, 2 when it was asked for wrongly. */
export async function runBenchClient(args: string[], terminal: Terminal = processTerminal): Promise<number> {
  const wanted = readBenchArguments(args)
  switch (wanted.kind) {
    case 'help':
      terminal.out(benchUsage)
      return exitCodes.done
    case 'wrong':
      terminal.err(`${wanted.reason}\n\n${benchUsage}`)
      return exitCodes.usage
    case 'run':
      return await run(wanted, terminal)
  }
}

type Run = BenchWanted & { readonly kind: 'run' }

async function run({ crowd: crowdOptions, seconds, output }: Run, terminal: Terminal): Promise<number> {
  const crowd = new Crowd(crowdOptions, systemClock, () => (performance.timeOrigin + performance.now()) * 1000)
  terminal.onSignal(number => terminal.exit(128 + number))
  const opening = await crowd.open()
  if (output === 'summary') terminal.out(openingLine(opening))
  if (output === 'orders') {
    terminal.out(`${JSON.stringify(opening)}\n`)
    await obey(crowd, terminal)
    crowd.close()
    return exitCodes.done
  }
  crowd.begin()
  if (opening.open > 0) await new Promise<void>(resolve => systemClock.after(seconds * 1000, resolve))
  const report = crowd.end()
  crowd.close()
  terminal.out(output === 'json' ? `${JSON.stringify({ opening, ...report })}\n` : summary(report))
  return report.closed === 0 ? exitCodes.done : exitCodes.failed
}

async function obey(crowd: Crowd, terminal: Terminal): Promise<void> {
  const answer = (value: object) => terminal.out(`${JSON.stringify(value)}\n`)
  for await (const line of createInterface({ input: process.stdin })) {
    const [order, messages, timeoutMs] = line.split(' ')
    if (order === 'begin') {
      crowd.begin()
      answer({ begun: true })
    } else if (order === 'wait') answer({ waited: Number(messages), short: await crowd.wait(Number(messages), Number(timeoutMs)) })
    else if (order === 'end') answer(crowd.end())
    else return
  }
}

function openingLine({ wanted, open, seconds }: Opening): string {
  return `${open} of ${wanted} connections open after ${seconds.toFixed(2)} s\n`
}

function summary(report: CrowdReport): string {
  const { latencyMs } = report
  const rate = Math.round(report.messages / report.seconds).toLocaleString('en')
  const latency =
    latencyMs.count === 0
      ? 'latency: no message carried "ts"'
      : `latency: p50 ${latencyMs.p50.toFixed(2)} ms, p95 ${latencyMs.p95.toFixed(2)} ms, p99 ${latencyMs.p99.toFixed(2)} ms, at most ${latencyMs.max.toFixed(2)} ms`
  return [
    `${report.messages.toLocaleString('en')} messages in ${report.seconds.toFixed(1)} s: ${rate} a second, ${(report.bytes / 1e6).toFixed(1)} MB`,
    `each connection: ${report.fewest} at fewest, ${report.most} at most; ${report.gaps} gaps, ${report.repeats} repeats; ${report.closed} connections lost`,
    latency,
    '',
  ].join('\n')
}
