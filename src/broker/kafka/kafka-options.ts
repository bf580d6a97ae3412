import { isIP } from 'node:net'
import type { ConnectionOptions, SASLMechanismValue } from '@platformatic/kafka'
import type { Log } from '../../hub/index.ts'
import type { Clock, Random } from '../../kit/index.ts'
import { kafkaLimits } from './limits.ts'

export type KafkaMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** In PEM. Where `ca` is absent, what the system trusts. */
export interface BrokerTls {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** The name that certificates are made out to, where it is not the host that is connected to. */
  readonly servername?: string | undefined
}

export interface KafkaOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** `host:port` of some brokers; they name the others. */
  readonly brokers: readonly string[]
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly mechanism?: KafkaMechanism | undefined
  readonly tls?: BrokerTls | undefined
  /** How brokers name this client in their logs and quotas. */
  readonly clientId?: string | undefined
  /** The largest record that is written: the start stops where a topic does not take it. */
  readonly recordBytesMax?: number | undefined
  /** How long `open` tries to reach a broker, as it may be starting, too. */
  readonly openMs?: number | undefined
}

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

const portDefault = 9092

/** Of `host:port`, `host` or `[::1]:port`. */
export function brokerAddress(text: string): BrokerAddress {
  const { hostname, port } = new URL(`kafka://${text}`)
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? portDefault : Number(port) }
}

export function nameOf({ host, port }: BrokerAddress): string {
  return `${host}:${port}`
}

/** What a connection is made with, whatever it is for. */
export function connectionOptions(options: KafkaOptions, { host }: BrokerAddress, requestTimeout: number): ConnectionOptions {
  const { username, password, mechanism, tls } = options
  const sasl: SASLMechanismValue = mechanism ?? 'SCRAM-SHA-512'
  return {
    connectTimeout: kafkaLimits.connectMs,
    requestTimeout,
    ...(tls === undefined ? {} : { tls: given({ ...tls, servername: undefined }), tlsServerName: tls.servername ?? isIP(host) === 0 }),
    ...(username === undefined ? {} : { sasl: { mechanism: sasl, username, password: password ?? '' } }),
  }
}

function given(fields: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}
