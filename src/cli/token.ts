import { type Clock, parseDuration } from '../kit/index.ts'
import { isChannelName } from '../protocol/index.ts'
import type { Config } from '../server/config/index.ts'
import { type ConnectionClaims, explainToken, readSecrets, type SubscriptionClaims, signToken, TokenVerifier } from '../server/index.ts'
import type { Flag } from './arguments.ts'

export const tokenFlags: readonly (Flag & { readonly preset?: string; readonly meaning: string })[] = [
  { name: 'user', type: 'text', meaning: 'Whose token it is: its `sub`. An empty text makes one for nobody.' },
  { name: 'ttl', type: 'duration', preset: '1h', meaning: 'How long it is good for.' },
  {
    name: 'channel',
    type: 'text',
    meaning: 'Makes a subscription token instead, which lets the user into this channel and opens no connection.',
  },
  { name: 'channels', type: 'list', meaning: 'Channels that a connection with it is subscribed to by the server, separated by commas.' },
  {
    name: 'check',
    type: 'token',
    meaning: 'Makes none, and says of this one whether a server with the same configuration takes it, and why not.',
  },
  { name: 'info', type: 'JSON', meaning: 'What others see of the user in presence, joins and publications.' },
]

export type Printed = { readonly ok: true; readonly token: string } | { readonly ok: false; readonly problems: readonly string[] }

/** Whether a server with the same configuration takes a token, in words. */
export async function checkToken(
  config: Config,
  token: string,
  clock: Clock,
): Promise<{ readonly isGood: boolean; readonly line: string }> {
  const { kind, verdict, reason } = await explainToken(new TokenVerifier(checkedWith(config), clock), token)
  return { isGood: verdict === 'valid', line: `${kind} token, ${verdict}: ${reason}` }
}

/** The keys of the configuration; in development mode those of the data folder, where a server has run. */
function checkedWith({ client, development, data }: Config): Config['client'] {
  const hmacSecretKey = development ? readSecrets(data)?.token_hmac_secret_key : undefined
  if (hmacSecretKey === undefined) return client
  const given = client.subscriptionToken
  const hasOwnKey = given.hmacSecretKey !== undefined || given.jwksPublicEndpoint !== undefined
  const subscriptionToken = hasOwnKey ? given : { ...given, hmacSecretKey }
  return { ...client, token: { ...client.token, hmacSecretKey }, subscriptionToken }
}

/** A token, signed with the secret that the server with the same configuration checks. */
export async function makeToken(config: Config, values: ReadonlyMap<string, string>, clock: Clock): Promise<Printed> {
  const problems: string[] = []
  const claims = claimsOf(values, clock, problems)
  const source = 'channel' in claims ? config.client.subscriptionToken : config.client.token
  const secret = problems.length > 0 ? undefined : secretOf(config, source.hmacSecretKey, problems)
  if (secret === undefined) return { ok: false, problems }
  const bound = {
    ...(source.audience === undefined ? {} : { aud: source.audience }),
    ...(source.issuer === undefined ? {} : { iss: source.issuer }),
  }
  return { ok: true, token: await signToken(secret, { ...claims, ...bound }) }
}

/** The configured secret, or the one that a server in development mode keeps. None is made up here: no server would know it. */
function secretOf({ development, data }: Config, given: string | undefined, problems: string[]): string | undefined {
  const secret = given ?? (development ? readSecrets(data)?.token_hmac_secret_key : undefined)
  if (secret !== undefined) return secret
  problems.push(
    development
      ? `data: ${data} has no secrets.json, so it is not the data folder of a server that has run: name that one with --data, or give the server's secret (FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY)`
      : 'client.token.hmac_secret_key: missing, and there is nothing else to sign with: tokens come from whoever owns the keys',
  )
  return undefined
}

function claimsOf(values: ReadonlyMap<string, string>, clock: Clock, problems: string[]): ConnectionClaims | SubscriptionClaims {
  const user = values.get('user')
  if (user === undefined) problems.push('--user: missing, expected the id of a user')
  const ttl = values.get('ttl') ?? '1h'
  const ttlMs = parseDuration(ttl)
  if (ttlMs === undefined || ttlMs === 0) problems.push(`--ttl: expected a duration like "30s", got ${JSON.stringify(ttl)}`)
  const now = Math.floor(clock.now() / 1000)
  const channel = values.get('channel')
  if (channel !== undefined && !isChannelName(channel))
    problems.push(`--channel: expected the name of a channel, got ${JSON.stringify(channel)}`)
  if (channel !== undefined && values.has('channels'))
    problems.push('--channels: not beside --channel: a subscription token opens one channel')
  const channels = channelsOf(values.get('channels'), problems)
  const info = values.get('info')
  const common = {
    sub: user ?? '',
    iat: now,
    exp: now + Math.ceil((ttlMs ?? 0) / 1000),
    ...(info === undefined ? {} : { info: infoOf(info, problems) }),
  }
  if (channel !== undefined) return { ...common, channel }
  return channels === undefined ? common : { ...common, channels }
}

function channelsOf(text: string | undefined, problems: string[]): string[] | undefined {
  const names = text?.split(',').map(name => name.trim())
  if (names?.every(isChannelName) === false)
    problems.push(`--channels: expected names of channels separated by commas, got ${JSON.stringify(text)}`)
  return names
}

function infoOf(text: string, problems: string[]): unknown {
  try {
    return JSON.parse(text)
  } catch {
    problems.push(`--info: expected JSON, got ${JSON.stringify(text)}`)
    return undefined
  }
}
