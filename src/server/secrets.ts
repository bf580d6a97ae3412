import { chmodSync, linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type Random, randomId } from '../kit/index.ts'
import { describeIssue } from '../protocol/index.ts'
import { type Config, ConfigError } from './config/index.ts'

const secretsSchema = z.object({
  token_hmac_secret_key: z.string().min(32),
  http_api_key: z.string().min(32),
  node_secret: z.string().min(32),
})

/** What a server without secrets of its own makes up once and keeps. */
export type Secrets = Readonly<z.output<typeof secretsSchema>>

/** 256 bits each: as much as HS256 can use. */
const secretBytes = 32

export function secretsPath(data: string): string {
  return join(data, 'secrets.json')
}

/**
 * The secrets kept in the data folder, made up on the first call. Only the owner may read the file. It appears whole or not at all,
 * and of several processes that start at once all get the same secrets.
 * @throws ConfigError where the file cannot be read or written, or is not what was written.
 */
export function openSecrets(data: string, random: Random): Secrets {
  const path = secretsPath(data)
  try {
    return readSecrets(path) ?? createSecrets(path, data, random)
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error)) throw error
    throw new ConfigError([`data: ${path} cannot be used: ${error.message}`])
  }
}

function readSecrets(path: string): Secrets | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  if ((stat.mode & 0o077) !== 0) chmodSync(path, 0o600)
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    // The parser quotes what it read, and that is secret.
    if (error instanceof SyntaxError) throw new ConfigError([`data: ${path} is not JSON; delete it to get new secrets`])
    throw error
  }
  const read = secretsSchema.safeParse(content)
  if (!read.success) throw new ConfigError([`data: ${path}: ${describeIssue(read.error)}; delete the file to get new secrets`])
  return read.data
}

const sameMachine = 'a parent in development mode on this machine keeps its own in its data folder, which --data then names'

/** A relay and its parents have the same secrets, so it makes up none. @throws ConfigError */
function withSecretsOfParent(config: Config): Config {
  const { node, client, development } = config
  const kept = development || node.secret === undefined ? readSecrets(secretsPath(config.data)) : undefined
  const problems: string[] = []
  if (development && kept === undefined)
    problems.push(
      `client.token.hmac_secret_key: missing: a relay checks tokens itself, with the secret of its parent (FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY); ${sameMachine}`,
    )
  if (node.secret === undefined && kept === undefined)
    problems.push(`node.secret: missing: nodes show each other the same secret (--node-secret or FANFARE_NODE_SECRET); ${sameMachine}`)
  if (problems.length > 0) throw new ConfigError(problems)
  if (kept === undefined) return config
  const withNode = { ...config, node: { secret: node.secret ?? kept.node_secret } }
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

function createSecrets(path: string, data: string, random: Random): Secrets {
  const secret = () => randomId(random, secretBytes)
  const made: Secrets = { token_hmac_secret_key: secret(), http_api_key: secret(), node_secret: secret() }
  mkdirSync(data, { recursive: true })
  const draft = `${path}.${randomId(random, 8)}`
  writeFileSync(draft, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  try {
    // Unlike a rename, a link never replaces what another process has put there meanwhile.
    linkSync(draft, path)
    return made
  } catch (error) {
    const other = readSecrets(path)
    if (other === undefined) throw error
    return other
  } finally {
    unlinkSync(draft)
  }
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
  const node = { secret: config.node.secret ?? secrets.node_secret }
  if (!config.development) return { ...config, node }
  return {
    ...config,
    node,
    httpApi: { ...config.httpApi, key: config.httpApi.key ?? secrets.http_api_key },
    client: clientWith(config.client, secrets),
  }
}
