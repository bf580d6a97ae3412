import { afterAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock, systemRandom } from '../../kit/index.ts'
import { type Config, ConfigError, type ConfigInput, configure } from '../config/index.ts'
import { signToken, TokenVerifier } from '../identity/tokens.ts'
import { openSecrets, secretsPath, withSecrets } from './secrets.ts'

const root = mkdtempSync(join(tmpdir(), 'fanfare-secrets-'))
afterAll(() => rmSync(root, { recursive: true }))

let folders = 0
function newFolder(): string {
  return join(root, `data-${folders++}`, 'below')
}

function secured(input: ConfigInput): Config {
  return withSecrets(configure(input), systemRandom)
}

describe('development mode', () => {
  test('[C22] secrets are made up once, readable by their owner alone', () => {
    const data = newFolder()
    const made = openSecrets(data, systemRandom)
    expect(new Set(Object.values(made)).size).toBe(3)
    for (const secret of Object.values(made)) expect(Buffer.from(secret, 'base64url')).toHaveLength(32)
    expect(statSync(secretsPath(data)).mode & 0o777).toBe(0o600)
    expect(readdirSync(data)).toEqual(['secrets.json'])
    expect(openSecrets(data, systemRandom)).toEqual(made)
  })

  test('[C22] a file that others could read is closed to them', () => {
    const data = newFolder()
    openSecrets(data, systemRandom)
    chmodSync(secretsPath(data), 0o644)
    openSecrets(data, systemRandom)
    expect(statSync(secretsPath(data)).mode & 0o777).toBe(0o600)
  })

  test('[C22] processes that start at once get the same secrets', async () => {
    const data = newFolder()
    const program = `
      import { openSecrets } from ${JSON.stringify(join(import.meta.dir, 'secrets.ts'))}
      import { systemRandom } from ${JSON.stringify(join(import.meta.dir, '../../kit/index.ts'))}
      console.log(JSON.stringify(openSecrets(${JSON.stringify(data)}, systemRandom)))`
    const runs = Array.from({ length: 4 }, () => Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe' }))
    const outputs = await Promise.all(runs.map(run => new Response(run.stdout).text()))
    expect(new Set(outputs).size).toBe(1)
    expect(JSON.parse(outputs[0] ?? '')).toEqual(JSON.parse(readFileSync(secretsPath(data), 'utf8')))
    expect(readdirSync(data)).toEqual(['secrets.json'])
  })

  test('[C23] a damaged file stops the start, and is not shown', () => {
    const data = newFolder()
    const { http_api_key } = openSecrets(data, systemRandom)
    const messageOf = (content: string) => {
      writeFileSync(secretsPath(data), content)
      try {
        openSecrets(data, systemRandom)
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError)
        return String(error)
      }
      return 'no error'
    }
    expect(messageOf(`{"http_api_key": "${http_api_key}"`)).toContain('is not JSON; delete it to get new secrets')
    expect(messageOf(JSON.stringify({ http_api_key }))).toContain('token_hmac_secret_key')
    expect(messageOf('{"token_hmac_secret_key": "short"}')).not.toContain('short')
    expect(messageOf(`"${http_api_key}`)).not.toContain(http_api_key)
  })

  test('[C23] a folder that cannot be written stops the start with its path', () => {
    const file = join(root, 'a-file')
    writeFileSync(file, '')
    expect(() => openSecrets(join(file, 'data'), systemRandom)).toThrow(`data: ${join(file, 'data', 'secrets.json')} cannot be used`)
  })
})

describe('a configuration with its secrets', () => {
  test('[C24] in development mode, tokens of the kept secret are good over a restart', async () => {
    const data = newFolder()
    const token = await signToken(secured({ data }).client.token.hmacSecretKey ?? '', { sub: 'alice' })
    const verifier = new TokenVerifier(secured({ data }).client, systemClock)
    expect(await verifier.connection(token)).toMatchObject({ kind: 'valid', value: { user: 'alice' } })
    expect(
      (await verifier.subscription(await signToken(openSecrets(data, systemRandom).token_hmac_secret_key, { channel: 'x' }))).kind,
    ).toBe('valid')
    expect(secured({ data }).httpApi.key).toBe(openSecrets(data, systemRandom).http_api_key)
  })

  test('[C24] what was given is kept', () => {
    const key = 'k'.repeat(40)
    const config = secured({
      data: newFolder(),
      http_api: { key },
      client: { subscription_token: { enabled: true, hmac_secret_key: key } },
    })
    expect(config.httpApi.key).toBe(key)
    expect(config.client.subscriptionToken.hmacSecretKey).toBe(key)
    expect(config.client.token.hmacSecretKey).not.toBe(key)
  })

  test('[C24] with a given token secret nothing is made up, and the API stays shut without its key', () => {
    const data = newFolder()
    const config = secured({ data, client: { token: { hmac_secret_key: 'k'.repeat(32) } } })
    expect(config.httpApi.key).toBeUndefined()
    expect(config.node.secret).toBeUndefined()
    expect(existsSync(data)).toBe(false)
  })

  test('[C24] workers of one machine share a kept secret where none is given', () => {
    const data = newFolder()
    const input: ConfigInput = { data, workers: 2, client: { token: { hmac_secret_key: 'k'.repeat(32) } } }
    expect(secured(input).node.secret).toBe(openSecrets(data, systemRandom).node_secret)
    expect(secured({ ...input, node: { secret: 'given-by-hand-16' } }).node.secret).toBe('given-by-hand-16')
    expect(secured(input).httpApi.key).toBeUndefined()
  })
})
