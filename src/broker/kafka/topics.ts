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

/** What a batch is more than the records that it holds, and somewhat more. */
const overheadBytes = 1024
const replicationDefault = 3
/** From so many replicas on, a record must be on two brokers before it counts as written: then one may be lost. */
const replicasForTwo = 3
const topicResource: 2 = 2
/** What Kafka calls the end of a log, in place of a time. */
const latest = -1n
const settings = ['max.message.bytes', 'message.timestamp.type', 'cleanup.policy', 'min.insync.replicas'] as const

/** Finds topics, and makes those that are not there. @returns for each what it is, or why this server cannot use it */
export async function openTopics(map: ClusterMap, specs: readonly TopicSpec[]): Promise<readonly (KafkaTopic | KafkaError)[]> {
  const names = [...new Set(specs.map(({ name }) => name))]
  const refused = new Map<string, KafkaError>()
  const found = await served(map, specs, names, refused)
  const configs = await configsOf(map, names)
  return specs.map(spec => {
    const { name } = spec
    return refused.get(name) ?? checked(map, spec, found.get(name), configs.get(name) ?? new Map())
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

/** A topic can be used some time after it was made: each partition needs a broker that has heard that it leads. */
async function served(
  map: ClusterMap,
  specs: readonly TopicSpec[],
  names: readonly string[],
  refused: Map<string, KafkaError>,
): Promise<ReadonlyMap<string, TopicFound>> {
  const { clock } = map.options
  const until = clock.now() + kafkaLimits.createMs
  for (let attempt = 0; ; attempt++) {
    const found = await map.find(names)
    for (const [name, code] of found.refused) refused.set(name, new KafkaError('kafka.username', `topic ${name}: ${errorName(code)}`))
    const open = specs.filter(({ name }) => !refused.has(name))
    const missing = open.filter(({ name }) => !found.topics.has(name))
    if (missing.length > 0)
      await createTopics(map, missing, refused).catch((error: unknown) => map.options.log.debug({ err: error }, 'topics are made'))
    const late = open.find(({ name }) => !refused.has(name) && (found.topics.get(name)?.leaderless ?? 1) > 0)
    if (late === undefined && (attempt === 0 || (await areServed(map, open)))) return found.topics
    if (clock.now() > until) throw new KafkaError(late?.path ?? 'kafka.topics', `topic ${late?.name ?? ''} was made and is not served`)
    await new Promise<void>(resolve => clock.after(kafkaLimits.servedMs, resolve))
  }
}

async function areServed(map: ClusterMap, made: readonly TopicSpec[]): Promise<boolean> {
  const places = made.flatMap(({ name, partitions }) => Array.from({ length: partitions }, (_, partition) => ({ name, partition })))
  const led = places.map(({ name, partition }) => ({ name, partition, leader: map.leaderOf(name, map.idOf(name) ?? '', partition) }))
  const byBroker = Map.groupBy(led, ({ leader }) => leader?.broker)
  const isServed = async ([first, ...others]: typeof led) => {
    if (first?.leader === undefined) return false
    const topics = Map.groupBy([first, ...others], ({ name }) => name)
    const asked = [...topics].map(([name, all]) => ({
      name,
      partitions: all.map(({ partition }) => ({ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: latest })),
    }))
    const answer = await map.lineTo(first.leader.address).ask(listOffsetsV7.api, -1, 0, asked)
    return answer.topics.every(({ partitions }) => partitions.every(({ errorCode }) => errorCode === 0))
  }
  const answers = await Promise.all([...byBroker.values()].map(group => isServed(group).catch(() => false)))
  return answers.every(answer => answer)
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

function checked(
  map: ClusterMap,
  spec: TopicSpec,
  found: TopicFound | undefined,
  config: ReadonlyMap<string, string>,
): KafkaTopic | KafkaError {
  const { name, partitions, path, isCompacted = false } = spec
  if (found === undefined) return new KafkaError(path, `topic ${name} was removed`)
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
