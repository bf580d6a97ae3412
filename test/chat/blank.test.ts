import { expect, test } from 'bun:test'
import { FileDesk } from './file-desk.ts'

test('[M213] a message of which nothing can be seen is refused, sent or edited; beside a file it is no caption', async () => {
  const desk = await FileDesk.start()
  const { conversation } = await desk.call('ann', 'chat.direct', { with: 'bob' })
  const say = (cid: string, text: string) => desk.call('ann', 'chat.send', { conversation, cid, device: 'phone', text })
  const { seq } = await say('first', 'a \u200b word')
  for (const emoji of ['👩‍👩‍👧', '❤️', '1️⃣']) await say(`emoji-${emoji.codePointAt(0)}`, emoji)
  for (const [index, blank] of [' \n', '\u200b', '\u3164', '\u2800', '\u202e', '\u00ad\u2060', '\u0000'].entries()) {
    expect(await say(`blank-${index}`, blank).catch(String)).toContain('says nothing')
    const edit = desk.call('ann', 'chat.edit', { conversation, seq, text: blank })
    expect(await edit.catch(String)).toContain('says nothing')
  }
  const file = await desk.upload('ann', 'upload', 'some words')
  const files = [{ id: file.id, name: 'words.txt' }]
  const sent = await desk.call('ann', 'chat.send', { conversation, cid: 'file', device: 'phone', text: '\u200b', files })
  const { entries } = await desk.call('bob', 'chat.history', { conversation, limit: 10 })
  expect(entries.find(entry => entry.seq === sent.seq)).not.toHaveProperty('text')
})
