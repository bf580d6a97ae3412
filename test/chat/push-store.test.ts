import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/kit/index.ts'
import { pushLimits } from '../../src/services/chat/push/index.ts'
import { advanceDevice, PushStore, setBlocked, sweep } from '../../src/services/chat/store/index.ts'
import { openSql, type Sql } from '../../src/store/index.ts'
import { lacks, Postgres } from '../kit/index.ts'
import { ChatRows } from './rows.ts'

const at = (user: string, device = 'phone', endpoint = `https://push.test/${user}-${device}`) => ({
  user,
  device,
  endpoint,
  p256dh: 'p',
  auth: 'a',
})

/** One suite over both stores: what pushes ask of the rows. */
for (const store of ['sqlite', 'postgres'] as const) {
  describe.skipIf(store === 'postgres' && lacks('postgres', 'what pushes ask of rows in Postgres'))(store, () => {
    let postgres: Postgres | undefined
    const opened: Sql[] = []
    const open = async () => {
      const sql = await openSql(postgres === undefined ? 'sqlite::memory:' : await postgres.database())
      opened.push(sql)
      return { sql, rows: await ChatRows.open(sql), pushes: new PushStore(sql) }
    }
    beforeAll(async () => {
      if (store === 'postgres') postgres = await Postgres.start()
    })
    afterEach(async () => {
      for (const sql of opened.splice(0)) await sql.close()
    })
    afterAll(() => postgres?.[Symbol.asyncDispose]())

    test('[M32] a user has so many subscriptions, one for each device, and an endpoint is of one device', async () => {
      const { pushes } = await open()
      for (let index = 0; index < pushLimits.subscriptionsMax; index++) await pushes.subscribe(at('ann', `d${index}`), index)
      await expect(pushes.subscribe(at('ann', 'more'), 100)).rejects.toThrow('at most 10 subscriptions')
      await pushes.subscribe({ ...at('ann', 'd0'), endpoint: 'https://push.test/new' }, 100)
      expect(await pushes.subscriptions('ann')).toHaveLength(pushLimits.subscriptionsMax)
      await pushes.subscribe({ ...at('bob'), endpoint: 'https://push.test/new' }, 101)
      expect((await pushes.subscriptions('ann')).map(({ device }) => device)).not.toContain('d0')
      await pushes.subscribe(at('ann', 'more'), 102)
    })

    test('[M35] what is forgotten is exactly what was dead: a device that subscribed anew stays', async () => {
      const { pushes } = await open()
      for (const device of ['phone', 'laptop']) await pushes.subscribe(at('ann', device), 1)
      await pushes.subscribe(at('ann', 'phone', 'https://push.test/renewed'), 2)
      await pushes.forget([at('ann', 'phone'), at('ann', 'laptop'), at('bob')])
      expect(await pushes.subscriptions('ann')).toEqual([at('ann', 'phone', 'https://push.test/renewed')])
    })

    test('[M37] owed is what a device has not acknowledged and nobody has read or deleted, of whoever can be notified, page by page', async () => {
      const { rows, pushes } = await open()
      for (const user of ['ann', 'bob', 'cat']) await rows.link(user)
      const { id } = await rows.group('ann', ['bob', 'cat'])
      for (const user of ['ann', 'bob']) await pushes.subscribe(at(user), 1)
      const sent = []
      for (const text of ['one', 'two', 'three', 'four']) sent.push(await rows.send('ann', id, text))
      const seqs = sent.map(({ seq }) => seq)
      const owed = async (limit = 100, after?: { user: string; offset: number }) => pushes.owed(0, limit, after)
      const all = await owed()
      expect(all.map(({ user, seq, mid }) => [user, seq, mid])).toEqual(sent.map(({ seq, mid }) => ['bob', seq, mid]))
      const [first] = await owed(1)
      expect((await owed(100, first)).map(({ seq }) => seq)).toEqual(seqs.slice(1))
      expect(await pushes.owed(systemClock.now() + 60_000, 100)).toEqual([])

      expect(await pushes.badge('bob')).toBe(4)
      await rows.delete('ann', id, seqs[1] ?? 0)
      await rows.read('bob', id, seqs[0] ?? 0)
      expect((await owed()).map(({ seq }) => seq)).toEqual(seqs.slice(2))
      const [third, fourth] = all.slice(2)
      if (third === undefined || fourth === undefined) throw new Error('two are owed')
      await pushes.subscribe(at('bob', 'laptop'), 2)
      await rows.link('bob', 'laptop')
      const unaware = async (message: typeof third) => (await pushes.unaware('bob', message)).map(({ device }) => device)
      expect(await unaware(third)).toEqual(['phone'])
      await rows.unitsOfWork.commit(({ tx, now }) => advanceDevice(tx, 'bob', 'phone', { pts: third.seq, place: third.offset }, now))
      expect(await unaware(third)).toEqual([])
      expect((await owed()).map(({ seq }) => seq)).toEqual(seqs.slice(3))
      await pushes.subscribe(at('bob', 'tablet'), 3)
      await rows.unitsOfWork.commit(({ tx, now }) => advanceDevice(tx, 'bob', 'phone', { pts: fourth.seq, place: fourth.offset }, now))
      expect((await owed()).map(({ seq }) => seq)).toEqual(seqs.slice(2))
      expect(await unaware(fourth)).toEqual(['tablet'])
      await rows.read('bob', id, fourth.seq)
      expect(await owed()).toEqual([])
      expect(await unaware(fourth)).toEqual([])
    })

    test('[M210] wanted is what one has not left, muted, blocked or deleted for oneself', async () => {
      const { rows, pushes } = await open()
      const { id } = await rows.group('ann', ['bob', 'cat'])
      const first = (await rows.send('ann', id, 'one')).seq
      for (const author of ['cat', 'ann', 'cat']) await rows.send(author, id, `of ${author}`)
      const wanted = async () => [...(await pushes.wanted('bob', id, first, first + 2))].toSorted()
      expect(await wanted()).toEqual([first, first + 1, first + 2])
      await rows.delete('bob', id, first, 'me')
      expect(await wanted()).toEqual([first + 1, first + 2])
      await rows.unitsOfWork.commit(change => setBlocked(change, 'bob', 'cat', true))
      expect(await wanted()).toEqual([first + 2])
      await rows.mute('bob', id, { muted: true })
      expect(await wanted()).toEqual([])
      await rows.mute('bob', id, { muted: false })
      expect(await wanted()).toEqual([first + 2])
      await rows.leave('bob', id)
      expect(await wanted()).toEqual([])
    })

    test('[M39] what stands on a device is its newest, until it is taken away, and goes with its subscription', async () => {
      const { sql, pushes } = await open()
      for (const device of ['phone', 'laptop']) await pushes.subscribe(at('ann', device), 1)
      const note = (seq: number, device = 'phone', conversation = 'c1') => ({ user: 'ann', device, conversation, seq })
      await pushes.show([note(5), note(2, 'laptop'), note(9, 'phone', 'c2')])
      await pushes.show([note(3), note(4, 'laptop')])
      const shown = async () => (await pushes.shown('ann', 'c1')).map(({ device, seq }) => [device, seq]).sort()
      expect(await shown()).toEqual([
        ['laptop', 4],
        ['phone', 5],
      ])
      await pushes.unshow([note(4), note(4, 'laptop')])
      expect(await shown()).toEqual([['phone', 5]])
      await pushes.unsubscribe('ann', 'phone')
      await sweep(sql, systemClock.now(), async () => true)
      expect(await shown()).toEqual([])
    })
  })
}
