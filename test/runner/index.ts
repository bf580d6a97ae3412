export { inLanes, type Job, jobsOf } from './jobs.ts'
export { type Outcome, running, runTests } from './test-process.ts'
