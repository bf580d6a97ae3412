import { expect, test } from 'bun:test'
import { between, type Random, seededRandom } from '../../src/kit/index.ts'
import { Indexer } from '../../src/services/chat/indexer.ts'
import { limits } from '../../src/services/chat/limits.ts'
import { findWords, foldText, wordsOf } from '../../src/services/chat/model/fold.ts'
import type { SearchHit } from '../../src/services/chat/model/search.ts'
import { clearConversation, indexSome, pageOf, search } from '../../src/services/chat/store/index.ts'
import { SteppedClock, until } from '../kit/index.ts'
import { attempt, overBothStores } from './both-stores.ts'
import { ChatRows } from './rows.ts'

const people = ['alice', 'bob', 'carol']
/** Texts are made of these, and asked for by these. */
const pieces = [
  'Café',
  'cafe\u0301s',
  'Straße',
  'STRASSEN',
  'İstanbul',
  '東京',
  '東京タワー',
  'ไทย',
  'مُحَمَّد',
  'محمد',
  'ﬁne',
  'Οδός',
  'ΟΔΟΣ',
  '👍🏽',
  '👍',
  'e-mail',
  'a',
  'ab',
  'l’été',
  'ete',
  '12:30',
  'को',
  '',
]
const joints = [' ', ' ', ' ', ', ', '', '\n', '-']

function textFrom(random: Random, most: number): string {
  return Array.from({ length: between(random, 1, most) }, () => `${pick(random, pieces)}${pick(random, joints)}`).join('') || 'a'
}

function pick<T>(random: Random, from: readonly T[]): T {
  const picked = from[between(random, 0, from.length - 1)]
  if (picked === undefined) throw new Error('nothing to pick from')
  return picked
}

/** All pages of a search. */
async function found(chat: ChatRows, person: string, query: string, conversation?: string, limit = 50): Promise<SearchHit[]> {
  const hits: SearchHit[] = []
  for (let before: string | undefined; ; ) {
    const page = await search(chat.sql, person, { query, conversation, limit, before })
    expect(page.hits.length).toBeLessThanOrEqual(limit)
    hits.push(...page.hits)
    before = page.next
    if (before === undefined) return hits
  }
}

/** The same, by looking at all that history shows. */
async function expected(chat: ChatRows, person: string, query: string, conversations: readonly string[]): Promise<string[]> {
  const words = wordsOf(query)
  const shown: { readonly ts: number; readonly conversation: string; readonly seq: number; readonly mid: string }[] = []
  for (const conversation of words.length === 0 ? [] : conversations) {
    for (let before: number | undefined; ; ) {
      const { entries, has_more } = await pageOf(chat.sql, person, { conversation, before, limit: 100 }).catch(() => ({
        entries: [],
        has_more: false,
      }))
      for (const entry of entries)
        if (entry.kind === 'message' && entry.text !== undefined && findWords(foldText(entry.text), words) !== undefined) shown.push(entry)
      before = entries[0]?.seq
      if (!has_more) break
    }
  }
  const order = shown.toSorted(
    (a, b) => b.ts - a.ts || (a.conversation < b.conversation ? -1 : a.conversation > b.conversation ? 1 : b.seq - a.seq),
  )
  return order.map(({ mid }) => mid)
}

/** What each store answered to the same. */
const answers = new Map<string, string>()

overBothStores(({ open, rows }) => {
  test('[M121, M122] whatever was said, changed, deleted, cleared and left: a search finds what looking at all of history finds, and both stores the same', async () => {
    let total = 0
    for (let seed = 1; seed <= 4; seed++) {
      const random = seededRandom(seed)
      const time = { now: 1_000_000 }
      const chat = await ChatRows.open(await open(), { clock: { now: () => time.now, after: () => ({ cancel() {} }), soon() {} } })
      const group = (await chat.group('alice', ['bob', 'carol'])).id
      const ids = [group, (await chat.group('bob', ['alice'])).id, (await chat.direct('alice', 'carol')).id]
      for (let step = 0; step < 150; step++) {
        time.now += between(random, 0, 2)
        const [person, id, seq, act] = [pick(random, people), pick(random, ids), between(random, 1, 60), between(random, 0, 19)]
        const text = textFrom(random, 5)
        await attempt(async () => {
          if (act < 10) await chat.send(person, id, text)
          else if (act < 12) await chat.edit(person, id, seq, text)
          else if (act === 12) await chat.delete(person, id, seq)
          else if (act === 13) await chat.delete(person, id, seq, 'me')
          else if (act === 14)
            await chat.unitsOfWork.commit(change => clearConversation(change, between(random, 0, 4) === 0 ? person : 'nobody', id))
          else if (act === 15) await chat.remove('alice', group, [pick(random, ['bob', 'carol'])])
          else if (act === 16) await chat.add('alice', group, [pick(random, ['bob', 'carol'])])
          else if (act === 17) await chat.react(person, id, seq, '👍')
          else await indexSome(chat.sql, id)
        })
        if (step % 4 !== 0) continue
        const query = random.next() < 0.5 ? pick(random, pieces) : textFrom(random, 2)
        const [asker, limit] = [pick(random, people), between(random, 1, 9)]
        for (const within of [undefined, id]) {
          const hits = await found(chat, asker, query, within, limit).catch(() => [])
          const wanted = await expected(chat, asker, query, within === undefined ? ids : [within])
          total += wanted.length
          expect([seed, step, query, hits.map(({ mid }) => mid)]).toEqual([seed, step, query, wanted])
          const asked = `${seed} ${step} ${within}`
          expect(JSON.stringify(hits)).toBe(answers.get(asked) ?? JSON.stringify(hits))
          answers.set(asked, JSON.stringify(hits))
        }
      }
    }
    expect(total).toBeGreaterThan(200)
  })

  test('[M121] pages go on where the one before ended, through every message of a time and of every conversation', async () => {
    const time = { now: 5_000 }
    const chat = await ChatRows.open(await open(), { clock: { now: () => time.now, after: () => ({ cancel() {} }), soon() {} } })
    const ids = await Promise.all(['bob', 'carol', 'dave'].map(async other => (await chat.direct('alice', other)).id))
    for (let n = 0; n < 120; n++) {
      await chat.send('alice', ids[n % 3] ?? '', `needle ${n}`)
      if (n % 40 === 39) time.now += 1
      if (n === 80) for (const id of ids) while (await indexSome(chat.sql, id));
    }
    for (const limit of [7, 50]) {
      const mids = (await found(chat, 'alice', 'needle', undefined, limit)).map(({ mid }) => mid)
      expect([mids.length, new Set(mids).size]).toEqual([120, 120])
      expect(mids).toEqual(await expected(chat, 'alice', 'needle', ids))
    }
    await expect(search(chat.sql, 'alice', { query: 'needle', before: 'yesterday' })).rejects.toThrow('before')
  })

  test('[M121] a long history is found through: in every segment of the index, by what is rare and by what every message says', async () => {
    const chat = await rows()
    const { id } = await chat.direct('ann', 'bob')
    const count = 3_000
    await chat.sql.run(
      `with recursive n (n) as (select 1 union all select n + 1 from n where n < ?1)
       insert into chat_entry (conversation, seq, kind, author, ts, target, body, rev, deleted)
       select ?2, n, 'message', 'ann', n, null,
         '{"text":"every word ' || case when n % 1000 = 0 then 'rare' else 'other' end || case when n % 2 = 0 then ' even' else ' odd' end || '"}', 0, 0 from n`,
      count,
      id,
    )
    await chat.sql.run('update chat_conversation set seq = ?1, ts = ?1 where id = ?2', count, id)
    while (await indexSome(chat.sql, id));
    const seqs = async (query: string) => (await found(chat, 'bob', query)).map(({ seq }) => seq)
    expect(await seqs('rare')).toEqual([3000, 2000, 1000])
    expect(await seqs('rare even word')).toEqual([3000, 2000, 1000])
    expect(await seqs('rare odd')).toEqual([])
    expect(await seqs('e')).toEqual(Array.from({ length: count }, (_, n) => count - n))
    expect((await seqs('od even')).length).toBe(0)
    expect((await seqs('wo od')).length).toBe(count / 2)
  })

  test('[M122] what was deleted is not in the index any more, whatever it said before it was edited', async () => {
    const chat = await rows()
    const { id } = await chat.direct('ann', 'bob')
    const { seq } = await chat.send('ann', id, 'mystery shared')
    await chat.send('ann', id, 'shared')
    await chat.edit('ann', id, seq, 'riddle shared')
    while (await indexSome(chat.sql, id));
    await chat.edit('ann', id, seq, 'puzzle shared')
    const terms = async () =>
      (await chat.sql.all<{ term: string; places: string }>('select term, places from chat_posting')).map(
        ({ term, places }) => `${term} ${places.length}`,
      )
    expect(await terms()).toContain('mystery 1')
    expect((await found(chat, 'bob', 'puzzle')).map(hit => hit.seq)).toEqual([seq])
    while (await indexSome(chat.sql, id));
    expect((await found(chat, 'bob', 'mystery')).length + (await found(chat, 'bob', 'riddle')).length).toBe(0)
    expect((await found(chat, 'bob', 'puzzle')).map(hit => hit.seq)).toEqual([seq])
    await chat.delete('ann', id, seq)
    expect((await terms()).filter(term => /myst|ridd|puzz/.test(term))).toEqual([])
    expect(await terms()).toContain('shared 1')
  })

  test('[M121] a message is found by the names of its files as well', async () => {
    const chat = await rows()
    const { id } = await chat.direct('ann', 'bob')
    const { seq } = await chat.send('ann', id, 'please pay')
    const body = JSON.stringify({
      text: 'please pay',
      files: [{ id: 'f', name: 'Rechnungsübersicht.pdf', type: 'application/pdf', size: 1 }],
    })
    await chat.sql.run('update chat_entry set body = ?3 where conversation = ?1 and seq = ?2', id, seq, body)
    for (const isIndexed of [false, true]) {
      if (isIndexed) while (await indexSome(chat.sql, id));
      const [hit] = await found(chat, 'bob', 'rechnungsubersicht pay')
      expect(hit?.snippet.filter(part => part.hit).map(({ text }) => text)).toEqual(['pay', 'Rechnungsübersicht'])
    }
  })

  test('[M123] messages of before the index are brought into it step by step; until then a search finds the newest and says that there is more', async () => {
    const chat = await rows()
    const conversations = await Promise.all(['bob', 'carol'].map(async other => (await chat.direct('ann', other)).id))
    for (const id of conversations) {
      await chat.sql.run(
        `with recursive n (n) as (select 1 union all select n + 1 from n where n < ?1)
         insert into chat_entry (conversation, seq, kind, author, ts, target, body, rev, deleted)
         select ?2, n, 'message', 'ann', n, null, '{"text":"old ' || n || '"}', 0, 0 from n`,
        limits.searchUnindexed,
        id,
      )
      await chat.sql.run('update chat_conversation set seq = ?1, ts = ?1 where id = ?2', limits.searchUnindexed, id)
    }
    const before = await search(chat.sql, 'ann', { query: 'old' })
    expect([before.hits.length, before.incomplete]).toEqual([50, true])
    const clock = new SteppedClock()
    const failures: unknown[] = []
    const indexer = new Indexer({ sql: chat.sql, clock, failed: error => failures.push(error) })
    indexer.start()
    await until('all is indexed', async () => {
      clock.advance(limits.indexPauseMs)
      const behind = await chat.sql.all('select id from chat_conversation where indexed < seq')
      return behind.length === 0
    })
    await chat.send('ann', conversations[0] ?? '', 'new')
    indexer.note(conversations[0] ?? '')
    clock.advance(limits.indexMs - 1)
    await chat.sql.all('select 1')
    expect(await chat.sql.all('select id from chat_conversation where indexed < seq')).toHaveLength(1)
    await until('the new one as well', async () => {
      clock.advance(1)
      return (await chat.sql.all('select id from chat_conversation where indexed < seq')).length === 0
    })
    await indexer.close()
    expect(failures).toEqual([])
    for (const query of ['old', `old ${limits.searchUnindexed}`, 'new', '1']) {
      const after = await search(chat.sql, 'ann', { query })
      expect(after.incomplete).toBeUndefined()
      expect(after.hits.length).toBeGreaterThan(0)
    }
  })
})
