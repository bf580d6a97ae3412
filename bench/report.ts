import { cpus } from 'node:os'
import { join } from 'node:path'
import { type Figure, type Outcome, reached } from './benchmark.ts'

const readmeStart = '<!-- bench:start -->'
const readmeEnd = '<!-- bench:end -->'
const root = join(import.meta.dir, '..')

/** What one run of the benchmarks found, as it is printed and kept. */
export interface Report {
  readonly at: string
  readonly machine: {
    readonly processor: string
    readonly cores: number
    readonly kernel: string
    readonly bun: string
    readonly pinned: boolean
    /** Processes that wanted to run when it began, besides it (the load average of a minute): beyond one, figures are rough. */
    readonly loadBefore: number
  }
  readonly load: 'native' | 'bench-client'
  readonly outcomes: readonly { readonly name: string; readonly outcome: Outcome; readonly seconds: number }[]
}

export function machine(pinned: boolean, loadBefore: number): Report['machine'] {
  const kernel = Bun.spawnSync(['uname', '-sr']).stdout.toString().trim()
  return { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length, kernel, bun: Bun.version, pinned, loadBefore }
}

/** From here on a machine is too busy with other things for figures that can be compared. */
export const busyLoad = 1

export function busy(loadBefore: number): string {
  return `The machine was busy with other things (load ${loadBefore.toFixed(1)}), so the figures are rough`
}

function markdown(report: Report): string {
  const figures = report.outcomes.flatMap(({ outcome }) => outcome.figures)
  const rows = figures.map(figure => `| ${cells(figure).join(' | ')} |`)
  const { processor, cores, kernel, bun, pinned, loadBefore } = report.machine
  const accepted = report.outcomes.reduce((sum, { outcome }) => sum + outcome.accepted, 0)
  const delivered = report.outcomes.reduce((sum, { outcome }) => sum + outcome.delivered, 0)
  const notes = [
    `${report.at.slice(0, 10)}, ${processor}, ${cores} cores, ${kernel}, Bun ${bun}; the servers ${pinned ? 'share one core, the load has another' : 'and the load are not pinned to cores'}.`,
    `${delivered.toLocaleString('en')} deliveries of ${accepted.toLocaleString('en')} that were accepted, counted client by client.`,
    ...(loadBefore > busyLoad ? [`${busy(loadBefore)}.`] : []),
    ...report.outcomes
      .flatMap(({ outcome }) => outcome.missing)
      .filter((line, i, all) => all.indexOf(line) === i)
      .map(line => `Not measured beside ${line}.`),
    ...(report.load === 'bench-client' ? ['The load was `fanfare bench-client`, because there is no C compiler.'] : []),
  ]
  return ['| | work | figure | beside | its figure | ratio | at most | |', '|---|---|--:|---|--:|--:|--:|---|', ...rows, '', ...notes].join(
    '\n',
  )
}

function cells(figure: Figure): string[] {
  const { beside, atMost } = figure
  const outcome = reached(figure)
  return [
    figure.id,
    figure.subject === undefined ? figure.work : `*${figure.subject}*: ${figure.work}`,
    amount(figure.value, figure.unit),
    beside?.name ?? '',
    beside === undefined ? '' : amount(beside.value, figure.unit),
    beside === undefined ? '' : beside.ratio.toFixed(2),
    atMost === undefined ? '' : beside === undefined ? amount(atMost, figure.unit) : atMost.toFixed(2),
    outcome === undefined ? '' : outcome ? 'reached' : '**missed**',
  ]
}

function amount(value: number, unit: Figure['unit']): string {
  switch (unit) {
    case 'us':
      return `${value.toFixed(2)} µs`
    case 'ms':
      return `${value.toFixed(1)} ms`
    case 'KB':
      return `${value.toFixed(2)} KB`
    case 'MB':
      return `${value.toFixed(0)} MB`
    case 'times':
      return `${value.toFixed(2)} ×`
    case 'bytes':
      return `${value.toFixed(0)} bytes`
    case 'writes':
    case 'frames':
      return value.toFixed(2)
  }
}

/** The table for a terminal: the same cells, in columns. */
export function plainTable(report: Report): string {
  const rows = [
    ['', 'work', 'figure', 'beside', '', 'ratio', 'at most', ''],
    ...report.outcomes.flatMap(({ outcome }) => outcome.figures.map(cells)),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0))) ?? []
  return rows
    .map(row =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0, column))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const numbers = new Set([2, 4, 5, 6])

function pad(cell: string, width: number, column: number): string {
  const plain = cell.replaceAll('*', '')
  return numbers.has(column) ? plain.padStart(width) : plain.padEnd(width)
}

export async function writeResults(report: Report): Promise<string> {
  const path = join(root, 'bench', 'results.json')
  await Bun.write(path, `${JSON.stringify(report, null, 2)}\n`)
  return path
}

/** Puts the table into the README between its markers; says whether it could. */
export async function writeReadme(report: Report): Promise<string> {
  const file = Bun.file(join(root, 'README.md'))
  if (!(await file.exists())) return 'there is no README.md to put the table into'
  const text = await file.text()
  const [start, end] = [text.indexOf(readmeStart), text.indexOf(readmeEnd)]
  if (start < 0 || end < start) return `README.md has no ${readmeStart} and ${readmeEnd} to put the table between`
  await Bun.write(file, `${text.slice(0, start + readmeStart.length)}\n${markdown(report)}\n${text.slice(end)}`)
  return 'the table is in README.md'
}
