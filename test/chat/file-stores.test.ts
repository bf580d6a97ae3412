import { afterEach, expect, test } from 'bun:test'
import { endAll, until } from '../kit/index.ts'
import { overBothStores } from './both-stores.ts'
import { FileDesk, photo } from './file-desk.ts'

afterEach(endAll)

overBothStores(({ open }) => {
  test('[M142, M145, M147] uploads, sends, who may have what, and deletions of files are the same in both stores', async () => {
    const desk = await FileDesk.start({ unsentMs: 0, bytesMax: 5_000, userBytesMax: 12_000 }, open)
    const { conversation } = await desk.call('ann', 'chat.group', { title: 'trip', members: ['bob', 'eve'], cid: 'g' })
    const picture = await desk.share('ann', conversation, 'a.jpg', await photo(40, 30))
    expect(await desk.upload('ann', 'ann-a.jpg', await photo(40, 30))).toEqual(picture.file)
    const words = await desk.share('ann', conversation, 'a.txt', new Uint8Array(5_000))
    await desk.call('ann', 'chat.remove', { conversation, users: ['eve'] })
    const later = await desk.share('ann', conversation, 'b.txt', new Uint8Array(5_000))
    expect((await desk.put('ann', 'more', new Uint8Array(5_000))).status).toBe(413)
    expect(await Promise.all(['bob', 'eve', 'dan'].map(user => desk.status(user, words.file.id)))).toEqual([200, 200, 404])
    expect(await Promise.all(['bob', 'eve', 'dan'].map(user => desk.status(user, later.file.id)))).toEqual([200, 404, 404])
    await desk.call('bob', 'chat.clear', { conversation })
    expect(await desk.status('bob', words.file.id)).toBe(404)
    await desk.call('ann', 'chat.delete', { conversation, seq: words.seq, for: 'everyone' })
    await until('its bytes are gone', () => !desk.kept.includes(words.file.id))
    expect(desk.kept.sort()).toEqual([later.file.id, picture.file.id, `${picture.file.id}.small`].sort())
    await until('there is room again', async () => (await desk.put('ann', 'more', new Uint8Array(1_000))).ok)
  })
})
