export { assert, unreachable } from './assert.ts'
export { at } from './at.ts'
export { type BackoffOptions, backoffMs } from './backoff.ts'
export { type Clock, every, everyAsync, systemClock, type Timer } from './clock.ts'
export { defined } from './defined.ts'
export { formatDuration, parseDuration } from './duration.ts'
export { FairQueue, type FairQueueBounds } from './fair-queue.ts'
export type { Fetch } from './fetch.ts'
export { Histogram } from './histogram.ts'
export { type Answer, answered, type Jsonable, json } from './jsonable.ts'
export { type KeyedRate, KeyedRateLimiter } from './keyed-rate-limiter.ts'
export { LogThrottle } from './log-throttle.ts'
export {
  type OutboundAnswer,
  OutboundHttp,
  type OutboundHttpOptions,
  type OutboundRequest,
  type OutboundResult,
  UnsendableError,
} from './outbound-http.ts'
export { ownEntry } from './own-entry.ts'
export { between, type Random, randomId, randomUuid, seededRandom, systemRandom } from './random.ts'
export { RingBuffer } from './ring-buffer.ts'
export { type Json, type JsonBounds, JsonError, jsonProblem, parseJson } from './safe-json.ts'
export { Semaphore } from './semaphore.ts'
export { SteadyTime } from './steady-time.ts'
export { SteppedClock } from './stepped-clock.ts'
export { TimingWheel } from './timing-wheel.ts'
export { TokenBucket } from './token-bucket.ts'
export { isVisible } from './visible.ts'
export { within } from './within.ts'
