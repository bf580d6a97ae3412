import type { Keys } from '../keys.ts'

export interface SaslUser {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: string
}

/** How clients reach brokers; among themselves brokers speak openly. */
export interface KafkaSecurity {
  readonly tls?: { readonly keys: Keys; readonly clientAuth: boolean } | undefined
  readonly sasl?: SaslUser | undefined
}

export function protocolOf({ tls, sasl }: KafkaSecurity): string {
  if (sasl !== undefined) return tls === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL'
  return tls === undefined ? 'PLAINTEXT' : 'SSL'
}

/** The settings of one listener. */
export function securitySettings(listener: string, { tls, sasl }: KafkaSecurity): string[] {
  const prefix = `listener.name.${listener.toLowerCase()}`
  return [...(tls === undefined ? [] : tlsSettings(prefix, tls)), ...(sasl === undefined ? [] : saslSettings(prefix, sasl))]
}

function tlsSettings(prefix: string, { keys, clientAuth }: NonNullable<KafkaSecurity['tls']>): string[] {
  return [
    `${prefix}.ssl.keystore.type=PEM`,
    `${prefix}.ssl.keystore.location=${keys.serverStore}`,
    `${prefix}.ssl.truststore.type=PEM`,
    `${prefix}.ssl.truststore.location=${keys.ca}`,
    `${prefix}.ssl.client.auth=${clientAuth ? 'required' : 'none'}`,
  ]
}

function saslSettings(prefix: string, { mechanism, username, password }: SaslUser): string[] {
  const module =
    mechanism === 'PLAIN'
      ? `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`
      : 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  return [`${prefix}.sasl.enabled.mechanisms=${mechanism}`, `${prefix}.${mechanism.toLowerCase()}.sasl.jaas.config=${module}`]
}

/** What a broker's folder is formatted with, so that its first client can sign in. */
export function formatFlags({ sasl }: KafkaSecurity): string[] {
  if (sasl === undefined || sasl.mechanism === 'PLAIN') return []
  return ['--add-scram', `${sasl.mechanism}=[name=${sasl.username},password=${sasl.password}]`]
}
