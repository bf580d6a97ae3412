import type { Durations } from './durations.ts'

/** Test files that run in one process. */
export interface Job {
  readonly files: readonly string[]
  /** What it took before, or is thought to take. */
  readonly seconds: number
}

/** A process for each of the short files would cost more than they do. */
const handful = 10
/** A file that takes as long as this has a process of its own. */
const heavySeconds = 3
/** What a file that never ran takes, about. */
const unknownSeconds = 0.8

/** The longest first: each heavy file, and the others in handfuls. */
export function jobsOf(files: readonly string[], durations: Durations): Job[] {
  const secondsOf = (file: string) => durations[file] ?? unknownSeconds
  const heavy = files.filter(file => secondsOf(file) >= heavySeconds).map(file => ({ files: [file], seconds: secondsOf(file) }))
  const light = files.filter(file => secondsOf(file) < heavySeconds)
  const count = Math.ceil(light.length / handful)
  const handfuls = Array.from({ length: count }, (_, turn) => {
    const dealt = light.filter((_file, index) => index % count === turn)
    return { files: dealt, seconds: dealt.reduce((sum, file) => sum + secondsOf(file), 0) }
  })
  return [...heavy, ...handfuls].sort((a, b) => b.seconds - a.seconds)
}

/** Runs every job, so many at the same time. */
export async function inLanes(jobs: readonly Job[], lanes: number, run: (job: Job) => Promise<void>): Promise<void> {
  const waiting = [...jobs]
  const lane = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await run(job)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
