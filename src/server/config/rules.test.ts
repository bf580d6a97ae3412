import { describe, expect, test } from 'bun:test'
import { resolveConfig } from './index.ts'

const key = 'k'.repeat(32)
const secured = { client: { token: { hmac_secret_key: key } } }
const hook = { url: 'http://localhost:3000/hook' }
const hooked = { secret: 'a-hooks-secret-16', allowed_hosts: ['localhost:3000'] }
const history = { history_size: 10, history_ttl: '1m' }

function refusals(file: unknown): readonly string[] {
  const resolution = resolveConfig({ file })
  return resolution.ok ? [] : resolution.problems
}

function warnings(file: unknown): readonly string[] {
  const resolution = resolveConfig({ file })
  if (!resolution.ok) throw new Error(resolution.problems.join('\n'))
  return resolution.config.warnings
}

/** What a namespace with these options is refused for. */
function namespaceRefusals(options: object, rest: object = {}): readonly string[] {
  return refusals({ ...rest, channel: { namespaces: [{ name: 'n', ...options }] } })
}

describe('exposure', () => {
  test('[C10] bound beyond loopback without a secret, it refuses and says how to give one', () => {
    for (const host of ['0.0.0.0', '192.168.1.2', '::', 'example.com', '127.0.0.1.example.com', '128.0.0.1']) {
      const [problem, ...rest] = refusals({ host })
      expect(rest).toEqual([])
      expect(problem).toStartWith(`host: "${host}" can be reached from other machines, but there is no secret`)
      expect(problem).toContain('FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY')
      expect(problem).toContain('client.token.jwks_public_endpoint')
      expect(problem).toContain('127.0.0.1')
    }
  })

  test('[C10] on loopback, or with a way to tell clients apart, it does not', () => {
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]']) expect(refusals({ host })).toEqual([])
    expect(refusals({ host: '0.0.0.0', ...secured })).toEqual([])
    expect(refusals({ host: '0.0.0.0', client: { token: { jwks_public_endpoint: 'https://id.example/keys' } } })).toEqual([])
    expect(refusals({ host: '0.0.0.0', hooks: { ...hooked, connect: hook } })).toEqual([])
  })

  test('[C10] what opens the server to everyone is refused beyond loopback', () => {
    expect(refusals({ host: '0.0.0.0', client: { ...secured.client, insecure: true } })).toEqual([
      expect.stringContaining('client.insecure: must be false'),
    ])
    expect(refusals({ host: '0.0.0.0', ...secured, http_api: { insecure: true } })).toEqual([
      expect.stringContaining('http_api.insecure: must be false'),
    ])
    expect(refusals({ client: { insecure: true }, http_api: { insecure: true } })).toEqual([])
  })

  test('[C11] any origin may not connect where a back end is asked, which may know visitors by their cookies', () => {
    const hooks = { ...hooked, connect: hook }
    expect(refusals({ client: { allowed_origins: ['*'] }, hooks })).toEqual([
      expect.stringContaining('client.allowed_origins: "*" must not stand beside hooks.connect'),
    ])
    expect(refusals({ client: { allowed_origins: ['https://example.com'] }, hooks })).toEqual([])
    expect(refusals({ client: { allowed_origins: ['*'] } })).toEqual([])
  })
})

describe('hooks', () => {
  test('[C12] a hook outside the allowed hosts is refused', () => {
    const of = (url: string, allowed_hosts: string[]) =>
      refusals({ hooks: { secret: 'a-hooks-secret-16', allowed_hosts, disconnect: { url } } })
    const refused = ['hooks.disconnect.url: the host "backend:3000" is not in hooks.allowed_hosts']
    expect(of('http://backend:3000/x', [])).toEqual(refused)
    expect(of('http://backend:3000/x', ['backend:3001', 'evil-backend', 'backen'])).toEqual(refused)
    expect(of('http://backend:3000/x', ['backend'])).toEqual([])
    expect(of('http://backend:3000/x', ['backend:3000'])).toEqual([])
    expect(of('http://backend@evil/x', ['backend'])).toEqual(['hooks.disconnect.url: the host "evil" is not in hooks.allowed_hosts'])
    expect(of('http://[::1]:3000/x', ['[::1]:3000'])).toEqual([])
  })

  test('[C12] hooks are signed, so they need a secret', () => {
    expect(refusals({ hooks: { allowed_hosts: ['localhost:3000'], rpc: hook, connect: hook } })).toEqual([
      expect.stringContaining('hooks.secret: missing'),
    ])
  })

  test('[C12] a namespace cannot ask a hook that is not there', () => {
    expect(namespaceRefusals({ subscribe_hook: true, publish_hook: true })).toEqual([
      'channel.namespaces[0].subscribe_hook: needs hooks.subscribe.url',
      'channel.namespaces[0].publish_hook: needs hooks.publish.url',
    ])
    expect(namespaceRefusals({ subscribe_hook: true }, { hooks: { ...hooked, subscribe: hook } })).toEqual([])
  })
})

describe('between options', () => {
  const table: [object, string][] = [
    [{ client: { ping_interval: '1s', pong_timeout: '1s' } }, 'client.pong_timeout: must be shorter than client.ping_interval'],
    [{ client: { queue_max_size: 2048, queue_high_water: 4096 } }, 'client.queue_high_water: must be at most client.queue_max_size'],
    [
      { client: { subscription_token: { enabled: true } } },
      'client.subscription_token.enabled: needs hmac_secret_key or jwks_public_endpoint beside it',
    ],
    [
      { client: { subscription_token: { hmac_secret_key: key } } },
      'client.subscription_token.enabled: must be true where a key stands beside it, or the key would not be used',
    ],
  ]
  const personal = (options: object) => ({ client: { subscribe_to_user_personal_channel: options } })
  table.push(
    [
      personal({ enabled: true, personal_channel_namespace: 'own' }),
      'client.subscribe_to_user_personal_channel.personal_channel_namespace: "own" is none of channel.namespaces',
    ],
    [
      personal({ single_connection: true }),
      'client.subscribe_to_user_personal_channel.single_connection: needs client.subscribe_to_user_personal_channel.enabled',
    ],
  )

  test.each(table)('[C13] %j does not go together', (file, problem) => {
    expect(refusals(file)).toEqual([problem])
  })

  const needs = 'needs a history: delivery "stream" with history_size and history_ttl'
  const namespaces: [object, string][] = [
    [{ force_recovery: true }, `.force_recovery: ${needs}`],
    [{ delivery: 'latest', force_recovery: true }, '.force_recovery: needs delivery "stream" or "lanes", not "latest"'],
    [{ delivery: 'lanes', history_size: 0, force_recovery: true }, `.force_recovery: ${needs}`],
    [{ force_positioning: true }, `.force_positioning: ${needs}`],
    [{ history_store: 'disk' }, `.history_store: "disk" ${needs}`],
    [{ history_size: 10 }, '.history_size: needs history_ttl beside it, like "10m"'],
    [{ history_size: 10, history_ttl: '0s' }, '.history_size: needs history_ttl beside it, like "10m"'],
    [{ history_ttl: '1m' }, '.history_ttl: needs history_size beside it'],
    [{ delivery: 'latest', allow_tags_filter: true }, '.allow_tags_filter: needs delivery "stream" or "ephemeral", not "latest"'],
    [{ delivery: 'conflated', allowed_delta_types: ['fossil'] }, '.allowed_delta_types: needs delivery "stream", not "conflated"'],
    [
      { ...history, history_ttl: '5s', delay_max: '10s' },
      '.delay_max: must be at most history_ttl: who is behind is given what the history keeps',
    ],
    [{ delay_max: '61s' }, '.delay_max: expected 0s to 1m, got "61s"'],
    [{ delta_publish: true }, '.delta_publish: needs allowed_delta_types ["fossil"]'],
    [{ force_push_join_leave: true }, '.force_push_join_leave: needs join_leave'],
    [
      { lanes: [{ name: 'a', keep: 'all', interval: '1s' }], delivery: 'lanes' },
      '.lanes[0].interval: the first lane is the urgent one: must be "0s"',
    ],
    [{ lanes: [{ name: 'a', keep: 'tail' }], delivery: 'lanes' }, '.lanes[0].keep: the first lane is the urgent one: must be "all"'],
    [
      {
        lanes: [
          { name: 'a', keep: 'all' },
          { name: 'a', interval: '1s' },
        ],
        delivery: 'lanes',
      },
      '.lanes[1].name: "a" is there already',
    ],
    [
      {
        lanes: [
          { name: 'a', keep: 'all' },
          { name: 'b', interval: '1s', keep: 'all' },
        ],
        delivery: 'lanes',
      },
      '.lanes[1].keep: only the first lane keeps "all"',
    ],
    [
      { lanes: [{ name: 'a', keep: 'all' }, { name: 'b' }], delivery: 'lanes' },
      '.lanes[1].interval: must be at least "10ms": only the first lane sends at once',
    ],
    [
      {
        lanes: [
          { name: 'a', keep: 'all' },
          { name: 'b', interval: '1s', max: 0 },
        ],
        delivery: 'lanes',
      },
      '.lanes[1].max: must be at least 1',
    ],
  ]
  test.each(namespaces)('[C13] a namespace with %j does not go together', (options, problem) => {
    expect(namespaceRefusals(options)).toEqual([`channel.namespaces[0]${problem}`])
    expect(refusals({ channel: { without_namespace: options } })).toEqual([`channel.without_namespace${problem}`])
  })

  test('[C13] what has a history may ask for recovery', () => {
    expect(namespaceRefusals({ ...history, force_recovery: true, force_positioning: true, history_store: 'disk' })).toEqual([])
    expect(namespaceRefusals({ delivery: 'lanes', force_recovery: true })).toEqual([])
  })

  test('[C13] two namespaces cannot have one name', () => {
    const namespaces = [{ name: 'a' }, { name: 'b' }, { name: 'a' }]
    expect(refusals({ channel: { namespaces } })).toEqual(['channel.namespaces[2].name: "a" is there already, at channel.namespaces[0]'])
  })
})

describe('warnings', () => {
  test('[C14] what does nothing is said, and the rest goes on', () => {
    const of = (options: object) => warnings({ channel: { namespaces: [{ name: 'n', ...options }] } })
    expect(of({ delivery: 'latest', history_size: 1 })).toEqual(['channel.namespaces[0].history_size: does nothing with delivery "latest"'])
    expect(of({ delivery: 'ephemeral', history_ttl: '1m' })).toEqual([
      'channel.namespaces[0].history_ttl: does nothing with delivery "ephemeral"',
    ])
    expect(of({ lanes: [{ name: 'a', keep: 'all' }] })).toEqual(['channel.namespaces[0].lanes: does nothing with delivery "stream"'])
    expect(of(history)).toEqual([])
  })

  test('[C14] a token secret that can be guessed is said', () => {
    expect(warnings({ client: { token: { hmac_secret_key: 'a-secret' } }, http_api: { key: 'api-keys' } })).toEqual([
      expect.stringContaining('client.token.hmac_secret_key: shorter than 32 bytes'),
      expect.stringContaining('http_api.key: shorter than 16 bytes'),
    ])
    expect(warnings(secured)).toEqual([])
  })
})

describe('secrets', () => {
  const short = {
    'client.subscription_token.hmac_secret_key': {
      client: { ...secured.client, subscription_token: { enabled: true, hmac_secret_key: 'k' } },
    },
    'client.token.hmac_secret_key': { client: { token: { hmac_secret_key: '1234567' } } },
    'http_api.key': { ...secured, http_api: { key: 'k' } },
    'node.secret': { ...secured, node: { secret: 'n' } },
    'hooks.secret': { ...secured, hooks: { secret: 's' } },
  }

  test.each(Object.entries(short))('[C41] a %s that can be guessed is refused with its path, and not shown', (path, file) => {
    expect(refusals(file)).toEqual([expect.stringContaining(`${path}: expected at least 8 bytes, got `)])
  })

  test('[C41] in development mode, which serves this machine alone, it is a warning', () => {
    expect(warnings({ http_api: { key: 'k' }, node: { secret: 'n' } })).toEqual([
      expect.stringContaining('http_api.key: shorter'),
      expect.stringContaining('node.secret: shorter'),
    ])
  })
})
