import type { Check } from './checks.ts'

/** A fault as it was. */
export interface Struck {
  readonly name: string
  readonly target: string
  /** Seconds since the start. */
  readonly at: number
  /** Seconds it lasted, and seconds until all was well again after it. */
  readonly lasted: number
  readonly recovered: number
  /** Longest time that a viewer was without a publication meanwhile. */
  readonly longestSilence: number
}

export interface Report {
  readonly seed: number
  readonly seconds: number
  readonly network: string
  readonly struck: readonly Struck[]
  readonly checks: readonly Check[]
  readonly figures: Readonly<Record<string, number | string>>
  /** Where logs are. */
  readonly folder: string
}

export function isGood({ checks }: Report): boolean {
  return checks.every(({ against }) => against.length === 0)
}

/** In words, for a terminal. */
export function plainReport(report: Report): string {
  const { seed, seconds, network, struck, checks, figures } = report
  const width = Math.max(...struck.map(({ name, target }) => name.length + target.length + 3), 20)
  const faults = struck.map(({ name, target, at, lasted, recovered, longestSilence }) => {
    const what = `${name} (${target})`.padEnd(width)
    return `  ${at.toFixed(0).padStart(4)} s  ${what}  lasted ${lasted.toFixed(1)} s, all well after ${recovered.toFixed(1)} s, longest silence ${longestSilence.toFixed(1)} s`
  })
  const verdicts = checks.flatMap(({ id, says, against }) => [
    `  ${against.length === 0 ? 'holds ' : 'BROKEN'}  ${id.padEnd(8)}  ${says}`,
    ...against.map(line => `            ${line}`),
  ])
  const numbers = Object.entries(figures).map(([name, value]) => `  ${name}: ${value}`)
  const broken = checks.filter(({ against }) => against.length > 0).length
  return [
    `Chaos for ${seconds.toFixed(0)} s, seed ${seed}, ${network}`,
    ...['', 'What went wrong', ...faults],
    ...['', 'What must hold', ...verdicts],
    ...['', 'Figures', ...numbers],
    ...['', broken === 0 ? 'All of it holds.' : `${broken} of ${checks.length} do not hold; logs: ${report.folder}`],
  ].join('\n')
}

/** The value below which this share of all is. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}
