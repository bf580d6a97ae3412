import { join } from 'node:path'
import { z } from 'zod'
import { type Random, randomId } from '../../kit/index.ts'
import { type Config, ConfigError } from '../config/index.ts'
import { openKept, readKept } from './kept-file.ts'

const secretsSchema = z.object({
  token_hmac_secret_key: z.string().min(32),
  http_api_key: z.string().min(32),
  node_secret: z.string().min(32),
})

/** Secrets that a server without any generates once and keeps. */
export type Secrets = Readonly<z.output<typeof secretsSchema>>

/** 256 bits each: as much as HS256 can use. */
const secretBytes = 32

export function secretsPath(data: string): string {
  return join(data, 'secrets.json')
}

/** The secrets kept in the data folder, made up on the first call: see `openKept`. @throws ConfigError */
export function openSecrets(data: string, random: Random): Secrets {
  const secret = () => randomId(random, secretBytes)
  const make = () => ({ token_hmac_secret_key: secret(), http_api_key: secret(), node_secret: secret() })
  return openKept({ ...keptSecrets(data), make, random })
}

/** The secrets kept in the data folder, or undefined where no server has made any up there. @throws ConfigError */
export function readSecrets(data: string): Secrets | undefined {
  return readKept(keptSecrets(data))
}

function keptSecrets(data: string) {
  return { path: secretsPath(data), schema: secretsSchema, renews: 'new secrets' }
}

const sameMachine = 'a parent in development mode on this machine keeps its own in its data folder, which --data then names'

/** A relay and its parents have the same secrets, so it makes up none. @throws ConfigError */
function withSecretsOfParent(config: Config): Config {
  const { node, client, development } = config
  const kept = development || node.secret === undefined ? readKept(keptSecrets(config.data)) : undefined
  const problems: string[] = []
  if (development && kept === undefined)
    problems.push(
      `client.token.hmac_secret_key: missing: a relay checks tokens itself, with the secret of its parent (FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY); ${sameMachine}`,
    )
  if (node.secret === undefined && kept === undefined)
    problems.push(`node.secret: missing: nodes show each other the same secret (--node-secret or FANFARE_NODE_SECRET); ${sameMachine}`)
  if (problems.length > 0) throw new ConfigError(problems)
  if (kept === undefined) return config
  const withNode = { ...config, node: { ...node, secret: node.secret ?? kept.node_secret } }
  return development ? { ...withNode, client: clientWith(client, kept) } : withNode
}

function clientWith({ token, subscriptionToken, ...client }: Config['client'], secrets: Secrets): Config['client'] {
  const hasOwnKey = subscriptionToken.hmacSecretKey !== undefined || subscriptionToken.jwksPublicEndpoint !== undefined
  return {
    ...client,
    token: { ...token, hmacSecretKey: secrets.token_hmac_secret_key },
    subscriptionToken: hasOwnKey ? subscriptionToken : { ...subscriptionToken, hmacSecretKey: secrets.token_hmac_secret_key },
  }
}

/** The secrets that a relay shares with its parents. @throws ConfigError */
export function checkSecretsOfParent(config: Config): void {
  if (config.upstreams.length > 0) withSecretsOfParent(config)
}

/** Whether something is missing that the data folder's secrets are to fill. */
function needsSecrets({ development, node, workers }: Config): boolean {
  return development || (workers > 1 && node.secret === undefined)
}

/**
 * The configuration with generated secrets where none were given: all of them in development mode, and always the one that the
 * workers of one machine share. Touches the data folder only then. With given token secrets the API stays shut without its key.
 * @throws ConfigError
 */
export function withSecrets(config: Config, random: Random): Config {
  if (config.upstreams.length > 0) return withSecretsOfParent(config)
  if (!needsSecrets(config)) return config
  const secrets = openSecrets(config.data, random)
  const node = { ...config.node, secret: config.node.secret ?? secrets.node_secret }
  if (!config.development) return { ...config, node }
  return {
    ...config,
    node,
    httpApi: { ...config.httpApi, key: config.httpApi.key ?? secrets.http_api_key },
    client: clientWith(config.client, secrets),
  }
}
