import { namespaceProblems, type Spelling } from '../../hub/index.ts'
import { formatDuration } from '../../kit/index.ts'
import { brokers as shipped } from '../application/brokers.ts'
import { checkFleet, fleetSchemes, fleetWarnings, schemeOf } from './fleet-rules.ts'
import { brokenBy, limitRules } from './limit-rules.ts'
import { configName, givenOptions, idleOptions } from './namespace-options.ts'
import type { Problem } from './problems.ts'
import type { PlacedNamespace, Readable } from './readable.ts'
import type { Settings } from './schema.ts'
import type { ReportProblem } from './service-options.ts'

/** Whether only this machine can reach the address. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** No way to tell who a client is was given: secrets are generated and guests may log in. */
export function isDevelopment({ client, hooks }: Settings): boolean {
  return client.token.hmac_secret_key === undefined && client.token.jwks_public_endpoint === undefined && hooks.connect === undefined
}

const giveSecret = [
  'give a token secret (FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY, or client.token.hmac_secret_key in the configuration file; `openssl rand -hex 32` makes one)',
  'or client.token.jwks_public_endpoint,',
  'or stay on this machine with host 127.0.0.1',
].join(' ')

function checkExposure({ settings }: Readable, complain: ReportProblem): void {
  const { host, client, http_api } = settings
  if (isLoopback(host)) return
  const reachable = `"${host}" can be reached from other machines`
  const credentials = ['client.token.hmac_secret_key', 'client.token.jwks_public_endpoint', 'hooks.connect.url']
  if (isDevelopment(settings)) complain('host', `${reachable}, but there is no secret to check clients with: ${giveSecret}`, credentials)
  if (client.insecure)
    complain('client.insecure', `must be false where host ${reachable}: ${giveSecret}, and clients need a token`, ['host'])
  if (http_api.insecure) complain('http_api.insecure', `must be false where host ${reachable}: give http_api.key instead`, ['host'])
}

function checkClient({ settings: { client } }: Readable, complain: ReportProblem): void {
  if (client.pong_timeout >= client.ping_interval)
    complain('client.pong_timeout', 'must be shorter than client.ping_interval', ['client.ping_interval'])
  if (client.queue_high_water > client.queue_max_size)
    complain('client.queue_high_water', 'must be at most client.queue_max_size', ['client.queue_max_size'])
  const { enabled, hmac_secret_key, jwks_public_endpoint } = client.subscription_token
  const hasKey = hmac_secret_key !== undefined || jwks_public_endpoint !== undefined
  const keys = ['client.subscription_token.hmac_secret_key', 'client.subscription_token.jwks_public_endpoint']
  if (enabled && !hasKey) complain('client.subscription_token.enabled', 'needs hmac_secret_key or jwks_public_endpoint beside it', keys)
  if (!enabled && hasKey)
    complain('client.subscription_token.enabled', 'must be true where a key stands beside it, or the key would not be used', keys)
}

function checkPersonalChannel({ settings: { client, upstream }, namespaces }: Readable, complain: ReportProblem): void {
  const { enabled, personal_channel_namespace: name = '', single_connection } = client.subscribe_to_user_personal_channel
  const path = 'client.subscribe_to_user_personal_channel'
  if (!enabled && single_connection) complain(`${path}.single_connection`, `needs ${path}.enabled`)
  // A relay has the namespaces of its parent.
  if (!enabled || upstream.length > 0 || namespaces.some(namespace => namespace.name === name)) return
  complain(`${path}.personal_channel_namespace`, `"${name}" is none of channel.namespaces`, ['channel.namespaces'])
}

export const hookNames = [
  'connect',
  'refresh',
  'subscribe',
  'publish',
  'rpc',
  'disconnect',
  'unsubscribe',
  'channel_occupied',
  'channel_vacated',
] as const
export type HookName = (typeof hookNames)[number]

/** Whether hooks may call the URL: its host is on the list, with its port or for any. Nothing stands for several hosts, so that whoever can be reached was named. */
export function isAllowedHost({ host, hostname }: URL, allowed: readonly string[]): boolean {
  return allowed.some(entry => entry.toLowerCase() === host || entry.toLowerCase() === hostname)
}

function checkHooks({ settings: { hooks, client } }: Readable, complain: ReportProblem): void {
  for (const name of hookNames) {
    const url = hooks[name]?.url
    if (url === undefined) continue
    const target = URL.parse(url)
    if (target === null) complain(`hooks.${name}.url`, 'expected an http or https URL')
    else if (!isAllowedHost(target, hooks.allowed_hosts)) {
      complain(`hooks.${name}.url`, `the host "${target.host}" is not in hooks.allowed_hosts`, ['hooks.allowed_hosts'])
    }
    if (hooks.secret === undefined) complain('hooks.secret', `missing: it signs what is posted to hooks.${name}.url`)
  }
  if (hooks.connect !== undefined && client.allowed_origins.includes('*')) {
    complain(
      'client.allowed_origins',
      '"*" must not stand beside hooks.connect: any page could connect with its visitor’s cookies; name the origins',
      ['hooks.connect'],
    )
  }
}

/** Names and times as a configuration has them. */
const asConfigured: Spelling = { option: configName, duration: ms => `"${formatDuration(ms)}"` }

function checkNamespace({ path, name, options }: PlacedNamespace, { settings: { hooks } }: Readable, complain: ReportProblem): void {
  const at = (key: string) => `${path}.${key}`
  for (const { option, reason } of namespaceProblems(givenOptions(name, options), asConfigured)) complain(at(option), reason)
  if (options.subscribe_hook && hooks.subscribe === undefined)
    complain(at('subscribe_hook'), 'needs hooks.subscribe.url', ['hooks.subscribe'])
  if (options.publish_hook && hooks.publish === undefined) complain(at('publish_hook'), 'needs hooks.publish.url', ['hooks.publish'])
}

/** Schemes of brokers beside those that ship: of one node, and of the nodes of a fleet. */
export interface OtherBrokers {
  readonly brokers: readonly string[]
  readonly fleets: readonly string[]
}

function checkBroker({ settings: { broker } }: Readable, complain: ReportProblem, { brokers, fleets }: OtherBrokers): void {
  const schemes = [...Object.keys(shipped), ...fleetSchemes, ...brokers, ...fleets]
  if (schemes.includes(schemeOf(broker))) return
  const quoted = schemes.map(scheme => `"${scheme}:"`)
  complain('broker', `nothing is known of "${schemeOf(broker)}:", only of ${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`)
}

function checkNames({ namespaces }: Readable, complain: ReportProblem): void {
  for (const [index, { path, name }] of namespaces.entries()) {
    const first = namespaces.slice(0, index).find(other => other.name === name)
    if (first !== undefined) complain(`${path}.name`, `"${name}" is there already, at ${first.path}`)
  }
}

function checkLimits({ settings }: Readable, complain: ReportProblem): void {
  for (const rule of limitRules) {
    const reason = rule.isFatal ? brokenBy(rule, settings) : undefined
    if (reason !== undefined) complain(rule.path, reason, rule.reads)
  }
}

/** Options that do not fit together, except where one of them is wrong in itself (`wrong`). */
export function crossProblems(readable: Readable, wrong: readonly Problem[], others: OtherBrokers): Problem[] {
  const problems: Problem[] = []
  const isWrong = (path: string) =>
    wrong.some(problem => problem.path === path || problem.path.startsWith(`${path}.`) || path.startsWith(`${problem.path}.`))
  const complain: ReportProblem = (path, reason, reads = []) => {
    if (![path, ...reads].some(isWrong) && !problems.some(problem => problem.path === path)) problems.push({ path, reason })
  }
  checkExposure(readable, complain)
  checkBroker(readable, complain, others)
  checkFleet(readable, complain, [...fleetSchemes, ...others.fleets])
  checkSecrets(readable, complain)
  checkClient(readable, complain)
  checkPersonalChannel(readable, complain)
  checkHooks(readable, complain)
  checkLimits(readable, complain)
  readable.services.check(complain)
  for (const namespace of readable.namespaces) checkNamespace(namespace, readable, complain)
  checkNames(readable, complain)
  return problems
}

/** Bytes of a secret. Below, whoever may ask a few times a second has it in days: refused, but in development mode, which serves one machine. */
const secretBytesMin = 8
/** Bytes of one that cannot be guessed. HS256 asks for as much as its hash has (RFC 7518, 3.2), since a token lets one guess without asking. */
const secretBytesSafe = { signing: 32, shown: 16 } as const

interface GivenSecret {
  readonly path: string
  readonly bytes: number
  readonly safe: number
}

function secretsOf({ settings: { client, http_api, metrics, node, hooks }, services }: Readable): GivenSecret[] {
  const { signing, shown } = secretBytesSafe
  const given: readonly (readonly [path: string, secret: string | undefined, safe: number])[] = [
    ['client.token.hmac_secret_key', client.token.hmac_secret_key, signing],
    ['client.subscription_token.hmac_secret_key', client.subscription_token.hmac_secret_key, signing],
    ['http_api.key', http_api.key, shown],
    ['metrics.key', metrics.key, shown],
    ['node.secret', node.secret, shown],
    ['hooks.secret', hooks.secret, shown],
    ...services.secrets.map(({ path, value, guards }) => [path, value, secretBytesSafe[guards]] as const),
  ]
  return given.flatMap(([path, secret, safe]) => (secret === undefined ? [] : [{ path, bytes: Buffer.byteLength(secret), safe }]))
}

function checkSecrets(readable: Readable, complain: ReportProblem): void {
  if (isDevelopment(readable.settings)) return
  for (const { path, bytes } of secretsOf(readable))
    if (bytes < secretBytesMin)
      complain(path, `expected at least ${secretBytesMin} bytes, got ${bytes}: it can be guessed; \`openssl rand -hex 32\` makes one`)
}

/** Options without effect: logged at the start, not refused. */
export function warningsOf(readable: Readable, { fleets }: OtherBrokers): string[] {
  const { settings, namespaces, services } = readable
  const warnings = fleetWarnings(readable, [...fleetSchemes, ...fleets])
  if (settings.demo === true && !isDevelopment(settings)) warnings.push('demo: does nothing outside of development mode')
  for (const path of services.idle) warnings.push(`${path}: does nothing, since services leaves it out`)
  for (const { path, bytes, safe } of secretsOf(readable))
    if (bytes < safe) warnings.push(`${path}: shorter than ${safe} bytes, so it can be guessed`)
  if (settings.upstream.length > 0 && settings.channel.namespaces.length > 0)
    warnings.push('channel.namespaces: does nothing on a relay, which takes those of its parent')
  for (const rule of limitRules) {
    const reason = rule.isFatal ? undefined : brokenBy(rule, settings)
    if (reason !== undefined) warnings.push(`${rule.path}: ${reason}`)
  }
  for (const { path, options } of namespaces) {
    for (const option of idleOptions(options)) warnings.push(`${path}.${option}: does nothing with delivery "${options.delivery}"`)
  }
  return warnings
}
