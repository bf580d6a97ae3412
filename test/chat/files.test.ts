import { afterEach, describe, expect, test } from 'bun:test'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { until } from '../kit/index.ts'
import { endAll } from '../kit/servers/tree.ts'
import { FileDesk, photo } from './file-desk.ts'

afterEach(endAll)

const report = new TextEncoder().encode('%PDF-1.7\nnothing in particular\n%%EOF')

async function pair(desk: FileDesk): Promise<string> {
  return (await desk.call('ann', 'chat.direct', { with: 'bob' })).conversation
}

describe('files of messages', () => {
  test('[M140] a picture that is uploaded and sent comes with its size to those who may see the message, whole and small', async () => {
    const desk = await FileDesk.start()
    const id = await pair(desk)
    const { file, seq } = await desk.share('ann', id, 'beach.jpg', await photo())
    expect(file).toMatchObject({ kind: 'picture', type: 'image/jpeg', width: 800, height: 1200 })
    const { entries } = await desk.call('bob', 'chat.history', { conversation: id, after: 0 })
    expect(entries).toMatchObject([{ seq, files: [{ ...file, name: 'beach.jpg' }] }])
    const whole = await desk.get('bob', file.id)
    expect([whole.status, whole.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
    const bytes = Buffer.from(await whole.arrayBuffer())
    expect(bytes.byteLength).toBe(file.size)
    const small = await desk.get('bob', file.id, {}, '/small')
    const { width, height } = await sharp(Buffer.from(await small.arrayBuffer())).metadata()
    expect([small.headers.get('content-type'), width, height]).toEqual(['image/webp', 480, 720])
  })

  test('[M141] what a picture said of place, camera and orientation is gone, and it is seen as it was meant', async () => {
    const desk = await FileDesk.start()
    const id = await pair(desk)
    const given = await photo()
    expect((await sharp(given).metadata()).exif?.includes('Phone')).toBe(true)
    const { file } = await desk.share('ann', id, 'beach.jpg', given)
    for (const part of ['', '/small']) {
      const { exif, xmp, orientation } = await sharp(Buffer.from(await (await desk.get('bob', file.id, {}, part)).arrayBuffer())).metadata()
      expect([exif, xmp, orientation ?? 1]).toEqual([undefined, undefined, 1])
    }
  })

  test('[M142] the same upload again, also at the same time, is one file with one answer, and costs room once', async () => {
    const desk = await FileDesk.start({ userBytesMax: 10_000, bytesMax: 4_000 })
    const bytes = Buffer.alloc(4_000, 'a')
    const first = await desk.upload('ann', 'cid-1', bytes)
    for (let round = 0; round < 5; round++) expect(await desk.upload('ann', 'cid-1', bytes)).toEqual(first)
    expect(desk.kept).toEqual([first.id])
    const answers = await Promise.all([1, 2].map(() => desk.put('ann', 'cid-2', bytes)))
    const taken = await Promise.all(answers.filter(({ ok }) => ok).map(answer => answer.json()))
    expect(taken.length).toBeGreaterThan(0)
    expect(new Set(taken.map(({ id }) => id)).size).toBe(1)
    expect(desk.kept.length).toBe(2)
    expect(await desk.upload('bob', 'cid-1', bytes)).not.toEqual(first)
  })

  test('[M143] a message that is sent again with its files gets the same answer, and with others a conflict', async () => {
    const desk = await FileDesk.start()
    const conversation = await pair(desk)
    const [one, other] = [await desk.upload('ann', 'u1', 'one'), await desk.upload('ann', 'u2', 'other')]
    const send = (file: string) =>
      desk.call('ann', 'chat.send', { conversation, cid: 'm', device: 'd', files: [{ id: file, name: 'a.txt' }] })
    const sent = await send(one.id)
    expect(await send(one.id)).toEqual(sent)
    expect(String(await send(other.id).catch(String))).toContain('409 idempotency_conflict')
  })

  test('[M144] a message is of text, of files, or of both; a caption is edited and taken away, and the files stay', async () => {
    const desk = await FileDesk.start()
    const conversation = await pair(desk)
    const { file, seq } = await desk.share('ann', conversation, 'report.pdf', report)
    const shown = async () => (await desk.call('bob', 'chat.history', { conversation, after: 0 })).entries
    expect(await shown()).toMatchObject([{ files: [{ id: file.id, kind: 'file', type: 'application/octet-stream' }] }])
    await desk.call('ann', 'chat.edit', { conversation, seq, text: 'The final one' })
    expect(await shown()).toMatchObject([{ text: 'The final one', rev: 1, files: [{ id: file.id, name: 'report.pdf' }] }])
    await desk.call('ann', 'chat.edit', { conversation, seq, text: ' ' })
    const [entry] = await shown()
    expect(entry).toMatchObject({ rev: 2, files: [{ id: file.id }] })
    expect(entry).not.toHaveProperty('text')
    const { seq: plain } = await desk.call('ann', 'chat.send', { conversation, cid: 'p', device: 'd', text: 'words' })
    expect(String(await desk.call('ann', 'chat.edit', { conversation, seq: plain, text: ' ' }).catch(String))).toContain('422')
    expect(String(await desk.call('ann', 'chat.send', { conversation, cid: 'q', device: 'd' }).catch(String))).toContain('400')
  })

  test('[M145] a file is had by those alone who may see a message that carries it, at the time when they ask', async () => {
    const desk = await FileDesk.start()
    const { conversation } = await desk.call('ann', 'chat.group', { title: 'trip', members: ['bob', 'eve'], cid: 'g' })
    const { file } = await desk.share('ann', conversation, 'a.jpg', await photo(40, 30))
    expect(await Promise.all(['ann', 'bob', 'eve', 'dan'].map(user => desk.status(user, file.id)))).toEqual([200, 200, 200, 404])
    await desk.call('ann', 'chat.remove', { conversation, users: ['eve'] })
    const later = await desk.share('ann', conversation, 'b.jpg', await photo(30, 40))
    // What was said while she was there stays hers to see.
    expect([await desk.status('eve', file.id), await desk.status('eve', later.file.id)]).toEqual([200, 404])
    const before = await desk.link('bob', file.id)
    await desk.call('bob', 'chat.clear', { conversation })
    expect([(await fetch(before)).status, await desk.status('bob', file.id), await desk.status('ann', file.id)]).toEqual([404, 404, 200])
    const last = await desk.share('ann', conversation, 'c.jpg', await photo(20, 40))
    await desk.call('ann', 'chat.delete', { conversation, seq: last.seq, for: 'me' })
    expect([await desk.status('ann', last.file.id), await desk.status('bob', last.file.id)]).toEqual([404, 200])
  })

  test('[M145] what somebody blocked sends is not had by who blocked them; and nobody has what was not sent', async () => {
    const desk = await FileDesk.start()
    const conversation = await pair(desk)
    await desk.call('bob', 'chat.block', { user: 'ann', on: true })
    const { file } = await desk.share('ann', conversation, 'a.jpg', await photo(40, 30))
    expect([await desk.status('ann', file.id), await desk.status('bob', file.id)]).toEqual([200, 404])
    const unsent = await desk.upload('ann', 'unsent', 'words')
    expect([await desk.status('ann', unsent.id), await desk.status('bob', unsent.id)]).toEqual([404, 404])
    const stolen = { conversation, cid: 's', device: 'd', files: [{ id: unsent.id, name: 'a' }] }
    expect(String(await desk.call('bob', 'chat.send', stolen).catch(String))).toContain('404 not_found')
  })

  test('[F150] a link is for one user and one file, for minutes; without it or a token there is no such file', async () => {
    const desk = await FileDesk.start()
    const conversation = await pair(desk)
    const { file } = await desk.share('ann', conversation, 'a.txt', 'words')
    const { file: other } = await desk.share('ann', conversation, 'b.txt', 'other words')
    const link = await desk.link('bob', file.id)
    expect(link).not.toContain('bob')
    const statusOf = async (url: string, init: RequestInit = {}) => (await fetch(url, init)).status
    expect(await statusOf(link)).toBe(200)
    expect(await statusOf(link.replace(file.id, other.id))).toBe(404)
    expect(await statusOf(link.replace(/t=.*/, ''))).toBe(404)
    expect(await statusOf(link.replace(/.{4}$/, 'AAAA'))).toBe(404)
    expect(await statusOf(link.replace(/t=.*/, `t=${'A'.repeat(60)}`))).toBe(404)
    expect(await statusOf(`${desk.server.url}/chat/files/..%2F..%2Fsecrets.json?t=x`)).toBe(404)
    expect(await desk.link('bob', file.id)).toBe(link)
  })

  test('[M146] parts of a file are had by range, and what it is called and is stands in the headers', async () => {
    const desk = await FileDesk.start()
    const conversation = await pair(desk)
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251))
    const { file } = await desk.share('ann', conversation, 'données "1".bin', bytes)
    const part = await desk.get('bob', file.id, { Range: 'bytes=10-19' })
    expect([part.status, part.headers.get('content-range'), part.headers.get('content-length')]).toEqual([206, 'bytes 10-19/100000', '10'])
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(10, 20))
    const end = await desk.get('bob', file.id, { Range: 'bytes=-5' })
    expect(Buffer.from(await end.arrayBuffer())).toEqual(bytes.subarray(-5))
    expect((await desk.get('bob', file.id, { Range: 'bytes=100000-' })).status).toBe(416)
    const whole = await desk.get('bob', file.id)
    expect(Buffer.from(await whole.arrayBuffer())).toEqual(bytes)
    const { headers } = whole
    expect(headers.get('content-disposition')).toBe(`attachment; filename="donn_es _1_.bin"; filename*=UTF-8''donn%C3%A9es%20_1_.bin`)
    expect([headers.get('cache-control'), headers.get('accept-ranges')]).toEqual(['private, max-age=1200, immutable', 'bytes'])
    const head = await fetch(await desk.link('bob', file.id), { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '100000'])
  })

  test('[M147] bytes go with the last message that carries them, and what is never sent goes after a while', async () => {
    const desk = await FileDesk.start({ unsentMs: 0 })
    const conversation = await pair(desk)
    // Sent before anything sweeps: nothing does until a deletion.
    const file = await desk.upload('ann', 'u', await photo(40, 30))
    const send = (cid: string) => desk.call('ann', 'chat.send', { conversation, cid, device: 'd', files: [{ id: file.id, name: 'a.jpg' }] })
    const [one, other] = [await send('1'), await send('2')]
    await desk.upload('ann', 'unsent', 'never sent')
    expect(desk.kept.length).toBe(3)
    await desk.call('ann', 'chat.delete', { conversation, seq: one.seq, for: 'everyone' })
    await until('what was never sent is gone', () => desk.kept.length === 2)
    expect(await desk.status('bob', file.id)).toBe(200)
    await desk.call('ann', 'chat.delete', { conversation, seq: other.seq, for: 'everyone' })
    expect(await desk.status('bob', file.id)).toBe(404)
    await until('its bytes are gone', () => desk.kept.length === 0)
    const { entries } = await desk.call('bob', 'chat.history', { conversation, after: 0 })
    for (const entry of entries) expect(entry).not.toHaveProperty('files')
  })

  test('[M147] what is deleted while other bytes are going goes as well', async () => {
    const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const desk = await FileDesk.start({}, undefined, store => {
      const remove = store.delete.bind(store)
      store.delete = async name => {
        begun.resolve()
        await held.promise
        await remove(name)
      }
    })
    const conversation = await pair(desk)
    const [first, second] = [await desk.share('ann', conversation, 'a.pdf', report), await desk.share('ann', conversation, 'b.pdf', report)]
    await desk.call('ann', 'chat.delete', { conversation, seq: first.seq, for: 'everyone' })
    await begun.promise
    await desk.call('ann', 'chat.delete', { conversation, seq: second.seq, for: 'everyone' })
    held.resolve()
    await until('the bytes of both are gone', () => desk.kept.length === 0)
  })

  test('[C80] what users upload can be read by the server’s own user alone', async () => {
    const desk = await FileDesk.start()
    const conversation = await pair(desk)
    const { file } = await desk.share('ann', conversation, 'a.jpg', await photo(40, 30))
    expect(desk.kept.sort()).toEqual([file.id, `${file.id}.small`].sort())
    const { stdout } = Bun.spawnSync(['find', join(desk.path, 'files'), join(desk.path, 'uploads'), '-perm', '/077'])
    expect(stdout.toString()).toBe('')
    expect(statSync(join(desk.path, 'files')).mode & 0o777).toBe(0o700)
  })
})
