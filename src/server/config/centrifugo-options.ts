/**
 * Options of Centrifugo 6 that are not ours, each with what to do instead; an entry also stands for all options below it, and the longest
 * one counts. What is not here is taken under the same name.
 */
const instead: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...below('http_server', {
      '': 'give `host` and `port`',
      address: 'give `host`',
      port: 'give `port`',
      internal_address: 'everything is on one port; let a proxy keep /api, /metrics and /ops from strangers',
      internal_port: 'everything is on one port; let a proxy keep /api, /metrics and /ops from strangers',
      internal_tls: 'everything is on one port; let a proxy in front end TLS',
      tls: 'let a proxy in front end TLS (nginx, Caddy, haproxy)',
      tls_autocert: 'let a proxy in front fetch certificates and end TLS (Caddy does both)',
      tls_external: 'let a proxy in front end TLS',
      http3: 'let a proxy in front speak HTTP/3',
      h2c_external: 'let a proxy in front speak HTTP/2',
    }),
    'log.file': 'lines go to the standard output; direct that into a file',
    engine: 'leave it out: one node keeps everything, `workers` adds processes, and `fanfare relay` adds machines, without Redis',
    broker: 'leave it out, or `broker: "memory"`; `workers` and `fanfare relay` stand for a shared broker',
    presence_manager: 'leave it out: presence is kept by the central node, and is right on every node below it',
    map_broker: 'leave it out: a namespace with `delivery: "conflated"` keeps the newest value of each key',
    controller: 'leave it out: nodes of one tree speak to each other by themselves (`fanfare relay`)',
    shared_poll: 'publish what changed by the server API; nothing is polled',
    ...below('client', {
      ...below('proxy', {
        '': 'give `hooks.connect` and `hooks.refresh`',
        connect: 'give `hooks.connect` (`url`, `timeout`, `retries`) with `hooks.secret` and `hooks.allowed_hosts`',
        refresh: 'give `hooks.refresh` (`url`, `timeout`, `retries`) with `hooks.secret` and `hooks.allowed_hosts`',
      }),
      ...below('token', tokenAdvice('client.token')),
      ...below('subscription_token', tokenAdvice('client.subscription_token')),
      disallow_anonymous_connection_tokens: 'refuse tokens without `sub` where you sign them',
      expired_sub_close_delay: '`client.expired_close_delay` holds for subscriptions as well',
      presence_update_interval: 'leave it out: presence is by leases of nodes, not by clients',
      concurrency: 'leave it out: commands that wait for others do not hold up the rest',
      channel_position_max_time_lag: '`client.channel_position_check_delay` says how often positions are checked',
      connect_include_server_time: 'leave it out: publications carry no server time; a command of your own can tell it',
      insecure_skip_token_signature_verify: 'leave it out: a signature is always checked; `client.insecure` opens a server on one machine',
      user_id_http_header: 'give `hooks.connect`, which sees the headers and says who it is',
      connect_code_to_unidirectional_disconnect: 'leave it out: event streams end with the code itself',
    }),
    ...below('channel', {
      ...below('proxy', {
        '': 'give `hooks`',
        subscribe: 'give `hooks.subscribe`, and `subscribe_hook: true` in the namespaces that it decides',
        publish: 'give `hooks.publish`, and `publish_hook: true` in the namespaces that it decides',
        sub_refresh: '`hooks.subscribe` is asked again where its `expire_at` has come',
        subscribe_stream: 'publish by the server API while `channel_occupied` and `channel_vacated` hooks say who listens',
        map_publish: 'give `hooks.publish`',
        map_remove: 'give `hooks.publish`',
        shared_poll_refresh: 'publish what changed by the server API; nothing is polled',
      }),
      publication_data_format: 'leave it out: data is any JSON',
      private_prefix: 'leave it out: "$" begins the name of a channel that only tokens open',
      namespace_boundary: 'leave it out: ":" ends the name of a namespace',
      user_boundary: 'leave it out: "#" stands before the users of a channel',
      user_separator: 'leave it out: "," stands between the users of a channel',
      ...below('without_namespace', namespaceAdvice()),
      ...below('namespaces[]', namespaceAdvice()),
    }),
    ...below('rpc', {
      '': 'give `hooks.rpc`, or commands of your own code',
      proxy: 'give `hooks.rpc` (`url`, `timeout`, `retries`) with `hooks.secret` and `hooks.allowed_hosts`',
      ping: 'leave it out: the protocol has its own ping',
    }),
    proxies: 'give `hooks`: one target for each kind of question and notice',
    consumers: 'leave it out: have your back end publish by the server API, or a service of your own by `server.publish`',
    ...below('http_api', {
      disabled: 'leave `http_api.key` out: without one every call is refused',
      handler_prefix: 'leave it out: it is /api; a proxy may map another path to it',
      error_mode: 'send the header `X-Centrifugo-Error-Mode: transport` where it is wanted',
      external: 'leave it out: everything is on one port',
    }),
    grpc_api: 'call the server API by HTTP',
    ...below('websocket', {
      '': 'leave it out',
      disabled: 'leave it out: the WebSocket is always there',
      handler_prefix: 'leave it out: it is /connection/websocket; a proxy may map another path to it',
      compression: 'leave it out: frames are not compressed; `allowed_delta_types` saves more',
      write_timeout: 'give `client.stalled_close_delay`',
      message_size_limit: 'give `client.message_size_limit` for a command, and `client.frame_size_limit` for a frame of several',
    }),
    ...below('sse', {
      enabled: 'leave it out: event streams are always there, at /sse?channel=…',
      handler_prefix: 'leave it out: event streams are at /sse; a proxy may map another path to it',
      max_request_body_size: 'give `client.message_size_limit`',
    }),
    http_stream: 'leave it out: clients that can have no WebSocket use event streams at /sse',
    webtransport: 'leave it out: clients use the WebSocket or event streams',
    uni_sse: 'leave it out: event streams are at /sse?channel=…',
    uni_http_stream: 'leave it out: event streams are at /sse?channel=…, which any HTTP client reads',
    uni_websocket: 'leave it out: event streams are at /sse?channel=…',
    uni_grpc: 'leave it out: event streams are at /sse?channel=…',
    emulation: 'leave it out: event streams need none',
    admin: 'leave it out: /ops is the page for operators; it asks for `http_api.key`',
    prometheus: 'leave it out: /metrics is always there',
    health: 'leave it out: /healthz and /readyz are always there',
    swagger: 'leave it out: `GET /rpc` lists commands with their JSON schemas, and docs/server-api.md the server API',
    debug: 'leave it out: the runtime has its own inspector (`bun --inspect`)',
    init: 'leave it out',
    opentelemetry: 'leave it out: /metrics has the figures',
    graphite: 'leave it out: have an agent read /metrics',
    usage_stats: 'leave it out: nothing is reported to anybody',
    ...below('node', {
      name: 'leave it out: a node is named by its id and its machine; `region` names the place of a relay',
      info_metrics_aggregate_interval: 'leave it out',
    }),
    pid_file: 'leave it out: the process that uses a data folder stands beside its store, in fanfare.sqlite.pid',
    enable_unreleased_features: 'leave it out',
  }),
)

function tokenAdvice(place: string): Record<string, string> {
  const jwks = `publish the key as a JWKS, and give its address in \`${place}.jwks_public_endpoint\``
  const rotation =
    'give keys as a JWKS, where an old one can stand beside the new; or restart with the new secret, and clients fetch new tokens'
  return {
    hmac_previous_secret_key: rotation,
    hmac_previous_secret_key_valid_until: rotation,
    rsa_public_key: jwks,
    ecdsa_public_key: jwks,
    audience_regex: `give \`${place}.audience\`, which is compared as a whole`,
    issuer_regex: `give \`${place}.issuer\`, which is compared as a whole`,
    user_id_claim: 'sign tokens whose `sub` is the user',
    insecure_skip_jwks_endpoint_safety_check: 'leave it out',
  }
}

function namespaceAdvice(): Record<string, string> {
  const stream = 'follow the `channel_occupied` hook, and publish by the server API'
  return {
    map_clients_presence_channel_prefix: 'give `presence: true`',
    map_users_presence_channel_prefix: 'give `presence: true`',
    allow_positioning: 'leave it out: a client may ask wherever there is a history',
    allow_recovery: 'leave it out: a client may ask wherever there is a history',
    force_recovery_mode: 'for the mode "cache" give `delivery: "latest"`',
    auto_cache_recover: 'give `delivery: "latest"`',
    allow_presence_for_anonymous: 'give `allow_presence_for_subscriber`',
    allow_history_for_anonymous: 'give `allow_history_for_subscriber`',
    channel_regex: 'decide by `hooks.subscribe` or an authorizer of your own code',
    publication_data_format: 'leave it out: data is any JSON',
    subscribe_proxy_enabled: 'give `subscribe_hook: true`',
    subscribe_proxy_name: 'give `subscribe_hook: true`: `hooks.subscribe` is the target of all namespaces',
    publish_proxy_enabled: 'give `publish_hook: true`',
    publish_proxy_name: 'give `publish_hook: true`: `hooks.publish` is the target of all namespaces',
    sub_refresh_proxy_enabled: 'give `subscribe_hook: true`: it is asked again where its `expire_at` has come',
    sub_refresh_proxy_name: 'give `subscribe_hook: true`: it is asked again where its `expire_at` has come',
    subscribe_stream_proxy_enabled: stream,
    subscribe_stream_proxy_name: stream,
    subscribe_stream_proxy_bidirectional: stream,
    subscription_type: 'give `delivery`',
    map: 'give `delivery: "conflated"`, which keeps the newest value of each key',
    shared_poll: 'publish what changed by the server API; nothing is polled',
  }
}

/** Entries below a path; '' is the path itself. */
function below(path: string, entries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([name, advice]) => [name === '' ? path : `${path}.${name}`, advice]))
}

function said(advice: string): string {
  return `an option of Centrifugo that is not one here: ${advice}`
}

/** What to do instead of an option of Centrifugo; undefined where it is none, or is `ours` as well. @param path with `[]` for a place in a list */
export function insteadOf(path: string, ours: { has(path: string): boolean }): string | undefined {
  if (ours.has(path)) return undefined
  for (let at = path; at !== ''; at = at.includes('.') ? at.slice(0, at.lastIndexOf('.')) : '') {
    const advice = instead.get(at) ?? instead.get(at.replace(/\[\]$/, ''))
    if (advice !== undefined) return said(advice)
  }
  return undefined
}

const byVariable = new Map([...instead.keys()].map(path => [path.replaceAll('.', '_').replaceAll('[]', '').toUpperCase(), path]))

/** The same for the end of a variable's name, `WEBSOCKET_MESSAGE_SIZE_LIMIT`. */
export function insteadOfVariable(name: string, ours: { has(path: string): boolean }): string | undefined {
  for (let at = name; at !== ''; at = at.includes('_') ? at.slice(0, at.lastIndexOf('_')) : '') {
    const path = byVariable.get(at)
    if (path !== undefined) return insteadOf(path, ours)
  }
  return undefined
}
