import { afterAll, describe, expect, test } from 'bun:test'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { apiKey, Folder, Program, tokenSecret, until, userToken } from '../kit/index.ts'

const root = join(import.meta.dir, '../..')
const folder = new Folder()
const disk = join(folder.path, 'disk')
const filler = join(disk, 'filler')
/** More than what is free in the store's own pages. */
const sendsMax = 5000

/** A file system of its own, of twelve megabytes. */
function mounts(): boolean {
  mkdirSync(disk)
  const isMounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk]).exitCode === 0
  if (!isMounted) console.log('SKIP (mount is not allowed): a full disk')
  return isMounted
}

const isMounted = mounts()

afterAll(() => {
  if (isMounted) Bun.spawnSync(['umount', '-l', disk])
  folder[Symbol.dispose]()
})

/** Takes all the room that is left. */
function fill(): void {
  for (let size = 1024 * 1024; size >= 512; size /= 2)
    for (let isRoom = true; isRoom; ) {
      try {
        writeFileSync(filler, new Uint8Array(size), { flag: 'a' })
      } catch {
        isRoom = false
      }
    }
}

function start(...flags: readonly string[]): Program {
  const namespaces = JSON.stringify([{ name: 'kept', history_size: 1000, history_ttl: '1h', history_store: 'disk' }])
  const all = [
    '--port',
    '0',
    '--data',
    join(disk, 'data'),
    '--demo',
    'off',
    '--log.format',
    'json',
    '--channel.namespaces',
    namespaces,
    ...flags,
  ]
  return new Program([process.execPath, join(root, 'src/cli/main.ts'), 'start', ...all], {}, root)
}

const given = ['--client.token.hmac_secret_key', tokenSecret, '--http_api.key', apiKey]

async function publish(
  url: string,
  data: unknown,
): Promise<{ result?: { offset: number }; error?: { code: number; temporary?: boolean } }> {
  const body = JSON.stringify({ channel: 'kept:a', data })
  return (await (await fetch(`${url}/api/publish`, { method: 'POST', headers: { 'X-API-Key': apiKey }, body })).json()) as never
}

describe.skipIf(!isMounted)('a full disk', () => {
  test('[C69] is said by /readyz, in one line and by a figure, publishers get a temporary error, and all is well when there is room again', async () => {
    await using server = start(...given)
    const url = await server.says(/"url":"(http:[^"]+)"/)
    const ready = async () => {
      const response = await fetch(`${url}/readyz`)
      return [response.status, Reflect.get(Object(await response.json()), 'reason')]
    }
    const figure = async (name: string) =>
      Number(
        new RegExp(`^fanfare_${name} (\\S+)`, 'm').exec(
          await (await fetch(`${url}/metrics`, { headers: { 'X-API-Key': apiKey } })).text(),
        )?.[1],
      )
    expect((await publish(url, 'before')).result?.offset).toBe(1)
    expect([await ready(), await figure('store_writable')]).toEqual([[200, undefined], 1])
    fill()
    const large = 'x'.repeat(30_000)
    const answers = []
    for (let index = 0; index < 200; index++) answers.push(await publish(url, large))
    const failed = answers.filter(({ error }) => error !== undefined)
    expect(failed.length).toBeGreaterThan(50)
    for (const { error } of failed) expect(error).toMatchObject({ code: 100 })
    expect(await ready()).toEqual([503, expect.stringMatching(/full/)])
    // Figures are gathered once a second.
    await until('the figure says so', async () => (await figure('store_writable')) === 0)
    expect(await figure('store_write_failures_total')).toBeGreaterThanOrEqual(failed.length)
    const complaints = server.output.split('\n').filter(line => line.includes('"level":"error"'))
    expect(complaints.length).toBeLessThanOrEqual(3)
    expect(complaints[0]).toContain('the data folder cannot be written')
    expect(server.output).not.toContain('"stack"')
    rmSync(filler)
    await until('it is ready again', async () => (await ready())[0] === 200)
    expect((await publish(url, 'after')).result?.offset).toBe(1 + answers.length - failed.length + 1)
    await until('the figure says so', async () => (await figure('store_writable')) === 1)
  })

  test('[C71] fails every message of a chat, and is said in a few lines with how many there were, and without a stack', async () => {
    rmSync(join(disk, 'data'), { recursive: true, force: true })
    await using server = start(...given)
    const url = await server.says(/"url":"(http:[^"]+)"/)
    const headers = { Authorization: `Bearer ${await userToken('ann')}` }
    const call = async (method: string, data: object) => {
      const response = await fetch(`${url}/rpc/${method}`, { method: 'POST', headers, body: JSON.stringify(data) })
      return (await response.json()) as { conversation?: string; error?: { code: number; temporary?: boolean } }
    }
    const { conversation } = await call('chat.direct', { with: 'bob' })
    expect(conversation).toBeString()
    fill()
    let failed = 0
    for (let index = 0; failed < 10; index++) {
      expect(index, 'sends that a full disk takes').toBeLessThan(sendsMax)
      const { error } = await call('chat.send', { conversation, cid: `c${index}`, text: 'x'.repeat(2_000) })
      if (error !== undefined) {
        expect(error).toMatchObject({ code: 503, temporary: true })
        failed++
      }
    }
    const lines = () => server.output.split('\n').filter(line => line.includes('the store did not answer'))
    await until('it is said how many', () => lines().some(line => line.includes('"suppressed":9,')))
    expect(lines().length).toBeLessThan(failed)
    expect(server.output).not.toContain('"stack"')
    rmSync(filler)
  })

  test('[C69] where secrets cannot be kept the start says so in a line, and leaves no half of a file', async () => {
    rmSync(join(disk, 'data'), { recursive: true, force: true })
    mkdirSync(join(disk, 'data'))
    fill()
    await using refused = start()
    expect(await refused.exited).toBeGreaterThan(0)
    expect(refused.errors).toMatch(/^data: .*secrets.json cannot be used: .*no space.*\n$/i)
    expect(readdirSync(join(disk, 'data'))).toEqual([])
    rmSync(filler)
  })
})
