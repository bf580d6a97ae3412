import type { Stage } from './stage.ts'

/** One line of the published table: a figure of Fanfare beside another. */
export interface Figure {
  /** The id of the work in the quality page, such as `P1`. */
  readonly id: string
  readonly work: string
  /** What was measured, when it is not Fanfare. */
  readonly subject?: string
  readonly unit: 'us' | 'ms' | 'KB' | 'MB' | 'writes' | 'frames' | 'times' | 'bytes'
  readonly value: number
  readonly beside?: { readonly name: string; readonly value: number; readonly ratio: number }
  /** What must be reached: by the ratio where there is one beside, otherwise by the value. */
  readonly atMost?: number
}

export interface Outcome {
  readonly figures: readonly Figure[]
  /** Whoever did not get everything that was accepted: any entry fails the run. */
  readonly shortfalls: readonly string[]
  /** Peers that could not run, and why. */
  readonly missing: readonly string[]
  readonly accepted: number
  readonly delivered: number
}

export interface Benchmark {
  readonly name: string
  run(stage: Stage, note: (line: string) => void): Promise<Outcome>
}

/** Collects an outcome while a benchmark runs. */
export class Findings {
  readonly figures: Figure[] = []
  readonly shortfalls: string[] = []
  readonly missing: string[] = []
  accepted = 0
  delivered = 0
}

export function reached(figure: Figure): boolean | undefined {
  if (figure.atMost === undefined) return undefined
  return (figure.beside?.ratio ?? figure.value) <= figure.atMost
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}
