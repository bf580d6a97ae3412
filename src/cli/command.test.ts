import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { systemClock, systemRandom } from '../kit/index.ts'
import { configure } from '../server/config/index.ts'
import { withSecrets } from '../server/host/secrets.ts'
import { TokenVerifier } from '../server/identity/tokens.ts'
import { version } from '../server/index.ts'
import { runCommand } from './command.ts'
import { readJsonWithComments } from './read-json.ts'
import { options } from './shipped.ts'

const catalogue = options.all

const folder = mkdtempSync(join(tmpdir(), 'fanfare-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a command line without a process of its own. */
async function run(args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const code = await runCommand(args, {
    env,
    color: false,
    isTerminal: false,
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    onSignal() {},
    exit() {},
  })
  return { code, out, err }
}

describe('fanfare', () => {
  test('[C28] help lists every option with type, default and variable, in columns', async () => {
    for (const args of [
      ['--help', '--all'],
      ['start', '--help'],
      ['help', 'start'],
      ['help', '--all'],
    ]) {
      const { code, out } = await run(args)
      expect(code).toBe(0)
      const lines = out.split('\n')
      for (const { path, type, variable } of catalogue) {
        if (path.includes('[]')) continue
        const line = lines.find(text => text.startsWith(`  --${path} `))
        expect(line?.split(/ {2,}/).slice(1)).toEqual([`--${path}`, type, expect.any(String), variable ?? ''])
      }
      const clientLines = lines.filter(line => line.startsWith('  --client.'))
      expect(new Set(clientLines.map(line => line.indexOf('FANFARE_'))).size).toBe(1)
      expect(out).toMatch(/--demo +on \| off +on /)
    }
  })

  test('[C73] help without more is short: the commands, the options that people set, and where the others are', async () => {
    const short = await run(['--help'])
    expect(short.code).toBe(0)
    expect(short.out.split('\n').length).toBeLessThan(50)
    const shown = [...short.out.matchAll(/^ {2}--(\S+)/gm)].map(([, name]) => name)
    expect(shown).toHaveLength(11)
    for (const name of ['config', 'port', 'data', 'client.token.hmac_secret_key']) expect(shown).toContain(name)
    expect(short.out).toContain('fanfare help start lists every option')
    expect(await run(['help'])).toEqual(short)
  })

  test('[FL12] check says that a server would be a node of a fleet, and what it lacks', async () => {
    const flags = ['--broker', 'kafka://one,two', '--store', 'postgres://u:p@db/rows', '--client.token.hmac_secret_key', 'k'.repeat(32)]
    const whole = [...flags, '--node.secret', 's'.repeat(32), '--node.address', 'ws://10.0.0.4:7400']
    const { code, out } = await run(['check', ...whole])
    expect([code, out.trim().split('; ').slice(0, 3)]).toEqual([
      0,
      ['ok: a node of the fleet over kafka://one,two', 'on 127.0.0.1:7400', 'linked to at ws://10.0.0.4:7400'],
    ])
    expect(await run(['check', ...flags])).toMatchObject({ code: 2, err: expect.stringMatching(/^node\.secret: missing: .*\n$/) })
  })

  test('[C28] help names every command', async () => {
    const { out } = await run([])
    for (const name of ['start', 'token', 'check', 'relay', 'bench-client', 'docs', 'openapi', 'version'])
      expect(out).toContain(`fanfare ${name}`)
  })

  test('[C28] every command has help, asked for in either way', async () => {
    for (const name of ['start', 'token', 'check', 'relay']) {
      const asked = await run([name, '--help'])
      expect([name, asked.code, asked.out.startsWith(`Usage: fanfare ${name}`)]).toEqual([name, 0, true])
      expect(await run(['help', name])).toEqual(asked)
    }
    for (const name of ['docs', 'openapi', 'version']) expect(await run([name, '--help'])).toEqual(await run(['--help']))
  })

  test('[C28] version prints the version', async () => {
    for (const name of ['version', '--version', '-v']) expect(await run([name])).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  const wrong: [string[], string][] = [
    [['strat'], 'strat: unknown command, did you mean "start"?\n'],
    [['dance'], 'dance: unknown command\n'],
    [['docs', '--foo'], '--foo: unknown option\n'],
    [['version', 'please'], 'please: unexpected, options are written --name value\n'],
    [['help', 'dance'], 'dance: unexpected, options are written --name value\n'],
    [['start', '--prot', '1'], '--prot: unknown option, did you mean "--port"?\n'],
    [['start', '--port', 'x'], 'port: expected an integer from 0 to 65535, got "x" (from --port)\n'],
    [['start', '--upstream', 'ws://a:1'], 'upstream: makes it a relay, which "fanfare relay" starts\n'],
    [['relay'], '--upstream: missing, expected the address of a parent like "ws://parent:7400", or several, separated by commas\n'],
    [['relay', '--upstream', 'a:1'], 'upstream[0]: expected an address like "ws://parent:7400", got "a:1" (from --upstream)\n'],
    [['token', '--usr', 'a'], '--usr: unknown option, did you mean "--user"?\n'],
    [['token'], '--user: missing, expected the id of a user\n'],
    [['token', '--user', 'a', '--ttl', '30'], '--ttl: expected a duration like "30s", got "30"\n'],
    [['token', '--user', 'a', '--ttl', '0s'], '--ttl: expected a duration like "30s", got "0s"\n'],
    [['token', '--user', 'a', '--info', '{'], '--info: expected JSON, got "{"\n'],
    [['token', '--user', 'a', '--channels', 'x,,y'], '--channels: expected names of channels separated by commas, got "x,,y"\n'],
  ]
  test.each(wrong)('[C29] %j is refused with code 2 and the reason', async (args, err) => {
    expect(await run([...args, ...(args[0] === 'token' ? ['--data', folder] : [])])).toEqual({ code: 2, out: '', err })
  })

  test('[C29] every problem of a start stands on a line of its own', async () => {
    const config = join(folder, 'wrong.json')
    writeFileSync(config, JSON.stringify({ port: 'x', channel: { namespaces: [{ name: 'a', history_ttl: '30' }] } }))
    const { code, err } = await run(['start', '--host', '0.0.0.0'], { FANFARE_CONFIG: config, FANFARE_POTR: '1' })
    expect(code).toBe(2)
    expect(err.trimEnd().split('\n')).toEqual([
      'FANFARE_POTR: unknown variable, did you mean "FANFARE_PORT"?',
      'port: expected an integer from 0 to 65535, got "x"',
      'channel.namespaces[0].history_ttl: expected a duration like "30s", got "30"',
      expect.stringMatching(/^host: .* there is no secret .* \(from --host\)$/),
    ])
  })

  test('[C29] a configuration file that is not there, or not JSON, is refused by its name', async () => {
    const broken = join(folder, 'broken.json')
    writeFileSync(broken, '{"port": 1')
    expect(await run(['start', '--config', broken])).toMatchObject({ code: 2, err: expect.stringContaining(`${broken}: not valid JSON`) })
    expect(await run(['start'], { FANFARE_CONFIG: '' })).toMatchObject({ code: 2, err: expect.stringContaining('FANFARE_CONFIG') })
    expect(await run(['start', '--config', '/nowhere.json'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('/nowhere.json: cannot be read'),
    })
  })
})

describe('a configuration file', () => {
  const problemOf = async (text: string) => {
    const path = join(folder, 'file.json')
    writeFileSync(path, text)
    return (await run(['token', '--user', 'a', '--data', folder, '--config', path])).err.trimEnd().replace(`${path}: `, '')
  }

  test('[F67] one that is not JSON is refused with line and column, and not with what stands there', async () => {
    const at = (line: number, column: number, expected: string) => `not valid JSON: line ${line}, column ${column}: expected ${expected}`
    expect(await problemOf('{\n  "port": 1\n  "host": "a"\n}')).toBe(at(3, 3, '"," or a closing bracket'))
    expect(await problemOf('{"port": 1,}')).toBe(at(1, 12, 'a name in double quotes'))
    expect(await problemOf('{"http_api": {"key": my-secret-key}}')).toBe(at(1, 22, 'a value'))
    expect(await problemOf('{"port" 1}')).toBe(at(1, 9, '":"'))
    expect(await problemOf('{"a":\n\n[1, 2}')).toBe(at(3, 6, '"," or a closing bracket'))
    expect(await problemOf('{} no')).toBe(at(1, 4, 'a value'))
    expect(await problemOf('')).toBe(at(1, 1, 'a value'))
    expect(await problemOf('{"a": "x\n"}')).toBe(at(1, 7, 'the end of a text'))
  })

  test('[HG5] comments may stand anywhere in one, and say nothing', async () => {
    withSecrets(configure({ data: folder }), systemRandom)
    const text = '{ // of the drain\n  "shutdown": /* soon */ { "timeout": "1s" } }\n// the end'
    expect(await problemOf(text)).toBe('')
    expect(await problemOf(text.replace('1s', '//'))).toBe('shutdown.timeout: expected a duration like "30s", got "//"')
    expect(await problemOf('{ /* and so on')).toBe('not valid JSON: line 1, column 3: expected the end of a comment')
  })

  test('[F67] the place is found wherever the parser finds none, and nowhere else', async () => {
    const whole = JSON.stringify({ 'a b': [1, -0.5e-3, true, null, { c: 'ü \\ " \u0001' }], d: {}, e: [] }, null, 1)
    for (let end = 0; end <= whole.length; end++)
      for (const text of [whole.slice(0, end), `${whole.slice(0, end)}?${whole.slice(end)}`, whole.slice(0, end) + whole.slice(end + 1)])
        expect([text, readJsonWithComments(text).ok]).toEqual([text, isJson(text)])
  })

  test('[F67] a byte order mark does no harm, and what is no object is said to be none', async () => {
    withSecrets(configure({ data: folder }), systemRandom)
    expect(await problemOf('\uFEFF{"shutdown": {"timeout": "1s"}}')).toBe('')
    expect(await problemOf('null')).toBe('configuration: expected an object, got null')
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('fanfare token', () => {
  const secret = 'a-secret-of-at-least-thirty-two-bytes'

  test('[C30] it prints a token, and nothing else, that the server with the same data folder takes', async () => {
    const data = join(folder, 'data')
    const { client } = withSecrets(configure({ data }), systemRandom)
    const { code, out, err } = await run([
      'token',
      '--user',
      'alice',
      '--ttl',
      '10m',
      '--channels',
      'a, b',
      '--info',
      '{"n":1}',
      '--data',
      data,
    ])
    expect([code, err, out.trim().split('.').length]).toEqual([0, '', 3])
    const verified = await new TokenVerifier(client, systemClock).connection(out.trim())
    expect(verified).toMatchObject({ kind: 'valid', value: { user: 'alice', info: { n: 1 }, subs: { a: {}, b: {} } } })
    const leftS = (verified.kind === 'valid' ? (verified.value.expireAt ?? 0) : 0) - systemClock.now() / 1000
    expect(leftS).toBeGreaterThan(590)
    expect(leftS).toBeLessThanOrEqual(600)
  })

  test('[C30] with a configured secret, audience and issuer it carries them', async () => {
    const token = { hmac_secret_key: secret, audience: 'us', issuer: 'me' }
    const { out } = await run(['token', '--user', ''], {
      FANFARE_CLIENT_TOKEN_HMAC_SECRET_KEY: secret,
      FANFARE_CLIENT_TOKEN_AUDIENCE: 'us',
      FANFARE_CLIENT_TOKEN_ISSUER: 'me',
    })
    const verifier = new TokenVerifier(configure({ client: { token } }).client, systemClock)
    expect(await verifier.connection(out.trim())).toMatchObject({ kind: 'valid', value: { user: '' } })
  })

  test('[C30] where only public keys are known there is nothing to sign with', async () => {
    const { code, err } = await run(['token', '--user', 'a', '--client.token.jwks_public_endpoint', 'https://id.example/keys'])
    expect([code, err]).toEqual([2, expect.stringContaining('nothing else to sign with')])
  })

  test('[C30] help lists its options', async () => {
    const { code, out } = await run(['token', '--help'])
    expect([code, ['--user', '--ttl', '--channels', '--info'].every(flag => out.includes(flag))]).toEqual([0, true])
  })
})

test('[HG6] `fanfare openapi` describes every command of the server API, with the parameters that its page explains', async () => {
  const { out } = await run(['openapi'])
  const { paths } = z.object({ paths: z.record(z.string(), operationSchema) }).parse(JSON.parse(out))
  const page = readFileSync(join(import.meta.dir, '../../docs/server-api.md'), 'utf8')
  expect(Object.keys(paths).length).toBeGreaterThan(12)
  for (const [path, { post }] of Object.entries(paths)) {
    const { properties } = post.requestBody.content['application/json'].schema
    const names = Object.keys(properties).filter(name => properties[name]?.deprecated !== true)
    const unnamed = [path.slice('/api/'.length), ...names].filter(name => !new RegExp(`\\b${name}\\b`).test(page))
    expect({ path, unnamed }).toEqual({ path, unnamed: [] })
  }
})

const operationSchema = z.object({
  post: z.object({
    summary: z.string().min(10),
    requestBody: z.object({
      content: z.object({
        'application/json': z.object({
          schema: z.object({ properties: z.record(z.string(), z.object({ deprecated: z.boolean().optional() })) }),
        }),
      }),
    }),
  }),
})

test('[C31] docs/configuration.md is what `fanfare docs` prints', async () => {
  const { out } = await run(['docs'])
  expect(readFileSync(join(import.meta.dir, '../../docs/configuration.md'), 'utf8')).toBe(out)
  for (const { path, meaning, variable } of catalogue) {
    if (path.startsWith('channel.namespaces[].') && path !== 'channel.namespaces[].name' && !path.includes('lanes[]')) continue
    if (path.includes('without_namespace.lanes[]')) continue
    expect(out).toContain(`| \`${path}\` |`)
    expect(out).toContain(meaning)
    if (variable !== undefined) expect(out).toContain(`\`${variable}\``)
  }
})
