import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Outcome } from './test-process.ts'

/** Seconds that each test file took, by its path. */
export type Durations = Readonly<Record<string, number>>

const schema = z.record(z.string(), z.number().nonnegative())

/** What earlier runs have noted, the latest word counting: a file that is not there, or is not readable as one, says nothing. */
export function readDurations(...paths: readonly string[]): Durations {
  return Object.assign({}, ...paths.map(read))
}

/** Notes what a run took beside what is known; files that share a process share its time. */
export function noteDurations(path: string, outcomes: readonly Pick<Outcome, 'files' | 'wallSeconds'>[]): void {
  const taken = outcomes.flatMap(({ files, wallSeconds }) =>
    files.map(file => [file, Math.round((wallSeconds / files.length) * 10) / 10] as const),
  )
  const all = Object.entries({ ...read(path), ...Object.fromEntries(taken) }).sort(([a], [b]) => (a < b ? -1 : 1))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`)
}

function read(path: string): Durations {
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return {}
  }
}
