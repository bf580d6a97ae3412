import { readFileSync } from 'node:fs'
import { fleetTopics, type NamespaceLog, type SharedLogs, topicsOf } from '../../broker/index.ts'
import { KafkaCluster, KafkaError, type KafkaOptions } from '../../broker/kafka/index.ts'
import { leaseFence, PostgresLeaseStore, placementMigrations, type Trouble, ttlDefaultMs } from '../../cluster/index.ts'
import { systemClock } from '../../kit/index.ts'
import type { Config, KafkaConfig, KafkaTls } from '../config/index.ts'
import type { FleetContext, OpenFleet } from './fleets.ts'
import { kafkaMetrics } from './kafka-metrics.ts'
import { StartError } from './start-error.ts'

/** Publications, values of channels and messages to all nodes in topics of Kafka; members and leases in Postgres. @throws StartError, SqlError */
export async function openKafkaFleet(context: FleetContext): Promise<OpenFleet> {
  const { config, rows } = context
  const kafka = await openKafka(context)
  try {
    const logs = await openLogs(kafka, config.kafka)
    await rows.openFor({ name: 'placement', migrations: placementMigrations })
    const leases = new PostgresLeaseStore({ url: databaseOf(config), clock: systemClock, ttlMs: ttlDefaultMs })
    return {
      place: { logs, leases, fence: leaseFence, troubles: () => troublesOf(kafka) },
      metrics: kafkaMetrics(() => kafka.figures),
      async close() {
        await leases.close()
        await kafka.close()
      },
    }
  } catch (error) {
    await kafka.close()
    throw startErrorOf(error)
  }
}

/** For the key and the headers of a record, beside the largest data that anybody may publish. */
const headersBytes = 4096

async function openKafka({ config, clock, random, log }: FleetContext): Promise<KafkaCluster> {
  const { hosts, login, tls } = config.kafka
  const recordBytesMax = Math.floor(config.limits.outboxBytesMax / 2) + headersBytes
  try {
    return await KafkaCluster.open({
      ...{ clock, random, log, brokers: hosts, recordBytesMax },
      ...login,
      ...(tls === undefined ? {} : { tls: certificatesOf(tls) }),
    })
  } catch (error) {
    throw startErrorOf(error)
  }
}

async function openLogs(kafka: KafkaCluster, config: KafkaConfig): Promise<SharedLogs> {
  const { prefix, partitions, replication } = config.topics
  const one = { partitions: 1, replication, path: 'kafka.topics.replication' }
  const many = { partitions, replication, path: 'kafka.topics.partitions' }
  const own = Object.entries(config.mappings).map(([namespace, given]) => ({ namespace, ...topicsOf(prefix, namespace, given) }))
  const ofNamespaces = own.flatMap(({ namespace, mapping, name }) => (mapping === 'shared' ? [{ ...many, namespace, name }] : []))
  const names = fleetTopics(prefix)
  const [channels, controls, states, ...others] = await kafka.logs([
    { ...many, name: names.channels },
    { ...one, name: names.controls },
    { ...many, name: names.states, isCompacted: true },
    ...ofNamespaces,
  ])
  if (channels === undefined || controls === undefined || states === undefined) throw new RangeError('a log for each topic is expected')
  const namespaces = new Map<string, NamespaceLog>()
  for (const [index, log] of others.entries()) namespaces.set(ofNamespaces[index]?.namespace ?? '', { mapping: 'shared', log })
  for (const { namespace, mapping, name } of own) {
    if (mapping !== 'per-channel') continue
    namespaces.set(namespace, { mapping, prefix: name, open: topic => kafka.log({ ...one, name: topic }) })
  }
  return { channels, controls, states, namespaces }
}

function troublesOf(kafka: KafkaCluster): readonly Trouble[] {
  return kafka.isDeaf ? [{ part: 'kafka', reason: `Kafka has not answered for ${Math.round(kafka.figures.silentMs / 1000)} s` }] : []
}

function databaseOf({ store }: Config): string {
  if (store.kind !== 'postgres') throw new StartError('store', 'must be postgres://user:password@host/database')
  return store.url
}

/** The files of certificates as texts. @throws StartError with the option of one that cannot be read */
function certificatesOf({ ca, cert, key, servername }: KafkaTls): NonNullable<KafkaOptions['tls']> {
  return { ca: pem(ca, 'kafka.tls.ca'), cert: pem(cert, 'kafka.tls.cert'), key: pem(key, 'kafka.tls.key'), servername }
}

function pem(path: string | undefined, option: string): string | undefined {
  if (path === undefined) return undefined
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new StartError(option, `${path} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
  if (!text.includes('-----BEGIN ')) throw new StartError(option, `${path} is no PEM file`)
  return text
}

function startErrorOf(error: unknown): unknown {
  return error instanceof KafkaError ? new StartError(error.path, error.message, { cause: error }) : error
}
