import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { seededRandom } from '../../src/kit/index.ts'
import { chatWith } from '../../src/services/chat/index.ts'
import { openSql, type Sql } from '../../src/store/index.ts'
import { Device } from '../chat/device.ts'
import { failureOf, testServer } from '../kit/api.ts'
import { FrozenLine } from '../kit/fakes/frozen-line.ts'
import { atEnd, lacks, Postgres, SteppedClock, until } from '../kit/index.ts'

/** Whether a call is done, with a clock that stands. */
function succeeds(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => true,
    () => false,
  )
}

describe.skipIf(lacks('postgres', 'a Postgres that hangs'))('a Postgres that hangs', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await Postgres.start()
  })
  afterAll(() => postgres?.[Symbol.asyncDispose]())

  async function lined(): Promise<{ line: FrozenLine; url: string }> {
    const url = new URL(await postgres.database())
    const line = new FrozenLine(Number(url.port))
    atEnd(() => line.close())
    await until('the line is there', () => line.port > 0)
    url.port = `${line.port}`
    return { line, url: url.href }
  }

  /** A store whose time the test moves. */
  async function opened(url: string): Promise<{ sql: Sql; clock: SteppedClock }> {
    const clock = new SteppedClock()
    const sql = await openSql(url, { patience: clock, random: seededRandom(1) })
    atEnd(() => sql.close())
    return { sql, clock }
  }

  /** Moves the clock until a call is over, however many turns it takes to come to where it waits. */
  async function endOf(clock: SteppedClock, call: Promise<unknown>): Promise<unknown> {
    let end: unknown
    const over = call.then(
      () => {
        end = 'done'
      },
      (error: unknown) => {
        end = error
      },
    )
    await until('it is over', async () => {
      clock.advance(1_000)
      await Promise.race([over, new Promise(resolve => setImmediate(resolve))])
      return end !== undefined
    })
    return end
  }

  test('[M187] a statement, a transaction and a commit that nobody answers end with an error that passes, and it goes on when Postgres does', async () => {
    const { line, url } = await lined()
    const { sql, clock } = await opened(url)
    await sql.run('create table note (id integer primary key)')
    line.freeze()
    expect(await endOf(clock, sql.all('select 1'))).toMatchObject({ name: 'SqlError', reason: 'unavailable' })
    let ran = 0
    const begun = sql.transaction(async tx => {
      ran++
      await tx.run('insert into note (id) values (1)')
    })
    expect(await endOf(clock, begun)).toMatchObject({ reason: 'unavailable' })
    line.thaw()
    await until('it answers again', () => succeeds(sql.all('select 1')))
    expect(await sql.all('select id from note')).toEqual([])

    const reached = Promise.withResolvers<void>()
    const commit = sql.transaction(async tx => {
      await tx.run('insert into note (id) values (2)')
      line.freeze()
      reached.resolve()
    })
    await reached.promise
    expect(await endOf(clock, commit)).toMatchObject({ reason: 'unavailable' })
    line.thaw()
    await until('what was on its way is done', async () => (await sql.all('select id from note')).length === 1)
    expect(ran).toBeLessThan(2)
  })

  test('[M187] chat says that it cannot, instead of nothing, and goes on by itself', async () => {
    const { line, url } = await lined()
    const { sql, clock } = await opened(url)
    const server = await testServer({}, { services: [chatWith({ openSql: async () => sql })] })
    const ann = await Device.connect(server, 'ann')
    atEnd(() => ann[Symbol.dispose]())
    const { conversation } = await ann.call('chat.direct', { with: 'bob' })
    line.freeze()
    const failure = failureOf(ann.call('chat.send', { conversation, cid: 'one', text: 'hello' }))
    await endOf(clock, failure)
    expect(await failure).toMatchObject({ code: 503, message: 'unavailable: the store does not answer, try again', temporary: true })
    line.thaw()
    await until('it is sent', () => succeeds(ann.call('chat.send', { conversation, cid: 'one', text: 'hello' })))
    await ann.gets('the message, once', () => ann.texts.length > 0)
    expect(ann.texts).toEqual(['hello'])
  })

  test('[M187] statements that take longer than any but those of a migration are broken off by Postgres itself', async () => {
    const sql = await openSql(await postgres.database())
    atEnd(() => sql.close())
    const settings = await sql.all<{ name: string; setting: string }>(
      "select name, setting from pg_settings where name in ('statement_timeout', 'lock_timeout') order by name",
    )
    expect(settings).toEqual([
      { name: 'lock_timeout', setting: '5000' },
      { name: 'statement_timeout', setting: '8000' },
    ])
    const broken = sql.transaction(async tx => {
      await tx.run('set local statement_timeout = 20')
      await tx.all('select pg_sleep(60)')
    })
    await expect(broken).rejects.toMatchObject({ name: 'SqlError', reason: 'contended' })
  })
})
