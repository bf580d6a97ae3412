import { afterAll, afterEach, describe, expect, test } from 'bun:test'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FileDesk, photo } from '../chat/file-desk.ts'
import { endAll, FanfareProcess, Folder, Program, tokenSecret, until } from '../kit/index.ts'

const root = join(import.meta.dir, '../..')
const folder = new Folder()
const disk = join(folder.path, 'disk')
const filler = join(disk, 'filler')

/** A file system of its own, of twelve megabytes. */
function mounts(): boolean {
  mkdirSync(disk)
  const isMounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', disk]).exitCode === 0
  if (!isMounted) console.log('SKIP (mount is not allowed): a full disk under files')
  return isMounted
}

const isMounted = mounts()

afterEach(endAll)
afterAll(() => {
  if (isMounted) Bun.spawnSync(['umount', '-l', disk])
  folder[Symbol.dispose]()
})

/** Takes the room of the disk but for so many bytes. */
function fill(left: number): void {
  for (let size = 1024 * 1024; size >= 512; size /= 2)
    for (let isRoom = true; isRoom; ) {
      try {
        writeFileSync(filler, new Uint8Array(size), { flag: 'a' })
      } catch {
        isRoom = false
      }
    }
  Bun.spawnSync(['truncate', '-s', `-${left}`, filler])
}

describe.skipIf(!isMounted)('a full disk', () => {
  test('[C81] an upload that finds no room is a temporary error and leaves nothing, also of a picture; what was kept stays', async () => {
    const flags = ['--port', '0', '--demo', 'off', '--log.format', 'json', '--client.token.hmac_secret_key', tokenSecret]
    await using server = new Program(
      [process.execPath, join(root, 'src/cli/main.ts'), 'start', '--data', join(disk, 'data'), ...flags],
      {},
      root,
    )
    const url = await server.says(/"url":"(http:[^"]+)"/)
    const desk = new FileDesk({ url }, join(disk, 'data'))
    const { conversation } = await desk.call('ann', 'chat.direct', { with: 'bob' })
    const before = await desk.share('ann', conversation, 'before.bin', new Uint8Array(100_000))
    const kept = desk.kept
    fill(1_200_000)
    // There is room for the rows and for what comes, and none for what is to be kept of it.
    for (const [cid, body] of Object.entries({ large: new Uint8Array(2_000_000), twice: new Uint8Array(900_000) })) {
      const response = await desk.put('ann', cid, body)
      expect([cid, response.status, (await response.json()).error]).toMatchObject([cid, 500, { code: 100, temporary: true }])
    }
    fill(700_000)
    const noise = await import('sharp').then(({ default: sharp }) =>
      sharp({ create: { width: 700, height: 700, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 80 }, background: '#000' } })
        .jpeg({ quality: 95 })
        .toBuffer(),
    )
    const picture = await desk.put('ann', 'picture', new Uint8Array(noise))
    expect([picture.status, (await picture.json()).error]).toMatchObject([500, { code: 100, temporary: true }])
    expect([desk.kept, desk.arriving]).toEqual([kept, []])
    expect(server.output.split('\n').filter(line => line.includes('a file could not be kept')).length).toBe(1)
    expect(server.output).not.toContain('"stack"')
    rmSync(filler)
    expect((await desk.share('ann', conversation, 'after.bin', new Uint8Array(2_000_000), 'large')).file.size).toBe(2_000_000)
    expect(await desk.status('bob', before.file.id)).toBe(200)
  })
})

test('[C82] a server that is killed while files come starts with nothing of them, and with all that was answered', async () => {
  await using server = await FanfareProcess.start()
  const desk = () => new FileDesk(server, join(server.folder.path, 'data'))
  const { conversation } = await desk().call('ann', 'chat.direct', { with: 'bob' })
  const kept = await desk().share('ann', conversation, 'a.jpg', await photo(40, 30))
  const endless = new ReadableStream({
    async pull(controller) {
      await Bun.sleep(1)
      controller.enqueue(new Uint8Array(10_000))
    },
  })
  const broken = desk()
    .put('ann', 'endless', endless)
    .catch(() => 'broken')
  await until('it is on its way', () => desk().arriving.length === 1)
  server.signal('SIGKILL')
  await server.ended()
  await broken
  await server.start()
  expect(desk().arriving).toEqual([])
  expect(desk().kept.length).toBe(2)
  expect(await desk().status('bob', kept.file.id)).toBe(200)
})
