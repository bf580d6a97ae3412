import type { Control, Node, SubscribeControl } from '../../hub/index.ts'
import { parseDuration } from '../../kit/index.ts'
import { type ClientInfo, type Close, CommandError, closes, errors } from '../../protocol/index.ts'
import type { Config } from '../config/index.ts'
import { type ConnectionClaims, type SubscriptionClaims, signToken } from '../identity/tokens.ts'

// What code in the server's process has in common with the server API.

/** The options of a token beside its user. */
export interface TokenOptions {
  /** How long it is valid, as in a configuration; `1h` unless said otherwise. */
  readonly ttl?: string
  /** Makes a subscription token, which lets the user into this channel and opens no connection. */
  readonly channel?: string
  /** Channels that a connection with it is subscribed to by the server. */
  readonly channels?: readonly string[]
  /** What others see of the user. */
  readonly info?: unknown
}

/** @throws CommandError 102, 108 */
export async function presenceOf(node: Node, channel: string): Promise<Readonly<Record<string, ClientInfo>>> {
  checkPresence(node, channel)
  return Object.fromEntries(await node.presence.list(channel))
}

/** @throws CommandError 102, 108 */
export async function presenceStatsOf(node: Node, channel: string) {
  checkPresence(node, channel)
  return node.presence.stats(channel)
}

function checkPresence({ access }: Node, channel: string): void {
  if (!access.namespaceOf(channel).presence) throw new CommandError(errors.notAvailable, 'presence is off in this namespace')
}

/** @throws CommandError 102 */
export async function subscribe(node: Node, user: string, channel: string, options: SubscribeControl): Promise<void> {
  node.access.namespaceOf(channel)
  await tellAll(node, { kind: 'subscribe', user, channel, options })
}

export function disconnect(
  node: Node,
  user: string,
  client: string | undefined,
  { code, reason }: Close = closes.forceDisconnect,
): Promise<void> {
  return node.broker.control({ kind: 'disconnect', user, ...(client === undefined ? {} : { client }), code, reason })
}

/** Tells every node. This one has obeyed when it resolves, so that what is asked next finds it done. */
export async function tellAll({ broker, clock }: Node, control: Control): Promise<void> {
  await broker.control(control)
  await new Promise<void>(resolve => clock.soon(resolve))
}

/** A token, signed with the secret that this server checks. @throws Error where there is none, or the time makes no sense */
export async function issueToken(config: Config, nowMs: number, user: string, options: TokenOptions): Promise<string> {
  const { ttl = '1h', channel, channels, info } = options
  const ttlMs = parseDuration(ttl)
  if (ttlMs === undefined || ttlMs === 0) throw new RangeError(`ttl: expected a duration like "30s", got ${JSON.stringify(ttl)}`)
  const source = channel === undefined ? config.client.token : config.client.subscriptionToken
  if (source.hmacSecretKey === undefined) throw new Error('no secret to sign with: tokens come from whoever owns the keys')
  const iat = Math.floor(nowMs / 1000)
  const common = { sub: user, iat, exp: iat + Math.ceil(ttlMs / 1000), ...(info === undefined ? {} : { info }) }
  const claims: ConnectionClaims | SubscriptionClaims =
    channel !== undefined ? { ...common, channel } : { ...common, ...(channels === undefined ? {} : { channels: [...channels] }) }
  const bound = {
    ...(source.audience === undefined ? {} : { aud: source.audience }),
    ...(source.issuer === undefined ? {} : { iss: source.issuer }),
  }
  return signToken(source.hmacSecretKey, { ...claims, ...bound })
}
