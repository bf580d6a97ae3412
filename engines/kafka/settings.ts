import { type KafkaSecurity, protocolOf, securitySettings } from './security.ts'

/** Where a broker listens on this machine. */
export interface BrokerPorts {
  /** For clients. */
  readonly client: number
  /** For other brokers, and for whoever looks after them: always open. */
  readonly internal: number
  readonly controller: number
}

/** A way to a broker: what listens, and the address that clients are told to use for it, which may be a proxy's. */
export interface Door {
  readonly host: string
  readonly port: number
  readonly advertised: string
}

export interface BrokerPlan {
  /** From 1. */
  readonly id: number
  /** Of all brokers, in the order of their ids. */
  readonly ports: readonly BrokerPorts[]
  readonly folder: string
  readonly security: KafkaSecurity
  /** Further ways in for clients, open and without credentials. */
  readonly doors: readonly Door[]
}

const loopback = '127.0.0.1'
/** The cluster's id: any 22 characters of base64. */
export const clusterId = 'FanfareEnginesCluster0'

/** `server.properties` of a broker that is controller as well. */
export function brokerSettings({ id, ports, folder, security, doors }: BrokerPlan): string {
  const own = ports[id - 1]
  if (own === undefined) throw new RangeError(`there is no broker ${id}`)
  const replicas = Math.min(ports.length, 3)
  const extra = doors.map((door, index) => ({ ...door, name: `DOOR${index + 1}` }))
  const listeners = [
    `CLIENT://${loopback}:${own.client}`,
    `INTERNAL://${loopback}:${own.internal}`,
    ...extra.map(({ name, host, port }) => `${name}://${host}:${port}`),
  ]
  const advertised = [...listeners.slice(0, 2), ...extra.map(({ name, advertised }) => `${name}://${advertised}`)]
  const protocols = [`CLIENT:${protocolOf(security)}`, ...['INTERNAL', 'CONTROLLER', ...extra.map(({ name }) => name)].map(plain)]
  return `${[
    'process.roles=broker,controller',
    `node.id=${id}`,
    `listeners=${[...listeners, `CONTROLLER://${loopback}:${own.controller}`].join(',')}`,
    `advertised.listeners=${advertised.join(',')}`,
    `listener.security.protocol.map=${protocols.join(',')}`,
    'inter.broker.listener.name=INTERNAL',
    'controller.listener.names=CONTROLLER',
    `controller.quorum.voters=${ports.map(({ controller }, index) => `${index + 1}@${loopback}:${controller}`).join(',')}`,
    `log.dirs=${folder}/data`,
    `default.replication.factor=${replicas}`,
    `min.insync.replicas=${Math.max(1, replicas - 1)}`,
    `offsets.topic.replication.factor=${replicas}`,
    `transaction.state.log.replication.factor=${replicas}`,
    `transaction.state.log.min.isr=${Math.max(1, replicas - 1)}`,
    ...small,
    ...quickToNotice,
    ...securitySettings('CLIENT', security),
  ].join('\n')}\n`
}

const plain = (name: string) => `${name}:PLAINTEXT`

/** A broker of a developer's machine: few threads, and nothing made before it is used. */
const small = [
  'num.network.threads=1',
  'num.io.threads=2',
  'num.partitions=1',
  'offsets.topic.num.partitions=1',
  'group.initial.rebalance.delay.ms=0',
  'auto.create.topics.enable=false',
  'unclean.leader.election.enable=false',
  'log.message.timestamp.type=LogAppendTime',
  'log.retention.hours=24',
  'log.segment.bytes=67108864',
  // Ten times as much is preallocated for every index otherwise.
  'log.index.size.max.bytes=1048576',
  'log.cleaner.dedupe.buffer.size=8388608',
]

/** A killed broker is back after 8 s; with the defaults it takes 12 to 18. */
const quickToNotice = [
  'broker.heartbeat.interval.ms=500',
  'broker.session.timeout.ms=2000',
  'replica.lag.time.max.ms=5000',
  'controller.quorum.election.timeout.ms=1000',
  'controller.quorum.fetch.timeout.ms=2000',
]
