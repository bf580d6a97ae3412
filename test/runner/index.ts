export { noteDurations, readDurations } from './durations.ts'
export { inLanes, jobsOf } from './jobs.ts'
export { filesOf, type Length } from './selection.ts'
export { type Outcome, running, runTests } from './test-process.ts'
