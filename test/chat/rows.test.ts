import { expect, test } from 'bun:test'
import { between, seededRandom } from '../../src/kit/index.ts'
import { chatDefaults } from '../../src/services/chat/index.ts'
import { infoOf, pageOf, search, sweep } from '../../src/services/chat/store/index.ts'
import { attempt, overBothStores } from './both-stores.ts'
import { ChatRows } from './rows.ts'

overBothStores(({ open, rows }) => {
  test('[M1] a send that comes again gets the same answer, and another message under the same id is refused', async () => {
    const chat = await rows()
    const { id } = await chat.direct('alice', 'bob')
    const first = await chat.send('alice', id, 'hello', { cid: 'one' })
    expect(await chat.send('alice', id, 'hello', { cid: 'one' })).toEqual(first)
    expect(await chat.send('alice', id, 'hello', { cid: 'one', device: 'laptop' })).not.toEqual(first)
    await expect(chat.send('alice', id, 'goodbye', { cid: 'one' })).rejects.toThrow('idempotency_conflict')
    expect((await chat.inbox('bob')).filter(({ kind }) => kind === 'message')).toHaveLength(2)
  })

  test('[M1] of the same send on many connections at once, one counts', async () => {
    const chat = await rows()
    const { id } = await chat.direct('alice', 'bob')
    const answers = await Promise.all(Array.from({ length: 20 }, () => chat.send('alice', id, 'hello', { cid: 'one' })))
    expect(new Set(answers.map(answer => JSON.stringify(answer))).size).toBe(1)
    expect((await chat.inbox('bob')).filter(({ kind }) => kind === 'message')).toHaveLength(1)
  })

  test('[M3] places are dense and times never go back, whoever sends at once', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    await Promise.all(Array.from({ length: 60 }, (_, i) => chat.send(['alice', 'bob', 'carol'][i % 3] ?? '', id, `${i}`)))
    const { entries } = await pageOf(chat.sql, 'alice', { conversation: id, limit: 100 })
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 61 }, (_, i) => i + 1))
    expect(entries.every(({ ts }, index) => ts >= (entries[index - 1]?.ts ?? 0))).toBe(true)
    for (const user of ['alice', 'bob', 'carol']) expect(await chat.logged(user, id)).toEqual(entries.map(({ seq }) => seq))
  })

  test('[M4] every inbox is dense, and two conversations of the same people never wait for each other for ever', async () => {
    const chat = await rows()
    const people = Array.from({ length: 12 }, (_, i) => `user-${i}`)
    const groups = await Promise.all(people.slice(0, 4).map(owner => chat.group(owner, people)))
    await Promise.all(
      Array.from({ length: 80 }, (_, i) => chat.send(people[i % people.length] ?? '', groups[i % groups.length]?.id ?? '', `${i}`)),
    )
    for (const user of people) {
      const items = await chat.inboxes.items(user, 0, 1000)
      expect(items.map(({ pts }) => pts)).toEqual(Array.from({ length: 4 + 4 + 80 }, (_, i) => i + 1))
    }
  })

  test('[M17] only its author edits a message, for a while; edits neither count as unread nor revive what was deleted', async () => {
    const now = { at: 1_000_000 }
    const clock = { now: () => now.at, after: () => ({ cancel() {} }), soon() {} }
    const chat = await ChatRows.open(await open(), { clock })
    const { id } = await chat.direct('alice', 'bob')
    const { seq } = await chat.send('alice', id, 'helo')
    await expect(chat.edit('bob', id, seq, 'hello')).rejects.toThrow('forbidden')
    expect((await chat.edit('alice', id, seq, 'hello')).rev).toBe(1)
    expect((await chat.edit('alice', id, seq, 'hello!')).rev).toBe(2)
    expect(await chat.unread('bob', id)).toBe(1)
    now.at += chatDefaults.editMs + 1
    await expect(chat.edit('alice', id, seq, 'too late')).rejects.toThrow('window_closed')
    await chat.delete('alice', id, seq)
    now.at -= chatDefaults.editMs
    await expect(chat.edit('alice', id, seq, 'risen')).rejects.toThrow('gone')
  })

  test('[M18] what a deleted message said is gone everywhere, its place stays, and deleting it again changes nothing', async () => {
    const chat = await rows()
    const { id } = await chat.direct('alice', 'bob')
    const { seq } = await chat.send('alice', id, 'a secret')
    await chat.edit('alice', id, seq, 'another secret')
    await chat.react('bob', id, seq, '👍')
    const deletion = await chat.delete('alice', id, seq)
    expect(await chat.delete('alice', id, seq)).toEqual(deletion)
    expect(JSON.stringify(await chat.inbox('bob'))).not.toContain('secret')
    expect(JSON.stringify(await chat.sql.all('select * from chat_entry'))).not.toContain('secret')
    expect((await search(chat.sql, 'bob', { conversation: id, query: 'secret' })).hits).toEqual([])
    const { entries } = await pageOf(chat.sql, 'bob', { conversation: id })
    expect(entries).toMatchObject([{ seq, kind: 'message', deleted: true }])
    expect(await chat.unread('bob', id)).toBe(0)
  })

  test('[M20] a reaction is one for each user and message; the last counts, and an empty one takes it back', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol'])
    const { seq } = await chat.send('alice', id, 'hello')
    for (const [user, emoji] of [
      ['bob', '👍'],
      ['carol', '👍'],
      ['bob', '❤️'],
      ['alice', '👍'],
      ['carol', ''],
    ] as const)
      await chat.react(user, id, seq, emoji)
    const { entries } = await pageOf(chat.sql, 'alice', { conversation: id, after: seq - 1 })
    expect(entries).toMatchObject([
      {
        reactions: [
          { emoji: '❤️', count: 1, mine: false },
          { emoji: '👍', count: 1, mine: true },
        ].sort((a, b) => (a.emoji < b.emoji ? -1 : 1)),
      },
    ])
  })

  test('[M21] pages neither overlap nor leave anything out, in both directions and around a place', async () => {
    const chat = await rows()
    const { id } = await chat.direct('alice', 'bob')
    for (let i = 1; i <= 25; i++) await chat.send('alice', id, `${i}`)
    const back: number[] = []
    for (let before: number | undefined; ; ) {
      const page = await pageOf(chat.sql, 'bob', { conversation: id, limit: 7, before })
      back.unshift(...page.entries.map(({ seq }) => seq))
      before = page.entries[0]?.seq
      if (!page.has_more) break
    }
    expect(back).toEqual(Array.from({ length: 25 }, (_, i) => i + 1))
    const forth = await pageOf(chat.sql, 'bob', { conversation: id, after: 20 })
    expect(forth.entries.map(({ seq }) => seq)).toEqual([21, 22, 23, 24, 25])
    const around = await pageOf(chat.sql, 'bob', { conversation: id, around: 12, limit: 5 })
    expect(around.entries.map(({ seq }) => seq)).toEqual([10, 11, 12, 13, 14])
    await expect(pageOf(chat.sql, 'carol', { conversation: id })).rejects.toThrow('not_found')
  })

  test('[M11] who was sent a message is told of with times, also when they have left, unless they never got it', async () => {
    const chat = await rows()
    const { id } = await chat.group('alice', ['bob', 'carol', 'dave'])
    const { seq } = await chat.send('alice', id, 'hello')
    const mark = async (user: string) => chat.deliver(user, 0, 100)
    await mark('bob')
    await chat.read('bob', id, seq)
    await mark('carol')
    await chat.leave('carol', id)
    await chat.remove('alice', id, ['dave'])
    const { recipients } = await infoOf(chat.sql, 'alice', { conversation: id, seq })
    expect(recipients.map(({ user, delivered, read }) => [user, delivered !== undefined, read !== undefined])).toEqual([
      ['bob', true, true],
      ['carol', true, false],
    ])
    await expect(infoOf(chat.sql, 'bob', { conversation: id, seq })).rejects.toThrow('forbidden')
  })

  test('[M10] only the authors of what was newly read are told, each once for however many readers', async () => {
    const chat = await rows()
    const readers = Array.from({ length: 20 }, (_, i) => `reader-${i}`)
    const { id } = await chat.group('alice', ['bob', ...readers])
    const { seq } = await chat.send('alice', id, 'hello')
    await chat.tell(id)
    chat.posted.length = 0
    for (const reader of readers) await chat.read(reader, id, seq)
    const own = chat.posted.splice(0)
    expect(own.map(({ person }) => person)).toEqual(readers)
    await chat.tell(id)
    await chat.tell(id)
    expect(chat.posted).toHaveLength(1)
    expect(chat.posted[0]).toMatchObject({
      person: 'alice',
      entry: { kind: 'receipt', receipts: readers.sort().map(user => ({ user, read: seq })) },
    })
  })

  test('[M12] in a conversation of two, whoever hides what they read does not see it either', async () => {
    const chat = await rows()
    const { id } = await chat.direct('alice', 'bob')
    await chat.sql.run("insert into chat_profile (person, read_receipts, show_last_seen, last_seen) values ('bob', 0, 1, 0)")
    const { seq } = await chat.send('alice', id, 'hello')
    await chat.tell(id)
    chat.posted.length = 0
    await chat.read('bob', id, seq)
    await chat.tell(id)
    const toAlice = chat.posted.find(({ person }) => person === 'alice')
    expect(toAlice?.entry).toMatchObject({ receipts: [{ user: 'bob', delivered: seq }] })
    expect(JSON.stringify(toAlice)).not.toContain('"read"')
    const answer = await chat.send('bob', id, 'hi')
    await chat.tell(id)
    await chat.read('alice', id, answer.seq)
    await chat.tell(id)
    const toBob = chat.posted.filter(({ person, entry }) => person === 'bob' && entry.kind === 'receipt' && entry.unread === undefined)
    expect(toBob).toHaveLength(1)
    expect(JSON.stringify(toBob)).not.toContain('"read"')
  })

  test('[M22] whatever happens, the number of unread messages is what counting gives', async () => {
    const random = seededRandom(4)
    const people = ['alice', 'bob', 'carol', 'dave']
    const chat = await rows()
    const { id } = await chat.group('alice', people.slice(1))
    let top = 1
    for (let step = 0; step < 300; step++) {
      const user = people[between(random, 0, 3)] ?? ''
      const target = between(random, 1, top)
      const act = between(random, 0, 9)
      await attempt(async () => {
        if (act <= 3) top = (await chat.send(user, id, `${step}`)).seq
        else if (act === 4) await chat.delete(user, id, target)
        else if (act === 5) await chat.delete(user, id, target, 'me')
        else if (act === 6) await chat.read(user, id, target)
        else if (act === 7) top = (await chat.edit(user, id, target, 'new')).seq
        else if (act === 8) top = (await chat.remove('alice', id, [user])).seq
        else top = (await chat.add('alice', id, [user])).seq
      })
      for (const person of people)
        expect([step, person, await chat.unread(person, id)]).toEqual([step, person, await chat.recount(person, id)])
    }
  })

  test('[M6] an inbox keeps what it keeps, and its places stay dense', async () => {
    const time = { now: 1000 }
    const clock = { now: () => time.now, after: () => ({ cancel() {} }), soon() {} }
    const chat = await ChatRows.open(await open(), { clock })
    const { id } = await chat.direct('alice', 'bob')
    for (let i = 0; i < 2; i++) await chat.send('alice', id, `${i}`)
    time.now += 31 * 24 * 3_600_000
    await chat.group('carol', ['bob'])
    for (let i = 2; i < 5; i++) await chat.send('alice', id, `${i}`)
    await sweep(chat.sql, time.now, async () => true)
    const items = await chat.inboxes.items('bob', 0, 100)
    expect(items.map(({ pts }) => pts)).toEqual([4, 5, 6, 7, 8])
    const since = (offset: number) => chat.inboxes.history(chat.channel('bob'), { since: { epoch: '', offset }, limit: 100 })
    expect((await since(2)).complete).toBe(false)
    expect((await since(3)).complete).toBe(true)
    time.now += 31 * 24 * 3_600_000
    await sweep(chat.sql, time.now, async () => true)
    expect(await chat.inboxes.items('bob', 8, 100)).toEqual([])
    expect((await since(7)).complete).toBe(false)
    expect((await since(8)).complete).toBe(true)
    const { seq } = await chat.send('alice', id, 'at last')
    expect((await chat.inboxes.items('bob', 8, 100)).map(({ pts, entry }) => [pts, 'seq' in entry && entry.seq])).toEqual([[9, seq]])
  })

  test('[M4] whatever comes in whichever order, an inbox reads the same from every place and in windows of every size', async () => {
    const random = seededRandom(15)
    const chat = await rows()
    const [one, two] = [await chat.group('alice', ['bob']), await chat.direct('alice', 'bob')]
    for (let step = 0; step < 60; step++) {
      const { id } = random.next() < 0.6 ? one : two
      const act = between(random, 0, 9)
      await attempt(async () => {
        if (act < 6) await chat.send(act < 4 ? 'alice' : 'bob', id, `${step}`)
        else if (act < 8) await chat.read('bob', id, between(random, 1, 60))
        else if (act === 8) await chat.remove('alice', one.id, ['bob'])
        else await chat.add('alice', one.id, ['bob'])
      })
    }
    const posted = chat.posted.filter(({ person }) => person === 'bob')
    expect(posted.map(({ pts }) => pts)).toEqual(posted.map((_, index) => index + 1))
    const all = await chat.inboxes.items('bob', 0, 1000)
    const place = ({ entry }: { entry: object }) =>
      JSON.stringify([Reflect.get(entry, 'kind'), Reflect.get(entry, 'seq'), Reflect.get(entry, 'text')])
    expect(all.map(item => [item.pts, place(item)])).toEqual(posted.map(item => [item.pts, place(item)]))
    for (let round = 0; round < 40; round++) {
      const [after, limit] = [between(random, 0, all.length), between(random, 1, 20)]
      expect(await chat.inboxes.items('bob', after, limit)).toEqual(all.slice(after, after + limit))
      const back = await chat.inboxes.history(chat.channel('bob'), { since: { epoch: '', offset: after + 1 }, limit, reverse: true })
      expect(back.publications.map(({ offset }) => offset)).toEqual(
        all
          .slice(Math.max(0, after - limit), after)
          .map(({ pts }) => pts)
          .reverse(),
      )
    }
  })
})
