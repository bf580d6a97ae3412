import { describe, expect, test } from 'bun:test'
import { options } from '../../cli/shipped.ts'
import { defaultLimits, namespaceRules } from '../../hub/index.ts'
import { type Config, ConfigError, type ConfigInput, type ConfigSources, configure, resolveConfig, storeTarget } from './index.ts'

const { all: catalogue, settable } = options

function configOf(sources: ConfigSources): Config {
  const resolution = resolveConfig({ ...sources, options })
  if (!resolution.ok) throw new Error(resolution.problems.join('\n'))
  return resolution.config
}

function problemsOf(sources: ConfigSources): readonly string[] {
  const resolution = resolveConfig({ ...sources, options })
  return resolution.ok ? [] : resolution.problems
}

/** The problems of a file whose shape is not what the types ask for. */
const refusals = (file: unknown) => problemsOf({ file })

describe('sources', () => {
  test('[C1] with nothing given, every option has its default', () => {
    const config = configOf({})
    expect(config).toMatchObject({ host: '127.0.0.1', port: 7400, data: './data', workers: 1, development: true })
    expect(config.broker).toBe('memory:')
    expect(config.store).toEqual({ kind: 'sqlite', path: './data/fanfare.sqlite' })
    expect(config.demo).toEqual({ enabled: true, speed: 60 })
    expect(config.shutdown).toEqual({ timeoutMs: 30_000 })
    expect(config.limits).toEqual(defaultLimits)
    const [only, ...others] = config.channel.namespaces
    expect([only?.name, only?.delivery.name, only?.delivery.recovers, others]).toEqual(['', 'stream', 'nothing', []])
    expect(Object.values(only ?? {}).filter(value => value === true)).toEqual([])
  })

  test('[C2] flags win over variables, variables over the file, the file over the command’s defaults', () => {
    const file = { port: 1, workers: 2, log: { level: 'warn' }, demo: 'off' }
    const env = { FANFARE_PORT: '3', FANFARE_WORKERS: '4', PATH: '/bin', FANFARE_CONFIG: 'f.json' }
    const config = configOf({ flags: { port: '5' }, env, file, defaults: { demo: 'on', shutdown: { timeout: '1s' } } })
    expect([config.port, config.workers, config.log.level, config.demo.enabled, config.shutdown.timeoutMs]).toEqual([
      5,
      4,
      'warn',
      false,
      1000,
    ])
  })

  test('[C2] parts of one group may come from different sources', () => {
    const file = { client: { token: { issuer: 'a', audience: 'b' } } }
    const { token } = configOf({
      file,
      env: { FANFARE_CLIENT_TOKEN_AUDIENCE: 'c' },
      flags: { 'client.token.hmac_secret_key': 'd'.repeat(32) },
    }).client
    expect(token).toEqual({ hmacSecretKey: 'd'.repeat(32), jwksPublicEndpoint: undefined, audience: 'c', issuer: 'a' })
  })

  const read: [string, string, (config: Config) => unknown, unknown][] = [
    ['client.insecure', 'on', config => config.client.insecure, true],
    ['demo', 'on', config => config.demo.enabled, true],
    ['demo_speed', '2.5x', config => config.demo.speed, 2.5],
    [
      'feed',
      'replay:a@b.json@10x,replay:c.json.gz',
      config => config.feeds,
      [
        { kind: 'replay', path: 'a@b.json', speed: 10 },
        { kind: 'replay', path: 'c.json.gz', speed: 1 },
      ],
    ],
    [
      'client.allowed_origins',
      'https://a.example, https://*.b.example',
      config => config.client.allowedOrigins,
      ['https://a.example', 'https://*.b.example'],
    ],
    ['client.allowed_origins', '["https://a.example"]', config => config.client.allowedOrigins, ['https://a.example']],
    ['client.command_rate.burst', '7', config => config.limits.commandRate.burst, 7],
    ['client.ping_interval', '1m30s', config => config.limits.pingIntervalMs, 90_000],
    ['store', 'sqlite::memory:', config => config.store.path, ':memory:'],
    ['store', 'postgres://u:p@h/d', config => storeTarget(config.store), 'postgres://u:p@h/d'],
    ['channel.namespaces', '[{"name":"a"}]', config => config.channel.namespaces.map(({ name }) => name), ['', 'a']],
    ['channel.without_namespace.presence', 'true', config => config.channel.namespaces[0]?.presence, true],
  ]
  test.each(read)('[C3] %s is read from the text %s', (path, text, pick, value) => {
    expect(pick(configOf({ flags: { [path]: text } }))).toEqual(value)
    expect(pick(configOf({ env: { [settable.get(path)?.variable ?? '']: text } }))).toEqual(value)
  })

  test('[G64] where rows are kept in Postgres, histories stay in the data folder', () => {
    const store = 'postgresql://u:p@h:5433/d?sslmode=require'
    expect(configOf({ file: { store, data: '/srv' } }).store).toEqual({ kind: 'postgres', url: store, path: '/srv/fanfare.sqlite' })
    expect(storeTarget(configOf({ file: { store: 'sqlite:rows.db' } }).store)).toBe('sqlite:rows-rows.db')
  })

  test('[C3] an empty variable counts as not given', () => {
    expect(configOf({ env: { FANFARE_PORT: '', FANFARE_LOG_LEVEL: '' } })).toMatchObject({ port: 7400, log: { level: 'info' } })
  })

  test('[C3] every option has a variable of its own', () => {
    const variables = [...settable.values()].map(({ variable }) => variable)
    expect(new Set(variables).size).toBe(variables.length)
    expect(settable.get('client.token.hmac_secret_key')?.variable).toBe('FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY')
  })

  test('[C1] every default that is shown can be given', () => {
    for (const { path, preset, otherwise } of settable.values()) {
      if (preset === undefined || preset === otherwise) continue
      const hook = /^hooks\.\w+(?=\.)/.exec(path)?.[0]
      const around =
        hook === undefined
          ? {}
          : { [`${hook}.url`]: 'http://localhost/', 'hooks.allowed_hosts': 'localhost', 'hooks.secret': 'a-hooks-secret-16' }
      expect([path, problemsOf({ flags: { ...around, [path]: preset } })]).toEqual([path, []])
    }
  })

  test('[C1] every option says what it means', () => {
    for (const { path, meaning } of catalogue) expect([path, /^[`A-Za-z].+\.$/.test(meaning)]).toEqual([path, true])
  })

  test('[C4] a program’s own configuration is read by the same schema', () => {
    const input: ConfigInput = {
      port: 0,
      channel: { namespaces: [{ name: 'orders', delivery: 'stream', history_size: 100, history_ttl: '10m' }] },
    }
    const config = configure(input)
    expect(config.channel.namespaces[1]).toMatchObject({ name: 'orders', delivery: { history: { size: 100, ttlMs: 600_000 } } })
    expect(configure(config)).toBe(config)
    expect(() => configure({ port: -1, workers: 0 })).toThrow(ConfigError)
    expect(() => configure({ port: -1, workers: 0 })).toThrow(
      'port: expected an integer from 0 to 65535, got -1\nworkers: expected an integer from 1 to 256, got 0',
    )
  })
})

describe('namespaces', () => {
  const of = (options: object) => configOf({ file: { channel: { namespaces: [{ name: 'n', ...options }] } } }).channel.namespaces[1]
  const dayMs = 86_400_000

  test('[C5] state is kept for a day where nothing is said', () => {
    const kept = (options: object) => of(options)?.delivery.history
    expect(of({ delivery: 'latest' })?.delivery.name).toBe('latest')
    expect(kept({ delivery: 'latest' })).toMatchObject({ size: 0, quietMs: dayMs })
    expect(of({ delivery: 'conflated', interval: '250ms' })?.options).toMatchObject({ intervalMs: 250 })
    expect(kept({ delivery: 'conflated' })).toMatchObject({ quietMs: dayMs })
    expect(kept({ delivery: 'conflated', history_ttl: '1m' })).toMatchObject({ quietMs: 60_000 })
    expect(kept({ delivery: 'lanes' })).toMatchObject({ size: 1000, ttlMs: dayMs })
    expect(of({ delivery: 'lanes' })?.delivery.lanes).toEqual(['urgent', 'stats', 'text'])
    expect(kept({ delivery: 'ephemeral' })).toMatchObject({ size: 0, ttlMs: 0 })
  })

  test('[C5] lanes are read in their order', () => {
    const lanes = [
      { name: 'goals', keep: 'all', max: 0 },
      { name: 'odds', interval: '500ms', max: 50 },
      { name: 'chatter', interval: '2s', keep: 'tail', max: 10 },
    ]
    expect(of({ delivery: 'lanes', lanes })?.options.lanes).toEqual([
      { name: 'goals', intervalMs: 0, keep: 'all', max: 0 },
      { name: 'odds', intervalMs: 500, keep: 'newest', max: 50 },
      { name: 'chatter', intervalMs: 2000, keep: 'tail', max: 10 },
    ])
  })

  test('[C5] every option of a namespace arrives in its policy', () => {
    const flags = Object.keys(namespaceRules).filter(key => !['name', 'delayMaxMs'].includes(key))
    expect(flags.length).toBeGreaterThan(10)
    for (const key of flags) {
      const option = key.replaceAll(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
      const needed = { history_size: 1, history_ttl: '1m', join_leave: true, allowed_delta_types: ['fossil'], [option]: true }
      const hook = { url: 'http://localhost:1/' }
      const file = {
        channel: { namespaces: [{ name: 'n', ...needed }] },
        hooks: { secret: 's', allowed_hosts: ['localhost'], subscribe: hook, publish: hook },
      }
      expect([key, Reflect.get(configOf({ file }).channel.namespaces[1] ?? {}, key)]).toEqual([key, true])
    }
    const history = { history_size: 1, history_ttl: '1m' }
    const all = { ...history, force_recovery: true, force_positioning: true, allow_tags_filter: true, allowed_delta_types: ['fossil'] }
    expect(of(all)?.delivery).toMatchObject({ forces: { recovery: true, positioning: true }, tagsFilter: true, delta: 'asked' })
    expect(of({ ...all, delta_publish: true, history_store: 'disk' })?.delivery).toMatchObject({
      delta: 'always',
      history: { store: 'disk' },
    })
    expect(of({ ...history, delay_max: '30s' })?.delayMaxMs).toBe(30_000)
  })

  test('[C5] the time that positions outlive their history is given once or per namespace', () => {
    const file = { channel: { history_meta_ttl: '2d', namespaces: [{ name: 'a' }, { name: 'b', history_meta_ttl: '3d' }] } }
    expect(configOf({ file }).channel.namespaces.map(({ delivery }) => delivery.history.quietMs / dayMs)).toEqual([2, 2, 3])
  })
})

describe('what is wrong in itself', () => {
  const table: [unknown, string][] = [
    [
      { channel: { namespaces: [{ name: 'a' }, { name: 'b' }, { name: 'c', history_ttl: '30' }] } },
      'channel.namespaces[2].history_ttl: expected a duration like "30s", got "30"',
    ],
    [{ shutdown: { timeout: 30 } }, 'shutdown.timeout: expected a duration like "30s", got 30'],
    [{ client: { ping_interval: '0s' } }, 'client.ping_interval: expected 50ms to 24d, got "0s"'],
    [{ port: 65536 }, 'port: expected an integer from 0 to 65535, got 65536'],
    [{ port: 1.5 }, 'port: expected an integer from 0 to 65535, got 1.5'],
    [{ port: '7400' }, 'port: expected an integer from 0 to 65535, got "7400"'],
    [{ host: '' }, 'host: expected an address like "127.0.0.1", got ""'],
    [{ demo: 'maybe' }, 'demo: expected "on" or "off", got "maybe"'],
    [{ demo_speed: '60' }, 'demo_speed: expected a speed like "60x", got "60"'],
    [{ feed: ['tape:a.json'] }, 'feed[0]: expected a feed like "replay:match.json@10x", got "tape:a.json"'],
    [{ feed: ['replay:a.json@0x'] }, 'feed[0]: expected a feed like "replay:match.json@10x", got "replay:a.json@0x"'],
    [{ demo_speed: '0x' }, 'demo_speed: expected a speed above "0x"'],
    [{ broker: 'redis' }, 'broker: nothing is known of "redis:", only of "memory:", "kafka:" and "kafkas:"'],
    [{ broker: '//memory' }, 'broker: expected a broker like "memory:", got "//memory"'],
    [
      { store: 'mysql:x' },
      'store: expected a store like "sqlite:./data/fanfare.sqlite" or "postgres://user:password@host/database", got "mysql:x"',
    ],
    [{ log: { level: 'loud' } }, 'log.level: expected "debug", "info", "warn" or "error", got "loud"'],
    [{ client: { insecure: 'yes' } }, 'client.insecure: expected true or false, got "yes"'],
    [
      { client: { allowed_origins: ['example.com'] } },
      'client.allowed_origins[0]: expected "*" or an origin like "https://example.com", got "example.com"',
    ],
    [
      { client: { token: { jwks_public_endpoint: 'ftp://x' } } },
      'client.token.jwks_public_endpoint: expected an http or https URL, got "ftp://x"',
    ],
    [{ client: 5 }, 'client: expected an object, got 5'],
    [{ channel: { namespaces: {} } }, 'channel.namespaces: expected a list of namespaces, got {}'],
    [{ channel: { namespaces: [{}] } }, 'channel.namespaces[0].name: missing, expected a name of letters, digits, "-", "_" and "."'],
    [
      { channel: { namespaces: [{ name: 'a:b' }] } },
      'channel.namespaces[0].name: expected a name of letters, digits, "-", "_" and ".", got "a:b"',
    ],
    [
      { channel: { namespaces: [{ name: 'a', delivery: 'streams' }] } },
      'channel.namespaces[0].delivery: expected "stream", "latest", "conflated", "lanes" or "ephemeral", got "streams"',
    ],
    [
      { channel: { namespaces: [{ name: 'a', allowed_delta_types: ['zip'] }] } },
      'channel.namespaces[0].allowed_delta_types[0]: expected "fossil", got "zip"',
    ],
    [{ channel: { without_namespace: { lanes: [] } } }, 'channel.without_namespace.lanes: expected at least one lane, got []'],
    [{ hooks: { rpc: { timeout: '1s' } } }, 'hooks.rpc.url: missing, expected an http or https URL'],
    [[], 'configuration: expected an object, got []'],
    ['x'.repeat(200), `configuration: expected an object, got "${'x'.repeat(79)}…`],
  ]
  test.each(table)('[C6] %j is refused with its path and reason', (file, problem) => {
    expect(refusals(file)).toEqual([problem])
  })

  const unknown: [unknown, string][] = [
    [{ prot: 1 }, 'prot: unknown key, did you mean "port"?'],
    [{ zzz: 1 }, 'zzz: unknown key'],
    [{ client: { pingInterval: '1s' } }, 'client.pingInterval: unknown key, did you mean "ping_interval"?'],
    [{ ping_interval: '1s' }, 'ping_interval: unknown key, did you mean "client.ping_interval"?'],
    [
      { channel: { namespaces: [{ name: 'a', histroy_size: 1 }] } },
      'channel.namespaces[0].histroy_size: unknown key, did you mean "history_size"?',
    ],
    [
      { channel: { without_namespace: { lanes: [{ name: 'a', keep: 'all', intervall: '0s' }] } } },
      'channel.without_namespace.lanes[0].intervall: unknown key, did you mean "interval"?',
    ],
    [JSON.parse('{"__proto__": {"port": 1}}'), '__proto__: unknown key'],
    [{ constructor: 1 }, 'constructor: unknown key'],
  ]
  test.each(unknown)('[C7] %j is refused as an unknown key', (file, problem) => {
    expect(refusals(file)).toEqual([problem])
  })

  test('[C7] unknown variables and flags are refused too', () => {
    expect(problemsOf({ env: { FANFARE_POTR: '1' } })).toEqual(['FANFARE_POTR: unknown variable, did you mean "FANFARE_PORT"?'])
    expect(problemsOf({ flags: { prot: '1' } })).toEqual(['prot: unknown key, did you mean "port"? (from --prot)'])
  })

  test('[C6] a value from a variable or flag says where it came from', () => {
    expect(problemsOf({ env: { FANFARE_PORT: 'x', FANFARE_CHANNEL_NAMESPACES: '[{"name":""}' }, flags: { workers: 'y' } })).toEqual([
      'port: expected an integer from 0 to 65535, got "x" (from FANFARE_PORT)',
      'workers: expected an integer from 1 to 256, got "y" (from --workers)',
      'channel.namespaces: expected a list of namespaces, got "[{\\"name\\":\\"\\"}" (from FANFARE_CHANNEL_NAMESPACES)',
    ])
  })

  test('[C8] everything that is wrong is reported at once, also between options', () => {
    const namespaces = [{ name: 'a', history_ttl: '30' }, 5, { name: 'b', force_recovery: true }, { name: 'b' }]
    const file = { port: 'x', nope: 1, client: { insecure: true, channel_limit: 0 }, channel: { namespaces } }
    expect(problemsOf({ file, flags: { host: '0.0.0.0' }, env: { FANFARE_NOPE: '1' } }).map(line => line.split(':')[0])).toEqual([
      'FANFARE_NOPE',
      'port',
      'client.channel_limit',
      'channel.namespaces[0].history_ttl',
      'channel.namespaces[1]',
      'nope',
      'host',
      'client.insecure',
      'channel.namespaces[2].force_recovery',
      'channel.namespaces[3].name',
    ])
  })

  test('[C8] what follows from a wrong value is not reported beside it', () => {
    const token = { hmac_secret_key: 5 }
    expect(refusals({ host: '0.0.0.0', client: { token } })).toEqual([expect.stringContaining('client.token.hmac_secret_key: expected')])
    const spoilt = { name: 'a', history_size: 10, history_ttl: '30', force_recovery: true }
    expect(refusals({ channel: { namespaces: [spoilt] } })).toEqual([expect.stringContaining('history_ttl: expected a duration')])
  })

  const stores: [unknown, string][] = [
    ['postgres://u:not-to-be-seen@/d', 'got what is no URL'],
    ['postgres://u:not-to-be-seen@h', 'names no database'],
    ['postgres://u:not-to-be-seen@h/d/e', 'names no database'],
    ['postgresql://h/not-to-be-seen', 'names no user'],
    ['postgres://u:not-to-be-seen@h:port/d', 'got what is no URL'],
    ['postgres:not-to-be-seen', 'names no host'],
    ['postgress://u:not-to-be-seen@h/d', 'a value that is not shown'],
    [{ url: 'postgres://u:not-to-be-seen@h/d' }, 'a value that is not shown'],
  ]
  test.each(stores)('[G64, C9] the store %j is refused with its path, and its password is not shown', (store, reason) => {
    const lines = refusals({ store })
    expect(lines).toEqual([expect.stringMatching(/^store: expected /)])
    expect(lines[0]).toContain(reason)
    expect(lines[0]).not.toContain('not-to-be-seen')
    expect(problemsOf({ flags: { store: String(store) } })[0]).toEndWith('(from --store)')
  })

  test('[C9] a secret is never shown, not even in an error', () => {
    const secret = 'not-to-be-seen'
    const lines = refusals({
      client: { token: { hmac_secret_key: [secret] } },
      http_api: { key: { secret } },
      hooks: { secret: secret.repeat(1000) },
      node: { secret: [secret] },
    })
    expect(lines).toHaveLength(4)
    expect(lines.join('\n')).not.toContain(secret)
  })
})
