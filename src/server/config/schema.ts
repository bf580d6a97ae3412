import { z } from 'zod'
import { defaultLimits, type Rate } from '../../hub/index.ts'
import { formatDuration } from '../../kit/index.ts'
import { channelNameMax } from '../../protocol/index.ts'
import { broker, kafka, node } from './fleet-options.ts'
import { namespaceSchema, optionsSchema } from './namespace-options.ts'
import { isNetwork } from './networks.ts'
import {
  asJson,
  choice,
  duration,
  expects,
  flag,
  group,
  integer,
  list,
  optionalInteger,
  optionalOnOff,
  optionNotes,
  refusal,
  secretText,
  text,
} from './option.ts'
import type { ServicesInput } from './service-options.ts'
import { store } from './store-option.ts'

const limits = defaultLimits
const every = (ms: number) => formatDuration(ms)
const bytesMax = 2 ** 30

function rate(meaning: string, preset: Rate) {
  return group({
    per_second: integer(`${meaning}: how many a second, sustained.`, preset.perSecond, 1, 10_000_000),
    burst: integer(`${meaning}: how many at once.`, preset.burst, 1, 10_000_000),
  }).prefault({})
}

const httpUrl = { phrase: 'an http or https URL', pattern: /^https?:\/\/[^\s/]+/ }

function tokenSource(whose: string) {
  return {
    hmac_secret_key: secretText(`Secret that signs ${whose} with HS256.`, 'none'),
    jwks_public_endpoint: text(`URL of the public keys that check ${whose} (RS256, ES256, EdDSA).`, {
      ...httpUrl,
      type: 'URL',
      neverEmpty: true,
      otherwise: 'none',
    }).optional(),
    audience: text(`\`aud\` that ${whose} must carry.`, { neverEmpty: true, otherwise: 'any' }).optional(),
    issuer: text(`\`iss\` that ${whose} must carry.`, { neverEmpty: true, otherwise: 'any' }).optional(),
  }
}

const client = group({
  insecure: flag(
    'Lets clients in without a token and waives the permissions of channels that belong to no service. For a machine of one’s own only.',
  ),
  allow_anonymous_connect_without_token: flag(
    'Lets clients in without a token, as nobody: they may do what namespaces allow to the anonymous.',
  ),
  allowed_origins: list(
    'Origins of pages on other hosts that may connect; `https://*.example.com` for all below a name, `*` for any. The server’s own pages always may.',
    text('', { phrase: '"*" or an origin like "https://example.com"', pattern: /^(\*|[a-z][a-z0-9+.-]*:\/\/[^/\s]+)$/i }),
    'origins',
  ).prefault([]),
  trusted_proxies: list(
    'Proxies in front, as addresses or networks like `10.0.0.0/8`: from them alone `X-Forwarded-For` (or `Forwarded`) says who a client is, read from the right. They must set it themselves.',
    text('', { phrase: 'an address or a network like "10.0.0.0/8"', pattern: /^[0-9a-f:.]+(\/\d{1,3})?$/i }).refine(isNetwork, {
      error: ({ input }) => refusal('an address or a network like "10.0.0.0/8"', input),
    }),
    'networks',
  ).prefault([]),
  token: group(tokenSource('connection tokens')).prefault({}),
  subscription_token: group({
    enabled: flag('Subscription tokens have keys of their own; otherwise those of `client.token` serve.'),
    ...tokenSource('subscription tokens'),
  }).prefault({}),
  subscribe_to_user_personal_channel: group({
    enabled: flag('Subscribes every client that has a user id to a channel of its own, `namespace:#user`, with the connection.'),
    personal_channel_namespace: text('The namespace of those channels; none for channels without one.', {
      phrase: 'a name of letters, digits, "-", "_" and "."',
      pattern: /^[-\w.]{1,64}$/,
      otherwise: 'none',
    }).optional(),
    single_connection: flag('Closes the other connections of a user who connects, with 3504.'),
  }).prefault({}),
  ping_interval: duration('How often the server pings a WebSocket.', every(limits.pingIntervalMs), { minMs: 50 }),
  pong_timeout: duration('How long it waits for the pong; shorter than the interval. Beyond: close 3012.', every(limits.pongTimeoutMs), {
    minMs: 100,
  }),
  stale_close_delay: duration('How long a WebSocket may stay open without a connect command. Beyond: close 3502.', every(limits.staleMs), {
    minMs: 100,
  }),
  expired_close_delay: duration('How long after its end a token still counts, so that a refresh can arrive.', every(limits.expiryGraceMs)),
  stalled_close_delay: duration('How long a client may take nothing of what waits for it. Beyond: close 3008.', every(limits.stalledMs), {
    minMs: 1000,
  }),
  idle_timeout: duration(
    'How long a connection may keep quiet in the middle of an HTTP request, or after its answer. Longer than a balancer in front keeps its own: most do for 60 s.',
    every(limits.idleMs),
    { minMs: 1000 },
  ),
  message_size_limit: integer(
    'Bytes of one command or body from a client. Beyond: close 1009, or 413.',
    limits.commandBytesMax,
    256,
    bytesMax,
  ),
  subscribe_size_limit: optionalInteger(
    'Bytes of one subscribe command with its name, token and data. Beyond: error 106.',
    256,
    bytesMax,
    '4096, or client.message_size_limit where that is less',
  ),
  frame_size_limit: optionalInteger(
    'Bytes of one frame of several commands: SDKs put every subscription of a reconnect into one. Beyond: close 1009, which keeps them away.',
    256,
    bytesMax,
    'client.channel_limit x client.subscribe_size_limit',
  ),
  head_size_limit: integer(
    'Bytes of the first line and the headers of a request, where event streams name their channels. Beyond: 431.',
    limits.headBytesMax,
    16 * 1024,
    1024 * 1024,
  ),
  json_depth_limit: integer('How deeply JSON may nest.', limits.json.depthMax, 2, 512),
  json_keys_limit: integer('Keys of one JSON object.', limits.json.keysMax, 8, 1_000_000),
  json_items_limit: integer('Items of one JSON array.', limits.json.itemsMax, 8, 10_000_000),
  channel_limit: integer('Subscriptions of one session. Beyond: error 106.', limits.channelsPerSessionMax, 1, 1_000_000),
  connection_limit: integer(
    'Sessions of one node, and no more than it may have files open (`ulimit -n`) less 128 and 2 %. Beyond: 503, or close 3504.',
    limits.sessionsMax,
    1,
  ),
  user_connection_limit: integer(
    'Sessions of one user on one node, or on all nodes of a fleet; 0 for no limit (a load test with a single token needs more). Beyond: close 3504.',
    limits.sessionsPerUserMax,
    0,
  ),
  address_connection_limit: integer(
    'Connections of strangers from one address; loopback is not counted. Beyond: 429, or close 3013.',
    limits.strangersPerAddressMax,
    1,
  ),
  known_user_reserve: integer(
    'Percent of `client.connection_limit` that only known users may take. Beyond: 503, or close 3013, for strangers.',
    limits.knownUsersPercent,
    0,
    100,
  ),
  connection_rate_limit: integer(
    'New sessions a second on one node. Beyond: 503 with Retry-After.',
    limits.connectRate.perSecond,
    1,
    10_000_000,
  ),
  address_connection_rate: rate('New sessions of one address', limits.connectRatePerAddress),
  command_rate: rate('Commands of one connection', limits.commandRate),
  user_command_rate: rate('Commands of one user on one node, or on all nodes of a fleet', limits.commandRatePerUser),
  address_command_rate: rate(
    'Commands of all strangers of one address over their connections, and channels of their event streams',
    limits.commandRatePerAddress,
  ),
  address_failed_token_rate: rate('Tokens of one address that are no good; loopback is not counted', limits.failedTokenRatePerAddress),
  malformed_rate: rate('Malformed input of one connection', limits.malformedRate),
  pending_command_limit: integer(
    'Commands of one session that wait for an earlier one. Beyond: close 3013.',
    limits.commandsPendingMax,
    1,
    1_000_000,
  ),
  queue_max_size: integer('Bytes that wait for one client. Beyond: close 3008.', limits.outboxBytesMax, 1024, bytesMax),
  queue_high_water: integer(
    'Bytes waiting in the socket from which nothing more is written to it.',
    limits.outboxHighWaterBytes,
    1024,
    bytesMax,
  ),
  queue_low_water: integer(
    'Bytes waiting in the socket from which conflated channels wait and choose the newest.',
    limits.outboxLowWaterBytes,
    0,
    bytesMax,
  ),
  catching_up_limit: integer('Publications that wait while one subscription recovers.', limits.catchingUpMax, 1, 10_000_000),
  recovery_max_publication_limit: integer(
    'Publications that one recovery replays. Beyond: `recovered` is false.',
    limits.recoveryMax,
    1,
    10_000_000,
  ),
  recovery_max_size: integer(
    'Bytes of publications that one client has recovered and not been sent. Beyond: `recovered` is false.',
    limits.recoveryBytesMax,
    1024,
    bytesMax,
  ),
  history_max_publication_limit: integer('Publications in one history reply.', limits.historyPageMax, 1, 10_000_000),
  history_max_size: integer(
    'Bytes of publications in one history reply. Beyond: the page ends earlier.',
    limits.historyPageBytesMax,
    1024,
    bytesMax,
  ),
  presence_max_size: integer(
    'Bytes of one list of who is in a channel, for clients. Beyond: error 106; `presence_stats` still counts them.',
    limits.presenceBytesMax,
    1024,
    bytesMax,
  ),
  unsent_size_limit: integer(
    'Bytes that wait for all clients of a node, answers over HTTP among them. Beyond: close 3008, or a cut, for who holds most.',
    limits.unsentBytesMax,
    1024 * 1024,
    Number.MAX_SAFE_INTEGER,
  ),
  user_unsent_size_limit: integer(
    'Bytes that wait for all connections of one user, answers over HTTP among them. Beyond: close 3008, or a cut, for the one that holds most.',
    limits.unsentBytesPerUserMax,
    1024,
    Number.MAX_SAFE_INTEGER,
  ),
  channel_position_check_delay: duration(
    'How often a node asks whether it missed the end of a channel; `0s` where it cannot.',
    every(limits.positionCheckMs),
  ),
})

const channel = group({
  max_length: integer('Characters of a channel name.', channelNameMax, 1, channelNameMax),
  history_meta_ttl: duration('How long epoch and offset outlive the publications of a quiet channel.', '30d', { maxMs: 3650 * 86_400_000 }),
  stream_limit: integer(
    'Channels that keep history or state in memory. Beyond: the one idle for longest is forgotten.',
    limits.streamsMax,
    1,
  ),
  conflated_key_limit: integer('Keys of one `conflated` channel. Beyond: a new key is refused with error 106.', limits.conflatedKeysMax, 1),
  broadcast_min: integer(
    'Subscribers of a channel on one node from which those who follow nothing else are written to together.',
    limits.broadcastMin,
    2,
  ),
  join_leave_tick_limit: integer(
    'Joins and leaves of a channel that go out one by one in a tick. Beyond: they are gathered.',
    limits.joinsPerTickMax,
    1,
  ),
  join_leave_batch_interval: duration('How long gathered joins and leaves wait.', every(limits.joinBatchMs), { minMs: 1 }),
  linger: duration('How long a channel without subscribers on this node stays open upstream.', every(limits.channelLingerMs)),
  without_namespace: optionsSchema.prefault({}),
  namespaces: z
    .array(namespaceSchema, expects('a list of namespaces'))
    .register(optionNotes, {
      type: 'list of namespaces',
      meaning: 'The namespaces: each has a `name` and the options of `channel.without_namespace`. In a flag or variable: JSON.',
      read: asJson,
    })
    .prefault([]),
})

function hook(when: string, retries: number) {
  return group({
    url: text(`Where to post ${when}; its host must be in \`hooks.allowed_hosts\`.`, {
      ...httpUrl,
      type: 'URL',
      neverEmpty: true,
      otherwise: 'none',
    }),
    timeout: duration('How long to wait for the answer.', '1s', { minMs: 10, maxMs: 60_000 }),
    retries: integer('How often to try again.', retries, 0, 100),
  }).optional()
}

const asks = 1
const tells = 10

const hooks = group({
  secret: secretText('Secret that signs every hook with HMAC-SHA256. Required with any hook.', 'none'),
  allowed_hosts: list(
    'Hosts that hooks may call, as `host` or `host:port`.',
    text('', { phrase: 'a host like "backend.internal" or "localhost:3000"', pattern: /^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d+)?$/i }),
    'hosts',
  ).prefault([]),
  connect: hook('a client’s connect, and let the answer decide', asks),
  refresh: hook('the end of a session’s time, and let the answer extend it', asks),
  subscribe: hook('a subscribe in namespaces with `subscribe_hook`, and let the answer decide', asks),
  publish: hook('a client’s publish in namespaces with `publish_hook`, and let the answer decide', asks),
  rpc: hook('a command that no service has, and answer with what comes back', asks),
  disconnect: hook('that a client went', tells),
  unsubscribe: hook('that a client left a channel', tells),
  channel_occupied: hook('that a channel got its first subscriber', tells),
  channel_vacated: hook('that a channel lost its last subscriber', tells),
})

const speed = z
  .string(expects('a speed like "60x"'))
  .regex(/^(\d{1,5}(\.\d{1,3})?)x$/, expects('a speed like "60x"'))
  .transform(value => Number(value.slice(0, -1)))
  .refine(value => value > 0, { error: 'expected a speed above "0x"' })
  .register(optionNotes, { type: 'speed', meaning: 'How fast the demo replays, as a multiple of real time.', read: text => text })

/** The file name after `replay:` may hold an `@`, so the speed follows the last one. */
const feed = z.string(expects('a feed like "replay:match.json@10x"')).transform((value, context) => {
  const [, path, speed = '1'] = /^replay:(.+?)(?:@(\d{1,5}(?:\.\d{1,3})?)x)?$/s.exec(value) ?? []
  if (path !== undefined && Number(speed) > 0) return { kind: 'replay' as const, path, speed: Number(speed) }
  context.addIssue({ code: 'custom', message: refusal('a feed like "replay:match.json@10x"', value) })
  return z.NEVER
})

/** The configuration but for what services bring along. Names are Centrifugo's where it has them; durations are texts. */
export const schema = group({
  host: text('Address to listen on. Beyond loopback a secret is required.', {
    phrase: 'an address like "127.0.0.1"',
    pattern: /^[\w.:[\]-]+$/,
  }).prefault('127.0.0.1'),
  port: integer('Port to listen on; 0 takes a free one.', 7400, 0, 65_535),
  data: text('Folder for everything that is kept.', { type: 'folder' }).prefault('./data'),
  workers: integer('Processes that share the port.', 1, 1, 256),
  upstream: list(
    'Makes this server a relay: the nodes that it may hang on, tried in order. Channels, services and pages are theirs.',
    text('', { phrase: 'an address like "ws://parent:7400"', pattern: /^wss?:\/\/[^\s/?#@]+$/ }),
    'addresses',
    { neverEmpty: true },
  ).prefault([]),
  region: text('Where a relay is, as shown in `/ops/tree`.', { otherwise: 'none' }).optional(),
  broker: broker.prefault('memory:'),
  store,
  services: list(
    'Services that run, by their names; those that are left out have no commands, channels or pages.',
    text('', { phrase: 'the name of a service', pattern: /^\w+$/ }),
    'services',
    { otherwise: 'all that there are' },
  ).optional(),
  demo: optionalOnOff('Demo feeds, in development mode alone.', 'on in development mode'),
  demo_speed: speed.prefault('60x'),
  feed: list(
    'Recordings to replay, each as `replay:FILE`, or `replay:FILE@10x` at ten times its speed; what they are is seen from the file.',
    feed,
    'feeds',
  ).prefault([]),
  client: client.prefault({}),
  channel: channel.prefault({}),
  http_api: group({
    key: secretText('Key that callers of the server API send as `X-API-Key`. Without one the API refuses every call.', 'none'),
    insecure: flag('Opens the server API to everyone who reaches the port. For a machine of one’s own only.'),
    body_size_limit: integer('Bytes of one body to the server API.', limits.apiBytesMax, 1024, bytesMax),
  }).prefault({}),
  metrics: group({
    key: secretText(
      'Key that opens `/metrics`, as `Authorization: Bearer KEY` or `X-API-Key`. That of the server API opens it too; in development mode it is open.',
      'none',
    ),
  }).prefault({}),
  sse: group({
    heartbeat_interval: duration('How often an event stream carries a heartbeat.', every(limits.sseHeartbeatMs), { minMs: 10 }),
    ended_retry: duration(
      'How long a client is told to wait whose event stream ended for good. A browser then comes back once and stops.',
      every(limits.sseEndedRetryMs),
      { minMs: 100 },
    ),
    channel_retry: duration(
      'How long an event stream waits before it asks again for a channel that a back end could not decide on; twice as long each time, up to 30 s.',
      every(limits.lateChannelRetry.baseMs),
      { minMs: 10, maxMs: 3_600_000 },
    ),
    watchlist_linger: duration('How long the watchlist of a broken event stream waits for its return.', every(limits.sseLingerMs)),
  }).prefault({}),
  hooks: hooks.prefault({}),
  kafka: kafka.prefault({}),
  node: node.prefault({}),
  shutdown: group({
    timeout: duration('The drain window, over which clients are told to come back.', '30s', { maxMs: 3_600_000 }),
  }).prefault({}),
  log: group({
    level: choice('The least important kind of line that is written.', ['debug', 'info', 'warn', 'error'], 'info'),
    format: choice('`auto` is pretty on a terminal and in development mode, JSON otherwise.', ['auto', 'pretty', 'json'], 'auto'),
  }).prefault({}),
})

/** The configuration as one writes it: in a file, or handed to `createServer`. */
export type ConfigInput<S = never> = z.input<typeof schema> & ServicesInput<S>
/** The configuration as it was read: complete, durations in milliseconds, not yet checked across options. */
export type Settings = z.output<typeof schema>
