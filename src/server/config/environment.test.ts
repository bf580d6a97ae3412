import { describe, expect, test } from 'bun:test'
import { options } from '../../cli/shipped.ts'
import { type ConfigSources, resolveConfig } from './index.ts'

const { settable } = options

function resolved(sources: ConfigSources) {
  const resolution = resolveConfig({ ...sources, options })
  return resolution.ok ? { problems: [], warnings: resolution.config.warnings, config: resolution.config } : { ...resolution, warnings: [] }
}

const secret = 'k'.repeat(32)
/** Options that a server has on purpose or not at all: without them it would let in more, or be another one. */
const guarding = [
  ...[...settable.values()].filter(option => option.secret).map(({ path }) => path),
  ...['client.token', 'client.subscription_token'].flatMap(path =>
    ['jwks_public_endpoint', 'audience', 'issuer'].map(name => `${path}.${name}`),
  ),
  ...['connect', 'refresh', 'subscribe', 'publish', 'rpc', 'disconnect', 'unsubscribe', 'channel_occupied', 'channel_vacated'].map(
    hook => `hooks.${hook}.url`,
  ),
  'push.vapid_public_key',
  'push.webhook.url',
  'store',
  'upstream',
]

describe('empty variables', () => {
  test('[C42] every secret is among the options that are never empty', () => {
    expect(guarding.length).toBeGreaterThan(20)
    for (const path of guarding) expect([path, settable.get(path)?.neverEmpty]).toEqual([path, true])
  })

  test.each(guarding)('[C42] an empty variable of %s is refused with its path, and so are an empty flag and text', path => {
    const { variable = '' } = settable.get(path) ?? {}
    const [problem = ''] = resolved({ env: { [variable]: '' } }).problems
    expect(problem).toStartWith(path)
    expect(problem).toContain(`(from ${variable})`)
    expect(resolved({ flags: { [path]: '' } }).problems[0]).toStartWith(path)
    // A given secret does not make up for another that is empty.
    expect(resolved({ env: { FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY: secret, [variable]: '' } }).problems[0]).toStartWith(path)
  })

  test('[C42] a secret of nothing but spaces is none', () => {
    for (const text of [' ', '\n', '\t \t'.repeat(20)])
      expect(resolved({ env: { FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY: text } }).problems[0]).toStartWith('client.token.hmac_secret_key')
  })

  test('[C42] in a program an empty secret is refused as well', () => {
    expect(resolved({ file: { client: { token: { hmac_secret_key: '' } } } }).problems[0]).toStartWith('client.token.hmac_secret_key')
    expect(resolved({ file: { http_api: { key: '' } } }).problems[0]).toStartWith('http_api.key')
  })
})

describe('variables of Kubernetes', () => {
  const ofService = {
    FANFARE_SERVICE_HOST: '10.96.0.17',
    FANFARE_SERVICE_PORT: '7400',
    FANFARE_SERVICE_PORT_HTTP: '7400',
    FANFARE_PORT: 'tcp://10.96.0.17:7400',
    FANFARE_PORT_7400_TCP: 'tcp://10.96.0.17:7400',
    FANFARE_PORT_7400_TCP_PROTO: 'tcp',
    FANFARE_PORT_7400_TCP_PORT: '7400',
    FANFARE_PORT_7400_TCP_ADDR: '10.96.0.17',
  }

  test('[C43] what a Service named fanfare leaves in every pod is passed over, with a warning', () => {
    const { problems, warnings, config } = resolved({ env: ofService })
    expect(problems).toEqual([])
    expect(config?.port).toBe(7400)
    expect(warnings).toHaveLength(1)
    for (const name of Object.keys(ofService)) expect(warnings[0]).toContain(name)
    expect(warnings[0]).toContain('enableServiceLinks')
    expect(resolved({ env: { ...ofService, FANFARE_PORT: '9000' } }).config?.port).toBe(9000)
  })

  test('[C43] so is what a Service leaves whose name only begins so', () => {
    const env = {
      FANFARE_HTTP_API_SERVICE_HOST: '10.0.0.1',
      FANFARE_REDIS_PORT: 'udp://10.0.0.1:53',
      FANFARE_REDIS_PORT_53_UDP_ADDR: '10.0.0.1',
    }
    expect(resolved({ env })).toMatchObject({ problems: [], warnings: [expect.stringContaining('FANFARE_REDIS_PORT')] })
  })

  test('[C43] what only looks like it is refused as ever, and no option goes by such a name', () => {
    expect(resolved({ env: { FANFARE_PORT: '10.0.0.1:7400' } }).problems).toEqual([expect.stringContaining('port: expected an integer')])
    expect(resolved({ env: { FANFARE_SERVICES_HOST: 'x' } }).problems).toEqual([expect.stringContaining('unknown variable')])
    for (const { variable = '' } of settable.values()) expect(variable).not.toMatch(/_SERVICE_(HOST|PORT)|_PORT_\d/)
  })
})
