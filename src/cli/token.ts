import { type Clock, parseDuration, type Random } from '../kit/index.ts'
import { isChannelName } from '../protocol/index.ts'
import type { Config } from '../server/config/index.ts'
import { type ConnectionClaims, openSecrets, signToken } from '../server/index.ts'
import type { Flag } from './arguments.ts'

export const tokenFlags: readonly (Flag & { readonly preset?: string; readonly meaning: string })[] = [
  { name: 'user', type: 'text', meaning: 'Whose token it is: its `sub`. An empty text makes one for nobody.' },
  { name: 'ttl', type: 'duration', preset: '1h', meaning: 'How long it is good for.' },
  { name: 'channels', type: 'list', meaning: 'Channels that a connection with it is subscribed to by the server, separated by commas.' },
  { name: 'info', type: 'JSON', meaning: 'What others see of the user in presence, joins and publications.' },
]

export type Printed = { readonly ok: true; readonly token: string } | { readonly ok: false; readonly problems: readonly string[] }

/** A connection token, signed with the secret that the server with the same configuration checks. */
export async function makeToken(config: Config, values: ReadonlyMap<string, string>, clock: Clock, random: Random): Promise<Printed> {
  const problems: string[] = []
  const claims = claimsOf(values, clock, problems)
  const { token } = config.client
  const secret = token.hmacSecretKey ?? (config.development ? openSecrets(config.data, random).token_hmac_secret_key : undefined)
  if (secret === undefined)
    problems.push('client.token.hmac_secret_key: missing, and there is nothing else to sign with: tokens come from whoever owns the keys')
  if (problems.length > 0 || secret === undefined) return { ok: false, problems }
  const bound = {
    ...(token.audience === undefined ? {} : { aud: token.audience }),
    ...(token.issuer === undefined ? {} : { iss: token.issuer }),
  }
  return { ok: true, token: await signToken(secret, { ...claims, ...bound }) }
}

function claimsOf(values: ReadonlyMap<string, string>, clock: Clock, problems: string[]): ConnectionClaims {
  const user = values.get('user')
  if (user === undefined) problems.push('--user: missing, expected the id of a user')
  const ttl = values.get('ttl') ?? '1h'
  const ttlMs = parseDuration(ttl)
  if (ttlMs === undefined || ttlMs === 0) problems.push(`--ttl: expected a duration like "30s", got ${JSON.stringify(ttl)}`)
  const now = Math.floor(clock.now() / 1000)
  const channels = channelsOf(values.get('channels'), problems)
  const info = values.get('info')
  return {
    sub: user ?? '',
    iat: now,
    exp: now + Math.ceil((ttlMs ?? 0) / 1000),
    ...(channels === undefined ? {} : { channels }),
    ...(info === undefined ? {} : { info: infoOf(info, problems) }),
  }
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
