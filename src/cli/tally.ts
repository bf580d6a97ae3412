import { Histogram } from '../kit/index.ts'

/** What all members of a crowd count into. */
export class CrowdTally {
  messages = 0
  bytes = 0
  reads = 0
  gaps = 0
  repeats = 0
  readonly latencyUs = new Histogram()
}
