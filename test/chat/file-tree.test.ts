import { afterEach, expect, test } from 'bun:test'
import { proxyTo } from '../../src/server/http/proxy.ts'
import { chat, chatWith } from '../../src/services/chat/index.ts'
import { openSql } from '../../src/store/index.ts'
import { atEnd, FanfareProcess, SteppedClock, until } from '../kit/index.ts'
import { endAll, startCentral, startRelay } from '../kit/servers/tree.ts'
import { generous } from './chat-pair.ts'
import { FileDesk, folderOfFiles, photo } from './file-desk.ts'

afterEach(endAll)

const bytes = new Uint8Array(3_000_000).map((_, index) => index % 251)

/** Files go up and come down at a node, whole and in parts, and who may not have them gets none. */
async function share(desk: FileDesk, conversation: string): Promise<void> {
  const { file } = await desk.share('ann', conversation, 'data.bin', bytes)
  const whole = await desk.get('bob', file.id)
  expect(Buffer.from(await whole.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true)
  const part = await desk.get('bob', file.id, { Range: 'bytes=1000000-1000009' })
  expect([part.status, part.headers.get('content-security-policy')]).toEqual([206, "default-src 'none'; sandbox; frame-ancestors 'none'"])
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(bytes.slice(1_000_000, 1_000_010))
  expect(await desk.status('eve', file.id)).toBe(404)
  expect((await desk.share('ann', conversation, 'a.jpg', await photo(40, 30))).file.kind).toBe('picture')
}

test('[M149] at a relay of a relay files go up to the store and come down, whole and in parts', async () => {
  const { folder, openFiles } = await folderOfFiles()
  const service = chatWith({ openSql: () => openSql('sqlite::memory:'), openFiles, bounds: generous })
  const central = await startCentral({}, { services: [service] })
  const edge = await startRelay([await startRelay([central])])
  const desk = new FileDesk(edge, folder.path)
  const { conversation } = await desk.call('ann', 'chat.direct', { with: 'bob' })
  await share(desk, conversation)
  const refused = await startRelay(
    [central],
    { chat: { files: { size_limit: 1024 } }, http_api: { body_size_limit: 1024 } },
    { services: [chat] },
  )
  expect((await new FileDesk(refused, folder.path).put('ann', 'too-large', new Uint8Array(2_000))).status).toBe(413)
})

test('[M149] with workers it does not matter which process takes a file or gives it', async () => {
  await using server = await FanfareProcess.start({ workers: 3, chat: { files: { upload_rate: { burst: 100 } } } })
  const desk = new FileDesk(server, `${server.folder.path}/data`)
  const { conversation } = await desk.call('ann', 'chat.direct', { with: 'bob' })
  await share(desk, conversation)
  for (let round = 0; round < 8; round++) await desk.share('ann', conversation, `${round}.txt`, `round ${round}`)
  expect(desk.kept.length).toBe(8 + 3)
})

test('[M149] a body that comes slowly through a relay is not given up as long as it comes', async () => {
  const clock = new SteppedClock()
  let taken = 0
  const above = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch({ body }) {
      for await (const chunk of body ?? []) taken += chunk.byteLength
      return Response.json({ taken })
    },
  })
  atEnd(() => above.stop(true))
  const pass = proxyTo({ clock, secret: 'secret', upstream: () => `http://127.0.0.1:${above.port}` })
  const below = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: request => pass(request, {}, '127.0.0.1') })
  atEnd(() => below.stop(true))
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const answering = fetch(`http://127.0.0.1:${below.port}/`, { method: 'PUT', body: readable })
  const writer = writable.getWriter()
  for (let piece = 1; piece <= 5; piece++) {
    await writer.write(new Uint8Array(1_000))
    await until('the piece is there', () => taken === piece * 1_000)
    clock.advance(20_000)
  }
  await writer.close()
  const answer = await answering
  expect([answer.status, await answer.json()]).toEqual([200, { taken: 5_000 }])
})
