import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArguments } from '../../cli/arguments.ts'
import { options as shipped } from '../../cli/shipped.ts'
import { insteadOf } from './centrifugo-options.ts'
import { resolveConfig } from './resolve.ts'

/** Every option of Centrifugo 6.9.1, from the fields of its configuration. Lists have `[]`. */
const options = readFileSync(join(import.meta.dir, 'centrifugo-6.9.1-options.txt'), 'utf8')
  .trim()
  .split('\n')
const ours = new Set(shipped.all.map(({ path }) => path))
/** Options of a namespace stand in the catalogue once. */
const isOurs = (path: string) => ours.has(path) || ours.has(path.replace('channel.namespaces[]', 'channel.without_namespace'))

function treeOf(path: string): unknown {
  return path
    .split('.')
    .reverse()
    .reduce<unknown>((value, key) => (key.endsWith('[]') ? { [key.slice(0, -2)]: [value] } : { [key]: value }), 'x')
}

test('[C66] every option of Centrifugo is taken, or stops the start with its name and what to do instead', () => {
  let taken = 0
  for (const path of options) {
    if (isOurs(path)) {
      taken++
      expect({ path, instead: insteadOf(path, shipped) }).toEqual({ path, instead: undefined })
      continue
    }
    const resolution = resolveConfig({ options: shipped, file: treeOf(path) })
    const problems = resolution.ok
      ? []
      : resolution.problems.filter(line => !/\.name: (missing|expected)/.test(line) || path.endsWith('.name'))
    const line = `${path.replaceAll('[]', '[0]')}: an option of Centrifugo that is not one here: `
    const isNamed = problems.length === 1 && problems.every(said => said.startsWith(line) && said.length > line.length + 8)
    expect({ path, problems, isNamed }).toEqual({ path, problems, isNamed: true })
  }
  expect(taken).toBeGreaterThan(60)
})

test('[C66] several of them are named at once, each at its own path, beside what else is wrong', () => {
  const file = {
    admin: { enabled: true },
    broker: { type: 'redis' },
    channel: { namespaces: [{ name: 'news', subscribe_proxy_enabled: true, histroy_size: 1 }] },
    client: { proxy: { connect: { enabled: true, endpoint: 'http://a' } } },
    port: 'x',
  }
  const resolution = resolveConfig({ options: shipped, file })
  expect(resolution.ok ? [] : resolution.problems.map(line => line.split(':')[0]).sort()).toEqual([
    'admin.enabled',
    'broker.type',
    'channel.namespaces[0].histroy_size',
    'channel.namespaces[0].subscribe_proxy_enabled',
    'client.proxy.connect.enabled',
    'client.proxy.connect.endpoint',
    'port',
  ])
})

test('[C66] also in variables and flags', () => {
  const env = {
    FANFARE_WEBSOCKET_MESSAGE_SIZE_LIMIT: '1',
    FANFARE_CLIENT_PROXY_CONNECT_HTTP_TLS_ENABLED: 'true',
    FANFARE_ADMIN_PASSWORD: 'x',
  }
  const resolution = resolveConfig({ options: shipped, env })
  const said = 'an option of Centrifugo that is not one here'
  expect(resolution.ok ? [] : resolution.problems).toEqual([
    `FANFARE_WEBSOCKET_MESSAGE_SIZE_LIMIT: ${said}: give \`client.message_size_limit\` for a command, and \`client.frame_size_limit\` for a frame of several`,
    `FANFARE_CLIENT_PROXY_CONNECT_HTTP_TLS_ENABLED: ${said}: give \`hooks.connect\` (\`url\`, \`timeout\`, \`retries\`) with \`hooks.secret\` and \`hooks.allowed_hosts\``,
    `FANFARE_ADMIN_PASSWORD: ${said}: leave it out: /ops is the page for operators; it asks for \`http_api.key\``,
  ])
  expect(parseArguments(['--http_server.port', '1'], [])).toEqual({
    kind: 'wrong',
    problems: [`--http_server.port: ${said}: give \`port\``],
  })
})
