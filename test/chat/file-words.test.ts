import { afterEach, expect, test } from 'bun:test'
import { chatWith } from '../../src/services/chat/index.ts'
import { pushOf, pushOptions } from '../../src/services/chat/options/index.ts'
import { openPushes } from '../../src/services/chat/push/index.ts'
import { indexSome } from '../../src/services/chat/store/index.ts'
import { openSql } from '../../src/store/index.ts'
import { testServer } from '../kit/api.ts'
import { atEnd, endAll, until } from '../kit/index.ts'
import { generous } from './chat-pair.ts'
import { Device } from './device.ts'
import { FileDesk, folderOfFiles, photo } from './file-desk.ts'
import { PushService } from './push-service.ts'

afterEach(endAll)

test('[M153] a note of a message with files says what they are, and its caption', async () => {
  const push = new PushService()
  atEnd(() => push[Symbol.asyncDispose]())
  const { folder, openFiles } = await folderOfFiles()
  const config = {
    data: folder.path,
    push: pushOf(pushOptions.parse({ grace: '150ms', allowed_hosts: [`localhost:${push.port}`], allow_private_addresses: true })),
  }
  const server = await testServer(
    {},
    {
      services: [
        chatWith({
          openSql: () => openSql('sqlite::memory:'),
          openPushes: surroundings => openPushes(config, { ...surroundings, ca: push.ca, restoredGraceMs: 150, inUseMs: 30_000 }),
          openFiles,
          bounds: generous,
        }),
      ],
    },
  )
  const phone = await Device.connect(server, 'bob')
  const { endpoint, p256dh, auth } = push.subscribe('bob', 'phone', 'localhost')
  const { key } = await phone.call('chat.push', { subscription: { endpoint, keys: { p256dh, auth } } })
  expect(key).toStartWith('B')
  phone[Symbol.dispose]()
  const id = endpoint.split('/').at(-1) ?? ''
  const desk = new FileDesk(server, folder.path)
  const { conversation } = await desk.call('ann', 'chat.direct', { with: 'bob' })
  await desk.call('bob', 'chat.accept', { conversation })
  await desk.share('ann', conversation, 'beach.jpg', await photo(40, 30))
  await until('it is pushed', () => push.to(id).length === 1)
  await desk.share('ann', conversation, 'report.pdf', 'words')
  await until('it is pushed', () => push.to(id).length === 2)
  const file = await desk.upload('ann', 'captioned', await photo(30, 40))
  await desk.call('ann', 'chat.send', {
    conversation,
    cid: 'c',
    device: 'd',
    text: 'At the\n lake',
    files: [{ id: file.id, name: 'a.jpg' }],
  })
  await until('it is pushed', () => push.to(id).length === 3)
  expect(push.to(id).map(({ body }) => Reflect.get(Object(body), 'text'))).toEqual(['📷 Photo', '📄 report.pdf', '📷 At the lake'])
})

test('[M154] a file is found by its name and by its caption, before it is indexed and after', async () => {
  const { folder, openFiles } = await folderOfFiles()
  const sql = await openSql('sqlite::memory:')
  const server = await testServer({}, { services: [chatWith({ openSql: async () => sql, openFiles, bounds: generous })] })
  const desk = new FileDesk(server, folder.path)
  const { conversation } = await desk.call('ann', 'chat.direct', { with: 'bob' })
  const { seq } = await desk.share('ann', conversation, 'Quarterly_report-2026.pdf', 'words')
  await desk.call('ann', 'chat.edit', { conversation, seq, text: 'As promised' })
  const seqs = async (query: string) => (await desk.call('bob', 'chat.search', { query })).hits.map(hit => hit.seq)
  for (const query of ['quarterly', 'repo', 'promised', 'promised pdf']) expect([query, await seqs(query)]).toEqual([query, [seq]])
  while (await indexSome(sql, conversation));
  for (const query of ['quarterly', 'repo', 'promised', 'promised pdf']) expect([query, await seqs(query)]).toEqual([query, [seq]])
  await desk.call('ann', 'chat.delete', { conversation, seq, for: 'everyone' })
  expect(await seqs('quarterly')).toEqual([])
})
