import { fleetTopics, type NamespaceTopics, overlap, topicsOf } from '../../broker/index.ts'
import type { Readable } from './readable.ts'
import type { Settings } from './schema.ts'
import type { ReportProblem } from './service-options.ts'

/** Schemes of brokers that make a server one of several equal nodes, and that ship. */
export const fleetSchemes = ['kafka', 'kafkas'] as const

/** A port that brokers listen on where none is given. */
const kafkaPort = 9092

export function schemeOf(url: string): string {
  return url.slice(0, url.indexOf(':'))
}

/** `host:port` of each broker; undefined where the URL is none of Kafka. */
export function hostsOf(broker: string): readonly string[] | undefined {
  const [, list = ''] = /^kafkas?:\/\/([^/?#@]+)\/?$/.exec(broker) ?? []
  const hosts = list.split(',').map(host => /^(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i.exec(host))
  if (hosts.some(host => host === null || Number(host[2] ?? kafkaPort) > 65_535)) return undefined
  return hosts.map(host => `${host?.[1]}:${host?.[2] ?? kafkaPort}`)
}

/** Where other nodes link to this one, as far as the options say. */
export function addressOf({ host, port, node }: Pick<Settings, 'host' | 'port' | 'node'>): string | undefined {
  if (node.address !== undefined) return node.address
  return isEverywhere(host) || port === 0 ? undefined : `ws://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`
}

function isEverywhere(host: string): boolean {
  return ['0.0.0.0', '::', '[::]', '*'].includes(host)
}

const makeSecret = '`openssl rand -hex 32` makes one, and all nodes get the same'

/** Options that nodes of a fleet need, and those that they cannot have. A relay of one is none. */
export function checkFleet(readable: Readable, complain: ReportProblem, schemes: readonly string[]): void {
  const { settings } = readable
  const { broker, upstream, node } = settings
  if (!schemes.includes(schemeOf(broker)) || upstream.length > 0) return
  if (isShipped(broker)) {
    checkKafka(settings, complain)
    checkTopics(readable, complain)
  }
  if (node.secret === undefined)
    complain('node.secret', `missing: nodes of a fleet show it to each other (--node.secret or FANFARE_NODE_SECRET); ${makeSecret}`)
  checkAddress(settings, complain)
  checkTokens(settings, complain)
  if (settings.workers > 1) complain('workers', `must be 1 where broker is "${schemeOf(broker)}:": start more nodes instead`, ['broker'])
}

function isShipped(broker: string): boolean {
  return fleetSchemes.some(scheme => scheme === schemeOf(broker))
}

function checkKafka({ broker, store, kafka }: Settings, complain: ReportProblem): void {
  const scheme = schemeOf(broker)
  if (hostsOf(broker) === undefined)
    complain(
      'broker',
      `expected ${scheme}://host:port, or several hosts separated by commas; a user and a password are kafka.username and kafka.password`,
    )
  if (store?.kind !== 'postgres')
    complain(
      'store',
      `must be postgres://user:password@host/database where broker is "${scheme}:": nodes agree there on what each of them owns`,
      ['broker'],
    )
  if ((kafka.username === undefined) !== (kafka.password === undefined))
    complain(kafka.username === undefined ? 'kafka.username' : 'kafka.password', 'missing: a user and a password are given together')
  const { ca, cert, key, servername } = kafka.tls
  if (scheme === 'kafka' && [ca, cert, key, servername].some(file => file !== undefined))
    complain('kafka.tls', 'does nothing with kafka://: write kafkas:// as broker', ['broker'])
  if ((cert === undefined) !== (key === undefined))
    complain(cert === undefined ? 'kafka.tls.cert' : 'kafka.tls.key', 'missing: a certificate and its key are given together')
}

/** A record has one namespace: its topic tells which. */
function checkTopics({ settings: { kafka }, namespaces }: Readable, complain: ReportProblem): void {
  const { prefix } = kafka.topics
  const known: (NamespaceTopics & { readonly of: string })[] = []
  for (const name of Object.values(fleetTopics(prefix))) known.push({ of: 'of the fleet itself', mapping: 'shared', name })
  for (const { path, name, options } of namespaces) {
    if (options.kafka === undefined) continue
    const topics = topicsOf(prefix, name, options.kafka)
    const met = known.find(other => overlap(topics, other))
    const written = `"${topics.name}${topics.mapping === 'shared' ? '' : '…'}"`
    if (met !== undefined)
      complain(
        `${path}.kafka.topic`,
        `${written} may be a topic ${met.of}, "${met.name}": names that differ in "." and "_" are the same to Kafka`,
      )
    known.push({ of: `of ${path}`, ...topics })
  }
}

/** An address that nobody can reach is no better than none. */
function checkAddress(settings: Settings, complain: ReportProblem): void {
  const { host, port } = settings
  const address = addressOf(settings)
  if (address === undefined) {
    const why = port === 0 ? 'the others do not know which port is free here' : `"${host}" is every address of this machine`
    complain('node.address', `missing: ${why}; give the one that other nodes reach this node at, like "ws://10.0.0.4:7400"`, [
      'host',
      'port',
    ])
    return
  }
  const url = URL.parse(address)
  if (url === null) complain('node.address', `expected an address like "ws://10.0.0.4:7400", got ${JSON.stringify(address)}`)
  else if (isEverywhere(url.hostname))
    complain('node.address', `"${url.hostname}" is no address that other nodes could reach; give that of this machine`)
  else if (url.port === '0') complain('node.address', 'expected a port from 1 to 65535, got 0')
}

/** Tokens of one node are taken by all, so that none can make up secrets of its own. */
function checkTokens({ client, hooks }: Settings, complain: ReportProblem): void {
  const { hmac_secret_key, jwks_public_endpoint } = client.token
  if (hmac_secret_key !== undefined || jwks_public_endpoint !== undefined || hooks.connect !== undefined) return
  complain(
    'client.token.hmac_secret_key',
    `missing: every node of a fleet checks the same tokens (FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY); ${makeSecret}`,
    ['client.token.jwks_public_endpoint', 'hooks.connect.url', 'host'],
  )
}

/** Options without effect, and weak ones. */
export function fleetWarnings({ settings, namespaces }: Readable, schemes: readonly string[]): string[] {
  const { broker, kafka, node, upstream } = settings
  const isFleet = schemes.includes(schemeOf(broker))
  const warnings: string[] = []
  if (isFleet && upstream.length > 0) warnings.push('broker: does nothing on a relay, which has that of its parent')
  if (!isFleet && node.address !== undefined) warnings.push('node.address: does nothing without a broker that several nodes share')
  if (!isShipped(broker) && kafka.username !== undefined)
    warnings.push('kafka.username: does nothing without a broker like "kafka://host:9092"')
  for (const { path, options } of namespaces) {
    if (!isShipped(broker) && options.kafka !== undefined)
      warnings.push(`${path}.kafka: does nothing without a broker like "kafka://host:9092"`)
    if (isFleet && options.history_store === 'disk')
      warnings.push(`${path}.history_store: does nothing in a fleet, whose log keeps all histories`)
  }
  if (isShipped(broker) && schemeOf(broker) === 'kafka' && kafka.password !== undefined && kafka.mechanism === 'PLAIN')
    warnings.push('kafka.mechanism: "PLAIN" sends the password as it is; write kafkas:// as broker, or take SCRAM-SHA-512')
  return warnings
}
