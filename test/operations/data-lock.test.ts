import { describe, expect, test } from 'bun:test'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DataInUseError } from '../../src/server/index.ts'
import { FanfareProcess, Folder, Program, startServer } from '../kit/index.ts'

const root = join(import.meta.dir, '../..')
const kept = [{ name: 'kept', history_size: 10, history_ttl: '10m', history_store: 'disk' as const }]
const secret = 'k'.repeat(32)

/** A start that is expected to fail. */
async function refusedStart(folder: string, ...more: string[]) {
  const flags = ['--port', '0', '--data', folder, '--demo', 'off', '--log.format', 'json', '--client.token.hmac_secret_key', secret]
  await using program = new Program([process.execPath, join(root, 'src/cli/main.ts'), 'start', ...flags, ...more], {}, root)
  const code = await program.exited
  return { code, errors: program.errors }
}

describe('one data folder', () => {
  test('[C55] is for one server: a second one says who has it and does not start, and the first goes on', async () => {
    await using first = await FanfareProcess.start({ channel: { namespaces: kept } })
    const data = join(first.folder.path, 'data')
    for (const more of [[], ['--workers', '2'], ['--store', `sqlite:${data}/../data/fanfare.sqlite`]])
      expect(await refusedStart(data, ...more)).toEqual({
        code: 1,
        errors: `data: the data folder ${data} is in use by process ${first.pid}: stop that server first, or give this one a folder of its own with --data\n`,
      })
    const published = await fetch(`${first.url}/api/publish`, {
      method: 'POST',
      headers: { 'X-API-Key': 'an-api-key-for-tests-of-32-bytes-and-more' },
      body: '{"channel":"kept:a","data":1}',
    })
    expect(await published.json()).toMatchObject({ result: { offset: 1 } })
  })

  test('[C55] is free again the moment its server was killed, with workers too, whatever note it left', async () => {
    await using server = await FanfareProcess.start({ workers: 2, channel: { namespaces: kept } })
    server.signal('SIGKILL')
    await server.ended()
    // A process that lives, and has nothing to do with it.
    writeFileSync(join(server.folder.path, 'data/fanfare.sqlite.pid'), `${process.pid}\n`)
    await server.start()
    expect(readFileSync(join(server.folder.path, 'data/fanfare.sqlite.pid'), 'utf8')).toBe(`${server.pid}\n`)
  })

  test('[C55] may be named by a relay of its server, which keeps nothing there', async () => {
    await using central = await FanfareProcess.start({ node: { secret }, channel: { namespaces: kept } })
    const data = join(central.folder.path, 'data')
    await using relay = await FanfareProcess.start({ node: { secret }, data, upstream: [`ws://127.0.0.1:${central.port}`] }, 'relay')
    expect((await fetch(`${relay.url}/readyz`)).status).toBe(200)
  })

  test('[C55] holds in one program too, under every name of the folder, until the server closes', async () => {
    using folder = new Folder()
    const data = join(folder.path, 'data')
    const link = join(folder.path, 'link')
    const first = await startServer({ data })
    symlinkSync(data, link)
    for (const name of [data, link, `${data}/.`]) await expect(startServer({ data: name })).rejects.toBeInstanceOf(DataInUseError)
    await expect(startServer({ data: join(folder.path, 'other'), store: `sqlite:${link}/fanfare.sqlite` })).rejects.toThrow(
      `store: sqlite:${link}/fanfare.sqlite is in use by process ${process.pid}`,
    )
    await first[Symbol.asyncDispose]()
    await using again = await startServer({ data: link })
    expect((await fetch(`${again.url}/readyz`)).status).toBe(200)
  })
})
