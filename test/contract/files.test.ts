import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { seededRandom } from '../../src/kit/index.ts'
import { type FileStore, FolderFiles, S3Files } from '../../src/store/index.ts'
import { Folder, lacks } from '../kit/index.ts'
import { S3Server } from '../kit/servers/s3-server.ts'

interface Place extends AsyncDisposable {
  readonly store: FileStore
  /** Everything that lies there, finished or not. */
  names(): Promise<string[]>
}

async function inFolder(): Promise<Place> {
  const folder = new Folder()
  const path = join(folder.path, 'files')
  return {
    store: await FolderFiles.open(path, seededRandom(1)),
    names: async () => [...new Bun.Glob('**/*').scanSync({ cwd: path, dot: true })].map(name => name.replace(/^.*\//, '')),
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]()
    },
  }
}

async function inBucket(): Promise<Place> {
  const server = await S3Server.start()
  const { endpoint, bucket, keys } = server
  return {
    store: new S3Files({ endpoint, bucket, ...keys, region: 'eu-central-1', prefix: 'chat/' }),
    names: async () => (await server.names()).map(name => name.replace(/^chat\//, '')),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Bytes that come in pieces, each different from its neighbours. */
function pieces(count: number, bytes: number, failsAfter = Number.POSITIVE_INFINITY): ReadableStream<Uint8Array> {
  let given = 0
  return new ReadableStream({
    pull(controller) {
      if (given === failsAfter) controller.error(new Error('the line broke'))
      else if (given === count) controller.close()
      else controller.enqueue(new Uint8Array(bytes).fill(given++ % 251))
    },
  })
}

async function bytesOf(stream: ReadableStream<Uint8Array> | undefined): Promise<Buffer> {
  return stream === undefined ? Buffer.from('nothing') : Buffer.from(await new Response(stream).arrayBuffer())
}

const places = { folder: inFolder, s3: inBucket } as const

for (const [name, open] of Object.entries(places)) {
  describe.skipIf(name === 's3' && lacks('moto', 'files in a store that speaks S3'))(`files: ${name}`, () => {
    let place: Place
    beforeAll(async () => {
      place = await open()
    })
    afterAll(() => place?.[Symbol.asyncDispose]())

    test('[M148] what is put is got, whole and in parts, and is gone once it is deleted', async () => {
      const { store } = place
      await store.put('one', pieces(4, 1_000))
      const whole = await bytesOf(await store.get('one'))
      expect([whole.byteLength, whole[0], whole[1_000], whole[3_999]]).toEqual([4_000, 0, 1, 3])
      expect(await bytesOf(await store.get('one', { from: 999, to: 1_000 }))).toEqual(Buffer.from([0, 1]))
      expect(await bytesOf(await store.get('one', { from: 3_990, to: 3_999 }))).toEqual(Buffer.alloc(10, 3))
      expect(await bytesOf(await store.get('one', { from: 0, to: 3_999 }))).toEqual(whole)
      await store.delete('one')
      expect(await store.get('one')).toBeUndefined()
      await store.delete('one')
      await store.delete('never')
    })

    test('[M148] a file of many parts comes back as it was, and one put again is the newer', async () => {
      const { store } = place
      await store.put('large', pieces(20, 1_048_576))
      const whole = await bytesOf(await store.get('large'))
      expect(whole.byteLength).toBe(20 * 1_048_576)
      for (let piece = 0; piece < 20; piece++) expect(whole[piece * 1_048_576]).toBe(piece)
      await store.put('large', pieces(1, 10))
      expect((await bytesOf(await store.get('large'))).byteLength).toBe(10)
      await store.delete('large')
    })

    test('[M148] a put whose bytes break off leaves what was there before, and nothing beside it', async () => {
      const { store } = place
      await store.put('kept', pieces(1, 100))
      for (const after of [0, 1, 12])
        expect(await store.put('kept', pieces(20, 1_048_576, after)).then(() => 'put', String)).toContain('the line broke')
      expect(await store.put('new', pieces(20, 1_048_576, 12)).then(() => 'put', String)).toContain('the line broke')
      expect((await bytesOf(await store.get('kept'))).byteLength).toBe(100)
      expect(await store.get('new')).toBeUndefined()
      expect(await place.names()).toEqual(['kept'])
      await store.delete('kept')
    })

    test('[M148] a key is a name of its own, never a way to another file', async () => {
      const { store } = place
      for (const key of ['', '..', '../x', 'a/b', '/etc/passwd', '.hidden', 'a\0', 'x'.repeat(200)])
        expect(await store.get(key).then(() => 'got', String)).toContain('RangeError')
    })
  })
}
