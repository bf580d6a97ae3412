import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '../kit/index.ts'
import { configure, TokenVerifier, withSecrets } from '../server/index.ts'
import { runCommand } from './command.ts'
import { ownName } from './own-name.ts'

const folder = mkdtempSync(join(tmpdir(), 'fanfare-token-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const written = { out: '', err: '' }
  const code = await runCommand(args, {
    env,
    color: false,
    isTerminal: false,
    out: text => {
      written.out += text
    },
    err: text => {
      written.err += text
    },
    onSignal() {},
    exit() {},
  })
  return { code, ...written }
}

/** A data folder as a server in development mode leaves it. */
function usedFolder(): string {
  const data = mkdtempSync(join(folder, 'data-'))
  withSecrets(configure({ data }), systemRandom)
  return data
}

describe('fanfare token', () => {
  test('[C51] in a folder where no server has run it makes up no secret: it names the folder, and leaves nothing there', async () => {
    for (const data of [join(folder, 'nowhere'), mkdtempSync(join(folder, 'empty-'))]) {
      const before = existsSync(data) ? readdirSync(data) : 'none'
      const { code, out, err } = await run(['token', '--user', 'alice', '--data', data])
      expect([code, out]).toEqual([2, ''])
      expect(err).toStartWith(`data: ${data} has no secrets.json`)
      expect(existsSync(data) ? readdirSync(data) : 'none').toEqual(before)
    }
  })

  test('[C52] with --channel it prints a subscription token, which opens that channel for that user and no connection', async () => {
    const data = usedFolder()
    const { code, out } = await run(['token', '--user', 'alice', '--channel', '$orders:1', '--info', '{"n":1}', '--data', data])
    expect(code).toBe(0)
    const verifier = new TokenVerifier(withSecrets(configure({ data }), systemRandom).client, systemClock)
    expect(await verifier.subscription(out.trim())).toMatchObject({
      kind: 'valid',
      value: { user: 'alice', channel: '$orders:1', info: { n: 1 } },
    })
    expect((await verifier.connection(out.trim())).kind).toBe('invalid')
  })

  test('[C52] subscription tokens are signed with their own key where they have one', async () => {
    const client = {
      token: { hmac_secret_key: 'c'.repeat(32) },
      subscription_token: { enabled: true, hmac_secret_key: 's'.repeat(32), audience: 'here' },
    }
    const config = join(folder, 'keys.json')
    writeFileSync(config, JSON.stringify({ client }))
    const { out } = await run(['token', '--user', 'a', '--channel', 'x', '--config', config])
    expect((await new TokenVerifier(configure({ client }).client, systemClock).subscription(out.trim())).kind).toBe('valid')
  })

  const wrong: string[][] = [
    ['--channel', ''],
    ['--channel', 'x', '--channels', 'y'],
  ]
  test.each(wrong.map(args => ({ args })))('[C52] $args cannot be', async ({ args }) => {
    const { code, err } = await run(['token', '--user', 'a', '--data', usedFolder(), ...args])
    expect([code, err.startsWith('--channel')]).toEqual([2, true])
  })
})

describe('fanfare token --check', () => {
  test('[C67] says of a token whether this server takes it, and why not, with an exit code', async () => {
    const data = usedFolder()
    const made = async (...args: string[]) => (await run(['token', '--user', 'alice', '--data', data, ...args])).out.trim()
    const check = async (token: string, ...args: string[]) => {
      const { code, out, err } = await run(['token', '--check', token, '--data', data, ...args])
      return [code, out.trimEnd().replace(/good until .*/, 'good until …'), err]
    }
    expect(await check(await made())).toEqual([0, 'connection token, valid: good until …', ''])
    expect(await check(await made('--channel', 'x'))).toEqual([0, 'subscription token, valid: good until …', ''])
    const elsewhere = await check(await made(), '--client.token.hmac_secret_key', 'k'.repeat(32))
    expect(elsewhere).toEqual([1, expect.stringContaining('connection token, invalid: its signature was not made with'), ''])
    expect(await check('rubbish')).toEqual([1, expect.stringMatching(/^connection token, invalid: ./), ''])
  })
})

describe('fanfare check', () => {
  test('[C53] what a start would be is said, with its warnings, and nothing is started or written', async () => {
    const data = join(folder, 'unused')
    const config = join(folder, 'good.json')
    writeFileSync(config, JSON.stringify({ data, channel: { namespaces: [{ name: 'news', lanes: [{ name: 'urgent', keep: 'all' }] }] } }))
    const { code, out, err } = await run(['check', '--config', config], { FANFARE_PORT: '1234' })
    expect([code, err]).toEqual([0, ''])
    expect(out.trimEnd().split('\n')).toEqual([
      'warning: channel.namespaces[0].lanes: does nothing with delivery "stream"',
      `ok: a server; on 127.0.0.1:1234; data in ${data}; namespaces: news; development mode`,
    ])
    expect(existsSync(data)).toBe(false)
  })

  test('[C53] everything that would stop a start is said, with code 2; of a relay too', async () => {
    expect(await run(['check', '--port', 'x', '--host', '0.0.0.0'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^port: .*\nhost: .*\n$/),
    })
    const relay = await run(['check', '--upstream', 'ws://a:1', '--data', join(folder, 'nowhere')])
    expect([relay.code, relay.err.split('\n').map(line => line.split(':')[0])]).toEqual([
      2,
      ['client.token.hmac_secret_key', 'node.secret', ''],
    ])
    expect((await run(['check', '--help'])).out).toStartWith('Usage: fanfare check')
  })
})

test('[C54] how the command line is called is said as it works here: no bare name, and nothing that npx would fetch', async () => {
  expect(ownName('/a/fanfare', '/a/fanfare')).toBe('bin/fanfare')
  expect(ownName('/a/fanfare/docs', '/a/fanfare')).toBe('/a/fanfare/bin/fanfare')
  expect(ownName('/my/app', '/my/app/node_modules/fanfare')).toBe('node_modules/.bin/fanfare')
  const root = join(import.meta.dir, '../..')
  expect(existsSync(join(root, ownName(root)))).toBe(true)
})
