import { type Weight, weights } from './weights.ts'

/** Test files that run in one process. */
export interface Job extends Weight {
  readonly files: readonly string[]
}

/** A process for each of the short files would cost more than they do. */
const handful = 10
/** What a file that has no weight of its own takes, about. */
const lightSeconds = 0.8

/** The longest first: each file that has a weight, and the others in handfuls. */
export function jobsOf(files: readonly string[]): Job[] {
  const heavy = files.flatMap(file => {
    const weight = weights[file]
    return weight === undefined ? [] : [{ ...weight, files: [file] }]
  })
  const light = files.filter(file => weights[file] === undefined)
  const count = Math.ceil(light.length / handful)
  const handfuls = Array.from({ length: count }, (_, turn) => {
    const dealt = light.filter((_file, index) => index % count === turn)
    return { files: dealt, seconds: dealt.length * lightSeconds, does: 'computes' as const }
  })
  return [...heavy, ...handfuls].sort((a, b) => b.seconds - a.seconds)
}

/**
 * Two lanes for what computes, who help with the rest once that is done, and one for what waits. A third one that computes would be quicker
 * still, but on two cores it makes tests late that look at a clock.
 */
export async function inLanes(jobs: readonly Job[], run: (job: Job) => Promise<void>): Promise<void> {
  const computing = jobs.filter(({ does }) => does === 'computes')
  const waiting = jobs.filter(({ does }) => does === 'waits')
  const lane = async (...queues: Job[][]) => {
    for (;;) {
      const job = queues.find(queue => queue.length > 0)?.shift()
      if (job === undefined) return
      await run(job)
    }
  }
  await Promise.all([lane(computing, waiting), lane(computing, waiting), lane(waiting)])
}
