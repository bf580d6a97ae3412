import { expect, test } from 'bun:test'
import { joinSlots, reactionsOf, slotOf } from '../../src/services/chat/client/thread.ts'
import { wholeEmoji } from '../../src/services/chat/model/text.ts'
import { pageOf } from '../../src/services/chat/store/history.ts'
import { schema } from '../../src/services/chat/store/index.ts'
import { migrateSql } from '../../src/store/index.ts'
import { overBothStores } from './both-stores.ts'

const pause = async () => undefined

overBothStores(({ open, rows }) => {
  test('[M195] a heart with the mark of its picture and one without are one reaction', async () => {
    const chat = await rows()
    const { id } = await chat.group('ann', ['bob', 'cleo'])
    const { seq } = await chat.send('ann', id, 'hello')
    const react = (user: string, emoji: string) =>
      chat.unitsOfWork.commit(change => chat.messages.react(change, { user, device: 'phone' }, id, seq, emoji))
    const first = await react('ann', '\u2764')
    expect(await react('ann', '\u2764\ufe0f')).toEqual(first)
    await react('bob', '\u2764\ufe0f')
    await react('cleo', '\u2764\ufe0e')
    const { entries } = await pageOf(chat.sql, 'ann', { conversation: id }, pause)
    expect(entries.at(-1)).toMatchObject({ reactions: [{ emoji: '\u2764\ufe0f', count: 3, mine: true }] })
  })

  test('[M195] reactions that were kept before count so as well', async () => {
    const sql = await open()
    const step = schema.findIndex(sql => typeof sql === 'string' && sql.startsWith('update chat_reaction set emoji'))
    await migrateSql(sql, 'chat', schema.slice(0, step))
    for (const [person, emoji] of [
      ['ann', '\u2764'],
      ['bob', '\u2764\ufe0f'],
    ] as const)
      await sql.run('insert into chat_reaction (conversation, seq, person, emoji) values (?1, 1, ?2, ?3)', 'c', person, emoji)
    await migrateSql(sql, 'chat', schema)
    expect(await sql.all('select distinct emoji from chat_reaction')).toEqual([{ emoji: '\u2764' }])
  })
})

test('[M195] emoji have one form, which is the one that keyboards write', () => {
  for (const whole of ['❤️', '👍', '👍🏽', '☝🏽', '☝️', '1️⃣', '🏳️‍🌈', '👁️‍🗨️', '🧑‍⚕️', '🕵🏽‍♂️', '🇩🇪', '👩‍👩‍👧‍👦', '❤️‍🔥']) {
    expect(wholeEmoji(whole)).toBe(whole)
    expect(wholeEmoji(whole.replaceAll('\ufe0f', ''))).toBe(whole)
  }
})

test('[M195] a client counts hearts of either form together, also those that an inbox held before', () => {
  const logged = { conversation: 'c', ts: 1 }
  const message = slotOf({ kind: 'message', ...logged, seq: 1, author: 'ann', mid: 'm', text: 'x' })
  const reaction = (author: string, seq: number, emoji: string) =>
    slotOf({ kind: 'reaction', ...logged, seq, author, target: 1, mid: 'm', emoji })
  const slot = joinSlots(joinSlots(message, reaction('bob', 2, '\u2764')), reaction('ann', 3, '\u2764\ufe0f'))
  expect(reactionsOf(slot, 'ann')).toEqual([{ emoji: '\u2764\ufe0f', count: 2, mine: true }])
})
