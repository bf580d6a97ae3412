import { defaultLimits, type Limits, type Namespace, type PersonalChannel } from '../../hub/index.ts'
import { addressOf, hostsOf, schemeOf } from './fleet-rules.ts'
import { frameSizesOf } from './frame-sizes.ts'
import { toNamespace } from './namespace-options.ts'
import type { PlacedNamespace, Readable } from './readable.ts'
import { type HookName, hookNames, isDevelopment } from './rules.ts'
import type { Settings } from './schema.ts'

/** Keys and claims that tokens of one kind are checked with. Both keys may be given: HS256 goes to the secret, the rest to the JWKS. */
export interface TokenSource {
  readonly hmacSecretKey: string | undefined
  readonly jwksPublicEndpoint: string | undefined
  readonly audience: string | undefined
  readonly issuer: string | undefined
}

/** How Kafka is reached, and which topics are used. */
export interface KafkaConfig {
  /** `host:port` each, of the brokers that are asked for all others. */
  readonly hosts: readonly string[]
  /** Files, where connections are encrypted. */
  readonly tls: KafkaTls | undefined
  readonly login: KafkaLogin | undefined
  readonly topics: { readonly prefix: string; readonly partitions: number; readonly replication: number | undefined }
  /** Namespaces whose publications have topics of their own, by name. */
  readonly mappings: Readonly<Record<string, KafkaMapping>>
}

/** Paths of PEM files, each absent where the system's will do. */
export interface KafkaTls {
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly servername: string | undefined
}

export interface KafkaLogin {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
  readonly username: string
  readonly password: string
}

/** `shared`: one topic for all channels of the namespace; `per-channel`: one for each. */
export interface KafkaMapping {
  readonly mapping: 'shared' | 'per-channel'
  readonly topic: string | undefined
}

export interface HookTarget {
  readonly url: string
  readonly timeoutMs: number
  readonly retries: number
}

/**
 * Where services keep rows that several nodes may share. `path` is the SQLite file of what belongs to this machine either way: histories of
 * channels, and what services keep here alone.
 */
export type Store =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string; readonly path: string }

/**
 * Where rows go that are asked for asynchronously, as `openSql` takes it. In SQLite that is a file beside the one of histories, which are
 * written without waiting: in one file, either would have to block the process for a transaction of the other.
 */
export function storeTarget(store: Store): string {
  if (store.kind === 'postgres') return store.url
  return store.path === ':memory:' ? 'sqlite::memory:' : `sqlite:${store.path.replace(/(\.[^./]+)?$/, '-rows$1')}`
}

/** The configuration, complete and checked. */
export interface Config {
  readonly kind: 'config'
  readonly host: string
  readonly port: number
  /** Folder for everything that is kept. */
  readonly data: string
  readonly workers: number
  /** Nodes that this one may hang on as `ws://host:port`; none on the central node. */
  readonly upstreams: readonly string[]
  readonly region: string
  /** The URL of what moves publications between nodes, such as `memory:`. */
  readonly broker: string
  readonly store: Store
  /** Names of the services that run. */
  readonly services: readonly string[]
  /** Their options, and those of services that do not run here, as each of them takes them. */
  readonly serviceOptions: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly demo: { readonly enabled: boolean; readonly speed: number }
  /** Recordings to replay, at so many times their speed. */
  readonly feeds: readonly { readonly kind: 'replay'; readonly path: string; readonly speed: number }[]
  /** No way to tell clients apart was given: bound to loopback, secrets are generated, guests may log in. */
  readonly development: boolean
  readonly client: {
    readonly insecure: boolean
    readonly allowAnonymousConnectWithoutToken: boolean
    readonly personalChannel: PersonalChannel | undefined
    readonly allowedOrigins: readonly string[]
    /** Networks in CIDR form whose word on a client's address counts. */
    readonly trustedProxies: readonly string[]
    readonly token: TokenSource
    readonly subscriptionToken: TokenSource
  }
  readonly channel: { readonly namespaces: readonly Namespace[] }
  readonly httpApi: { readonly key: string | undefined; readonly insecure: boolean }
  /** `key` opens `/metrics`, as the key of the server API does. */
  readonly metrics: { readonly key: string | undefined }
  readonly hooks: {
    readonly secret: string | undefined
    readonly allowedHosts: readonly string[]
    readonly targets: Readonly<Partial<Record<HookName, HookTarget>>>
  }
  /** `secret` is what nodes and workers of one cluster show each other, `address` where the others of a fleet link to this one. */
  readonly node: { readonly secret: string | undefined; readonly address: string | undefined }
  readonly kafka: KafkaConfig
  readonly shutdown: { readonly timeoutMs: number }
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'auto' | 'pretty' | 'json' }
  readonly limits: Limits
  /** Bytes of the longest body that any route takes. */
  readonly bodyBytesMax: number
  /** Options without effect, and weak ones, each as `path: reason`. */
  readonly warnings: readonly string[]
}

function limitsOf({ client, channel, sse, http_api }: Settings): Limits {
  return {
    ...frameSizesOf(client),
    headBytesMax: client.head_size_limit,
    apiBytesMax: http_api.body_size_limit,
    tagFilter: defaultLimits.tagFilter,
    json: { depthMax: client.json_depth_limit, keysMax: client.json_keys_limit, itemsMax: client.json_items_limit },
    channelLengthMax: channel.max_length,
    channelsPerSessionMax: client.channel_limit,
    sessionsMax: client.connection_limit,
    sessionsPerUserMax: client.user_connection_limit,
    strangersPerAddressMax: client.address_connection_limit,
    knownUsersPercent: client.known_user_reserve,
    connectRatePerAddress: toRate(client.address_connection_rate),
    connectRate: { perSecond: client.connection_rate_limit, burst: client.connection_rate_limit },
    commandRate: toRate(client.command_rate),
    commandRatePerUser: toRate(client.user_command_rate),
    commandRatePerAddress: toRate(client.address_command_rate),
    failedTokenRatePerAddress: toRate(client.address_failed_token_rate),
    malformedRate: toRate(client.malformed_rate),
    commandsPendingMax: client.pending_command_limit,
    outboxBytesMax: client.queue_max_size,
    outboxHighWaterBytes: client.queue_high_water,
    outboxLowWaterBytes: client.queue_low_water,
    broadcastMin: channel.broadcast_min,
    stalledMs: client.stalled_close_delay,
    catchingUpMax: client.catching_up_limit,
    recoveryMax: client.recovery_max_publication_limit,
    recoveryBytesMax: client.recovery_max_size,
    recoveryInReplyBytes: defaultLimits.recoveryInReplyBytes,
    replayPieceBytes: defaultLimits.replayPieceBytes,
    replayWindowBytes: defaultLimits.replayWindowBytes,
    recoveryWaitMs: defaultLimits.recoveryWaitMs,
    historyPageMax: client.history_max_publication_limit,
    historyPageBytesMax: client.history_max_size,
    presenceBytesMax: client.presence_max_size,
    unsentBytesMax: client.unsent_size_limit,
    unsentBytesPerUserMax: client.user_unsent_size_limit,
    conflatedKeysMax: channel.conflated_key_limit,
    streamsMax: channel.stream_limit,
    joinsPerTickMax: channel.join_leave_tick_limit,
    joinBatchMs: channel.join_leave_batch_interval,
    idleMs: client.idle_timeout,
    pingIntervalMs: client.ping_interval,
    pongTimeoutMs: client.pong_timeout,
    staleMs: client.stale_close_delay,
    sseHeartbeatMs: sse.heartbeat_interval,
    sseEndedRetryMs: sse.ended_retry,
    lateChannelRetry: { baseMs: sse.channel_retry, capMs: Math.max(sse.channel_retry, defaultLimits.lateChannelRetry.capMs) },
    sseLingerMs: sse.watchlist_linger,
    channelLingerMs: channel.linger,
    positionCheckMs: client.channel_position_check_delay,
    expiryGraceMs: client.expired_close_delay,
  }
}

function toRate({ per_second, burst }: { per_second: number; burst: number }) {
  return { perSecond: per_second, burst }
}

function toTokenSource(given: Settings['client']['token']): TokenSource {
  return {
    hmacSecretKey: given.hmac_secret_key,
    jwksPublicEndpoint: given.jwks_public_endpoint,
    audience: given.audience,
    issuer: given.issuer,
  }
}

function toTarget(given: Settings['hooks']['connect']): HookTarget | undefined {
  return given === undefined ? undefined : { url: given.url, timeoutMs: given.timeout, retries: given.retries }
}

function storeOf({ store, data }: Settings): Store {
  const path = `${data}/fanfare.sqlite`
  if (store === undefined) return { kind: 'sqlite', path }
  return store.kind === 'sqlite' ? store : { ...store, path }
}

function kafkaOf({ broker, kafka }: Settings, namespaces: readonly PlacedNamespace[]): KafkaConfig {
  const { username, password, mechanism, tls, topics } = kafka
  return {
    hosts: hostsOf(broker) ?? [],
    tls: schemeOf(broker) === 'kafkas' ? { ca: tls.ca, cert: tls.cert, key: tls.key, servername: tls.servername } : undefined,
    login: username === undefined || password === undefined ? undefined : { mechanism, username, password },
    topics: { prefix: topics.prefix, partitions: topics.partitions, replication: topics.replication },
    mappings: Object.fromEntries(
      namespaces.flatMap(({ name, options: { kafka: own } }) =>
        own === undefined ? [] : [[name, { mapping: own.mapping, topic: own.topic }] as const],
      ),
    ),
  }
}

function hooksOf({ secret, allowed_hosts, ...given }: Settings['hooks']): Config['hooks'] {
  const targets: Partial<Record<HookName, HookTarget>> = {}
  for (const name of hookNames) {
    const target = toTarget(given[name])
    if (target !== undefined) targets[name] = target
  }
  return { secret, allowedHosts: allowed_hosts, targets }
}

/** The configuration that the rest of the server reads, from options that fit together. */
export function toConfig({ settings, namespaces, services }: Readable, warnings: readonly string[]): Config {
  const { client, channel } = settings
  return {
    kind: 'config',
    host: settings.host,
    port: settings.port,
    data: settings.data,
    workers: settings.workers,
    upstreams: settings.upstream,
    region: settings.region ?? '',
    broker: settings.broker,
    store: storeOf(settings),
    services: services.running,
    serviceOptions: services.options,
    demo: { enabled: isDevelopment(settings) && settings.demo !== false, speed: settings.demo_speed },
    feeds: settings.feed,
    development: isDevelopment(settings),
    client: {
      insecure: client.insecure,
      allowAnonymousConnectWithoutToken: client.allow_anonymous_connect_without_token,
      personalChannel: personalChannelOf(client.subscribe_to_user_personal_channel),
      allowedOrigins: client.allowed_origins,
      trustedProxies: client.trusted_proxies,
      token: toTokenSource(client.token),
      subscriptionToken: toTokenSource(client.subscription_token.enabled ? client.subscription_token : client.token),
    },
    channel: {
      namespaces: namespaces.map(({ name, options }) => toNamespace(name, options, channel.history_meta_ttl)),
    },
    httpApi: { key: settings.http_api.key, insecure: settings.http_api.insecure },
    metrics: { key: settings.metrics.key },
    hooks: hooksOf(settings.hooks),
    node: { secret: settings.node.secret, address: addressOf(settings) },
    kafka: kafkaOf(settings, namespaces),
    shutdown: { timeoutMs: settings.shutdown.timeout },
    log: settings.log,
    limits: limitsOf(settings),
    bodyBytesMax: Math.max(settings.http_api.body_size_limit, ...services.bodyBytesMax),
    warnings,
  }
}

function personalChannelOf(options: Settings['client']['subscribe_to_user_personal_channel']): PersonalChannel | undefined {
  if (!options.enabled) return undefined
  return { namespace: options.personal_channel_namespace ?? '', isSingleConnection: options.single_connection }
}
