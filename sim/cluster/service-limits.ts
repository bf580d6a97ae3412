import { defaultLimits, type Limits } from '../../src/hub/index.ts'

const generous = { perSecond: 100_000, burst: 100_000 }

/** Of a node with a service under test: what is not about rates must not meet one, and who is gone is noticed soon. */
export const serviceLimits: Limits = {
  ...defaultLimits,
  commandRate: generous,
  commandRatePerUser: generous,
  pingIntervalMs: 3_000,
  pongTimeoutMs: 2_000,
  sseHeartbeatMs: 3_000,
  channelLingerMs: 3_000,
}
