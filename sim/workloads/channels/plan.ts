import { defaultLimits, defineNamespace, type Limits, type Namespace, type NamespaceInput, Namespaces } from '../../../src/hub/index.ts'
import { between, type Random } from '../../../src/kit/index.ts'
import { pick } from '../../core/chance.ts'
import { calmWeather, type Weather } from '../../core/network.ts'
import type { Plan } from '../../core/workload.ts'

/** What a run is made of, all of it drawn from the seed. */
export interface ChannelsPlan extends Plan {
  readonly climate: Climate
  readonly weather: Weather
  readonly nodes: number
  /** Whether a node keeps the tails of its channels itself, as a relay does. */
  readonly relayed: readonly boolean[]
  /** Whether the broker's offsets skip, as those of a log do that channels share. */
  readonly isSparse: boolean
  readonly websockets: number
  readonly streams: number
  readonly namespaces: Namespaces
  readonly channels: readonly string[]
  readonly limits: Limits
  /** Between two publications, on average. */
  readonly publishMs: number
  /** Between two faults, on average; undefined for none. */
  readonly faultMs: number | undefined
}

/** `calm`: a network that loses nothing and no faults, so that more can be asked of it. */
export type Climate = 'calm' | 'lossy' | 'stormy'

/** A pause long enough for every lease, ping, backoff and verification to have done its work. */
const restMs = 24_000
/** How long publishing goes on after the last trouble. */
const calmMs = 2000

/** The longest that the shortest history reaches back: so far behind somebody may be. */
const behindMaxMs = 2000

const small: Limits = {
  ...defaultLimits,
  outboxBytesMax: 6_000,
  outboxHighWaterBytes: 1_500,
  outboxLowWaterBytes: 300,
  broadcastMin: 2,
  stalledMs: 5_000,
  catchingUpMax: 40,
  recoveryMax: 40,
  recoveryBytesMax: 2_500,
  recoveryInReplyBytes: 250,
  replayPieceBytes: 200,
  replayWindowBytes: 400,
  recoveryWaitMs: 1_000,
  historyPageMax: 100,
  historyPageBytesMax: 2_000,
  joinsPerTickMax: 2,
  pingIntervalMs: 4_000,
  pongTimeoutMs: 2_500,
  staleMs: 3_000,
  sseHeartbeatMs: 3_000,
  sseLingerMs: 10_000,
  channelLingerMs: 3_000,
  positionCheckMs: 1_500,
}

export function planOf(random: Random): ChannelsPlan {
  const climate = pick(random, ['calm', 'lossy', 'stormy', 'stormy'] as const)
  const namespaces = namespacesOf(random)
  const names = namespaces.map(({ name }) => name)
  const nodes = between(random, 2, 3)
  const weather = weatherOf(climate, random)
  const relayed = Array.from({ length: nodes }, () => random.next() < 0.35)
  const websockets = between(random, 3, 5)
  return {
    climate,
    weather,
    nodes,
    relayed,
    websockets,
    // Without another draw, so that seeds stay what they were.
    isSparse: websockets === 4,
    streams: between(random, 1, 3),
    namespaces: new Namespaces(namespaces),
    channels: channelsOf(random, names),
    limits: small,
    busyMs: between(random, 12, 20) * 1000,
    ...{ calmMs, restMs },
    publishMs: between(random, 25, 90),
    faultMs: climate === 'calm' ? undefined : between(random, 600, 3000),
  }
}

function weatherOf(climate: Climate, random: Random): Weather {
  if (climate === 'calm') return calmWeather
  return {
    dropShare: 0.01 + random.next() * 0.12,
    duplicateShare: random.next() * 0.1,
    delayMs: { from: 1, to: pick(random, [10, 60, 300]) },
    ordered: random.next() < 0.4,
  }
}

/** A few of all kinds, among them one that must not lose anything. */
function channelsOf(random: Random, names: readonly string[]): readonly string[] {
  const others = Array.from({ length: between(random, 2, 4) }, () => pick(random, names))
  return [pick(random, ['chat', 'log', 'edit', 'game']), ...others].map(name => `${name}:${between(random, 1, 2)}`).filter(isFirst)
}

function namespacesOf(random: Random): readonly Namespace[] {
  const historySize = pick(random, [3, 10, 60])
  const historyTtlMs = pick(random, [2, 10, 60]) * 1000
  const history = { historySize, historyTtlMs, forcePositioning: random.next() < 0.5, forceRecovery: random.next() < 0.5 }
  const social = { presence: true, joinLeave: true, forcePushJoinLeave: true }
  const lanes = [
    { name: 'urgent', intervalMs: 0, keep: 'all' as const, max: 0 },
    { name: 'stats', intervalMs: pick(random, [200, 700]), keep: 'newest' as const, max: 100 },
    { name: 'text', intervalMs: pick(random, [300, 900]), keep: 'tail' as const, max: pick(random, [3, 20]) },
  ]
  const historyStore = random.next() < 0.5 ? 'disk' : 'memory'
  const namespaces: readonly NamespaceInput[] = [
    { name: 'chat', ...history, ...social, historyStore },
    { name: 'log', ...history, historyStore: 'disk' },
    { name: 'edit', ...history, allowedDeltaTypes: ['fossil'], deltaPublish: random.next() < 0.5 },
    { name: 'score', delivery: 'latest', ...(random.next() < 0.3 ? { historyTtlMs } : {}) },
    { name: 'quote', delivery: 'conflated', intervalMs: pick(random, [50, 100, 400]) },
    { name: 'game', delivery: 'lanes', lanes, ...history },
    { name: 'typing', delivery: 'ephemeral', presence: random.next() < 0.5 },
    { name: 'plain', ...(random.next() < 0.5 ? social : {}) },
  ]
  return namespaces.map(namespace => defineNamespace({ ...namespace, delayMaxMs: behindMaxMs }))
}

function isFirst<T>(item: T, index: number, items: readonly T[]): boolean {
  return items.indexOf(item) === index
}
