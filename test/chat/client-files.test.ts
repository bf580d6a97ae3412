import { afterEach, expect, test } from 'bun:test'
import { ChatClient, MemoryCache } from '../../src/services/chat/client/index.ts'
import { atEnd, until, userToken } from '../kit/index.ts'
import { endAll } from '../kit/servers/tree.ts'
import { ChatPerson } from './chat-person.ts'
import { FileDesk, photo } from './file-desk.ts'
import { WeakLine } from './weak-line.ts'

afterEach(endAll)

async function pair(desk: FileDesk) {
  const ann = await ChatPerson.start(desk.server, 'ann')
  const bob = await ChatPerson.start(desk.server, 'bob')
  const { id } = await ann.client.direct('bob')
  await bob.has(id)
  return { ann, bob, id }
}

const words = (text: string) => new Blob([text], { type: 'text/plain' })

test('[M150] the client sends files with their caption, the other side has them with a link, and the same view stays the same', async () => {
  const desk = await FileDesk.start()
  const { ann, bob, id } = await pair(desk)
  await ann.sees('how large files may be', () => ann.client.files.bytesMax === 64 * 1024 * 1024)
  const picture = new Blob([await photo()], { type: 'image/jpeg' })
  const cid = ann.client.send(id, {
    text: 'Look',
    files: [{ blob: picture, name: 'C:\\beach.jpg', width: 800, height: 1200, alt: 'A beach' }],
  })
  expect(ann.messages(id)).toMatchObject([
    { key: cid, state: 'waiting', text: 'Look', files: [{ kind: 'picture', width: 800, height: 1200 }] },
  ])
  await bob.sees('the message', () => bob.texts(id).includes('Look'))
  const [got] = bob.messages(id)
  expect(got?.files).toMatchObject([{ kind: 'picture', name: 'beach.jpg', width: 800, height: 1200, alt: 'A beach' }])
  await ann.sees('that it is sent', () => ann.states(id).every(state => state !== 'waiting'))
  const [sent] = ann.messages(id)
  expect([sent?.key, sent?.files]).toEqual([cid, got?.files])
  const file = got?.files?.[0]?.id ?? ''
  expect(ann.client.files.own(file)?.size).toBe(picture.size)
  const url = await until('there is a link', () => bob.client.files.urlOf(file))
  expect(bob.changes).toContainEqual({ kind: 'files' })
  expect((await fetch(url)).headers.get('content-type')).toBe('image/jpeg')
  expect((await fetch(bob.client.files.urlOf(file, 'small') ?? '')).headers.get('content-type')).toBe('image/webp')
  expect((await fetch(bob.client.files.urlOf(file, 'save') ?? '')).headers.get('content-disposition')).toStartWith('attachment')
  expect(bob.messages(id)[0]).toBe(got)
})

test('[M151] what is sent without a connection, files too, is kept over a reload and delivered once there is one', async () => {
  const desk = await FileDesk.start()
  const { ann, bob, id } = await pair(desk)
  ann.line.down()
  await ann.sees('that it is offline', () => ann.client.link !== 'live')
  ann.client.send(id, { files: [{ blob: words('one'), name: 'one.txt' }] })
  ann.client.send(id, { text: 'two' })
  ann.client.send(id, { files: [{ blob: words('three'), name: 'three.txt' }] })
  const again = await ann.reload(desk.server)
  expect(again.messages(id).map(({ state, text, files }) => [state, text ?? files?.[0]?.name])).toEqual([
    ['waiting', 'one.txt'],
    ['waiting', 'two'],
    ['waiting', 'three.txt'],
  ])
  again.line.up()
  await bob.sees('all three', () => bob.messages(id).length === 3)
  const names = bob.messages(id).flatMap(({ files = [] }) => files.map(({ name }) => name))
  expect(names.sort()).toEqual(['one.txt', 'three.txt'])
  expect(desk.kept.length).toBe(2)
  await again.sees('that all are sent', () => again.states(id).every(state => state !== 'waiting'))
})

test('[M152] words do not wait for files that are still uploaded; a cancelled upload goes nowhere; a refused one is told and tried again', async () => {
  const desk = await FileDesk.start({ bytesMax: 4_000_000 })
  const { ann, bob, id } = await pair(desk)
  const large = new Blob([new Uint8Array(3_000_000)])
  const cids = [1, 2, 3, 4].map(number => ann.client.send(id, { files: [{ blob: large, name: `${number}.bin` }] }))
  ann.client.send(id, { text: 'words' })
  ann.client.discard(cids[3] ?? '')
  await bob.sees('the words', () => bob.texts(id).includes('words'))
  await bob.sees('what was not cancelled', () => bob.messages(id).length === 4)
  expect(
    bob
      .messages(id)
      .flatMap(({ files = [] }) => files.map(({ name }) => name))
      .sort(),
  ).toEqual(['1.bin', '2.bin', '3.bin'])
  expect(ann.changes).toContainEqual({ kind: 'progress', conversation: id, cid: cids[0] ?? '' })
  expect(cids.map(cid => ann.client.files.progress(cid))).toEqual([undefined, undefined, undefined, undefined])

  const cid = ann.client.send(id, { files: [{ blob: new Blob([new Uint8Array(4_000_001)]), name: 'huge.bin' }] })
  await ann.sees('that it failed', () => ann.states(id).includes('failed'))
  expect(ann.messages(id).at(-1)).toMatchObject({ cid, refusal: { code: 413, reason: 'too_large' } })
  ann.client.discard(cid)
  expect(ann.messages(id).length).toBe(4)
})

test('[M152] a device that comes back before its cache was told sends nothing twice', async () => {
  const desk = await FileDesk.start()
  const cache = new MemoryCache()
  const bob = await ChatPerson.start(desk.server, 'bob')
  const ann = await ChatPerson.start(desk.server, 'ann', { cache })
  const { id } = await ann.client.direct('bob')
  ann.client.send(id, { files: [{ blob: words('one'), name: 'one.txt' }] })
  const [kept] = await until('it is kept', async () => {
    const entries = await cache.outbox()
    return entries.length > 0 ? entries : undefined
  })
  await bob.sees('the file', () => bob.messages(id).length === 1)
  await ann.client.close()
  if (kept !== undefined) await cache.putOutbox(kept)
  const again = await ChatPerson.start(desk.server, 'ann', { cache, line: new WeakLine() })
  await until('it is not kept any longer', async () => (await cache.outbox()).length === 0)
  expect([again.messages(id).length, bob.messages(id).length, desk.kept.length]).toEqual([1, 1, 1])
})

test('[M152] an upload asks for another token where the one that it had has ended', async () => {
  const desk = await FileDesk.start()
  const bob = await ChatPerson.start(desk.server, 'bob')
  const tokens = [await userToken('ann'), 'not.a.token', await userToken('ann')]
  const url = `${desk.server.url.replace('http', 'ws')}/connection/websocket`
  const ann = new ChatClient({ url, user: 'ann', device: 'phone', getToken: async () => tokens.shift() ?? '' })
  atEnd(() => ann.close())
  await ann.connect()
  await until('it is connected', () => ann.link === 'live')
  const { id } = await ann.direct('bob')
  for (const name of ['one.txt', 'two.txt']) ann.send(id, { files: [{ blob: words(name), name }] })
  await bob.sees('both', () => bob.messages(id).length === 2)
  expect(tokens).toEqual([])
})
