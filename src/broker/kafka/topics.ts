import { createTopicsV7, describeConfigsV4, listOffsetsV7 } from '@platformatic/kafka'
import type { ClusterMap, TopicFound } from './cluster-map.ts'
import { errorName, isPassing, KafkaError } from './kafka-error.ts'
import { kafkaLimits } from './limits.ts'

/** A topic as it must be. */
export interface TopicSpec {
  readonly name: string
  /** Fixed for ever: keys are spread over them by their hash. */
  readonly partitions: number
  /** The option that asks for it, which errors name. */
  readonly path: string
  /** On how many brokers each record is; as many as there are, and three at most, where absent. */
  readonly replication?: number | undefined
  /** How long records are kept; what the cluster says where absent. */
  readonly retentionMs?: number | undefined
  /** Keeps the newest record of each key, and not each record. */
  readonly isCompacted?: boolean | undefined
}

export interface KafkaTopic {
  readonly name: string
  /** Of the topic that was opened: another may take its name. */
  readonly id: string
  readonly partitions: number
  readonly isCompacted: boolean
  /** What is appended in one batch at most. */
  readonly batchBytesMax: number
}

type Named = readonly [name: string, found: TopicFound]

/** What a batch is more than the records that it holds, and somewhat more. */
const overheadBytes = 1024
const replicationDefault = 3
/** From so many replicas on, a record must be on two brokers before it counts as written: then one may be lost. */
const replicasForTwo = 3
const topicResource: 2 = 2
/** What Kafka calls the end of a log, in place of a time. */
const latest = -1n
const settings = ['max.message.bytes', 'message.timestamp.type', 'cleanup.policy', 'min.insync.replicas'] as const

/**
 * Finds topics, and makes those that are not there. Each is taken for itself: one that cannot be used keeps nobody from the others.
 * @returns for each what it is, or why this server cannot use it; undefined while it cannot be used yet
 */
export async function tryTopics(
  map: ClusterMap,
  specs: readonly TopicSpec[],
  /** They may have been made just now: then each partition needs a broker that has heard that it leads. */
  areNew: boolean,
): Promise<readonly (KafkaTopic | KafkaError | undefined)[]> {
  const names = [...new Set(specs.map(({ name }) => name))]
  const { topics, refused: codes } = await map.find(names)
  const refused = new Map<string, KafkaError>()
  for (const [name, code] of codes) refused.set(name, new KafkaError('kafka.username', `topic ${name}: ${errorName(code)}`))
  const missing = specs.filter(({ name }) => !refused.has(name) && !topics.has(name))
  if (missing.length > 0)
    await createTopics(map, missing, refused).catch((error: unknown) => map.options.log.debug({ err: error }, 'topics are made'))
  const led = [...topics].filter(([name, { leaderless }]) => leaderless === 0 && !refused.has(name))
  const served = new Map(areNew ? await servedOf(map, led) : led)
  const configs = served.size === 0 ? undefined : await configsOf(map, [...served.keys()])
  return specs.map(spec => {
    const found = served.get(spec.name)
    return refused.get(spec.name) ?? (found && checked(map, spec, found, configs?.get(spec.name) ?? new Map()))
  })
}

/** Those that Kafka does not make are noted. */
async function createTopics(map: ClusterMap, specs: readonly TopicSpec[], refused: Map<string, KafkaError>): Promise<void> {
  // A cluster that just starts may name no broker yet.
  if (map.brokerCount === 0) return
  const replicas = Math.min(replicationDefault, map.brokerCount)
  const byName = new Map(specs.map(spec => [spec.name, spec]))
  const wanted = [...byName.values()].map(spec => {
    const replicationFactor = spec.replication ?? replicas
    const configs = configOf(map, spec, replicationFactor)
    return { name: spec.name, numPartitions: spec.partitions, replicationFactor, assignments: [], configs }
  })
  const answer = await map.anyone(createTopicsV7.api, wanted, kafkaLimits.askMs, false)
  for (const { name, errorCode, errorMessage } of answer.topics) {
    const code = errorName(errorCode)
    // Another node was faster; what waits for the controller is looked for again.
    if (errorCode === 0 || code === 'TOPIC_ALREADY_EXISTS' || isPassing(errorCode)) continue
    const path = code === 'INVALID_REPLICATION_FACTOR' ? 'kafka.topics.replication' : (byName.get(name)?.path ?? 'kafka.topics')
    refused.set(name, new KafkaError(path, `topic ${name} cannot be made: ${errorMessage ?? code}`))
  }
}

function configOf(map: ClusterMap, { retentionMs, isCompacted }: TopicSpec, replicas: number) {
  const needed = map.options.recordBytesMax ?? kafkaLimits.recordBytesMax
  const config: Readonly<Record<string, string | undefined>> = {
    'min.insync.replicas': replicas >= replicasForTwo ? '2' : '1',
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': String(Math.max(needed, kafkaLimits.batchBytesMax) + overheadBytes),
    'unclean.leader.election.enable': 'false',
    'cleanup.policy': isCompacted === true ? 'compact' : 'delete',
    'retention.ms': retentionMs === undefined ? undefined : String(retentionMs),
  }
  return Object.entries(config).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]))
}

/** Those of which each partition is served by the broker that leads it. */
async function servedOf(map: ClusterMap, led: readonly Named[]): Promise<readonly Named[]> {
  const places = led.flatMap(([name, { id, partitions }]) =>
    Array.from({ length: partitions }, (_, partition) => ({ name, partition, leader: map.leaderOf(name, id, partition) })),
  )
  const unserved = new Set<string>()
  const ask = async (group: typeof places) => {
    const leader = group[0]?.leader
    if (leader === undefined) throw new Error('nobody leads')
    const questions = [...Map.groupBy(group, ({ name }) => name)].map(([name, all]) => ({
      name,
      partitions: all.map(({ partition }) => ({ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: latest })),
    }))
    const { topics } = await map.lineTo(leader.address).ask(listOffsetsV7.api, -1, 0, questions)
    for (const { name, partitions } of topics) if (partitions.some(({ errorCode }) => errorCode !== 0)) unserved.add(name)
  }
  const byBroker = [...Map.groupBy(places, ({ leader }) => leader?.broker).values()]
  const asked = byBroker.map(async group => {
    await ask(group).catch(() => {
      for (const { name } of group) unserved.add(name)
    })
  })
  await Promise.all(asked)
  return led.filter(([name]) => !unserved.has(name))
}

async function configsOf(map: ClusterMap, names: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const configurationKeys: string[] = [...settings]
  const resources = names.map(resourceName => ({ resourceType: topicResource, resourceName, configurationKeys }))
  const { results } = await map.anyone(describeConfigsV4.api, resources)
  const refused = results.find(({ errorCode }) => errorCode !== 0)
  // Not every user may look at settings. What does not fit shows when it is written.
  if (refused !== undefined)
    map.options.log.warn({ topic: refused.resourceName, code: errorName(refused.errorCode) }, 'the settings of a topic are not known')
  return new Map(
    results.map(({ resourceName, configs }) => [
      resourceName,
      new Map(configs.flatMap(({ name, value }): [string, string][] => (typeof value === 'string' ? [[name, value]] : []))),
    ]),
  )
}

function checked(map: ClusterMap, spec: TopicSpec, found: TopicFound, config: ReadonlyMap<string, string>): KafkaTopic | KafkaError {
  const { name, partitions, path, isCompacted = false } = spec
  if (found.partitions !== partitions)
    return new KafkaError(path, `topic ${name} has ${found.partitions} partitions and not ${partitions}: that cannot be changed`)
  const needed = map.options.recordBytesMax ?? kafkaLimits.recordBytesMax
  const allowed = Number(config.get('max.message.bytes') ?? kafkaLimits.batchBytesMax + overheadBytes) - overheadBytes
  if (allowed < needed)
    return new KafkaError(
      path,
      `topic ${name} takes messages of ${config.get('max.message.bytes')} bytes, and ${needed + overheadBytes} are needed (max.message.bytes)`,
    )
  const compacts = config.get('cleanup.policy')?.includes('compact') ?? isCompacted
  if (compacts && !isCompacted) return new KafkaError(path, `topic ${name} keeps only the newest record of each key (cleanup.policy)`)
  const time = config.get('message.timestamp.type')
  if (time !== undefined && time !== 'LogAppendTime')
    map.options.log.warn({ topic: name }, 'the times of a topic are those of its writers (message.timestamp.type)')
  return { name, id: found.id, partitions, isCompacted, batchBytesMax: Math.min(allowed, kafkaLimits.batchBytesMax) }
}
