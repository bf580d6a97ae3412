import { expect, test } from 'bun:test'
import { sleep } from 'bun'
import { openSql, type Queries, SqlError } from '../../src/store/index.ts'
import { until } from '../kit/index.ts'
import { opened, openedAt, overPostgres } from './stores.ts'

const things = 'create table thing (name text primary key, count integer not null)'

async function failureOf(attempt: Promise<unknown>): Promise<SqlError> {
  const error = await attempt.then(
    () => undefined,
    thrown => thrown,
  )
  if (error instanceof SqlError) return error
  throw new Error(`expected a SqlError, got ${error}`)
}

overPostgres((kind, server) => {
  test('[G60] a transaction that was broken off for another one runs again, from the beginning', async () => {
    await using sql = await opened(kind, things, `insert into thing values ('a', 0), ('b', 0)`)
    let runs = 0
    const holding: (() => void)[] = []
    /** Lets nobody go on before both hold their first row, which no order of waiting can resolve. */
    const bothHold = () =>
      new Promise<void>(resolve => {
        holding.push(resolve)
        if (holding.length === 2) for (const goOn of holding) goOn()
        if (holding.length > 2) resolve()
      })
    const change = (first: string, second: string) =>
      sql.transaction(async tx => {
        runs++
        await tx.run('update thing set count = count + 1 where name = ?1', first)
        await bothHold()
        await tx.run('update thing set count = count + 1 where name = ?1', second)
        return first
      })
    expect(await Promise.all([change('a', 'b'), change('b', 'a')])).toEqual(['a', 'b'])
    // Two and at least one again; on a busy machine Postgres may break off a second time.
    expect(runs).toBeGreaterThanOrEqual(3)
    expect(runs).toBeLessThan(8)
    expect((await sql.all<{ count: number }>('select count from thing')).map(({ count }) => count)).toEqual([2, 2])
  })

  test('[G60] what cannot be put in an order with others runs again, and loses nothing', async () => {
    await using sql = await opened(kind, things, `insert into thing values ('a', 0)`)
    let [runs, reads] = [0, 0]
    // All have read before any of them writes, however long connecting takes.
    const allHaveRead = Promise.withResolvers<void>()
    const increment = () =>
      sql.transaction(async tx => {
        runs++
        await tx.run('set transaction isolation level repeatable read')
        const [row] = await tx.all<{ count: number }>('select count from thing')
        if (++reads === 5) allHaveRead.resolve()
        await allHaveRead.promise
        await tx.run('update thing set count = ?1', (row?.count ?? 0) + 1)
      })
    await Promise.all(Array.from({ length: 5 }, increment))
    expect((await sql.all<{ count: number }>('select count from thing'))[0]?.count).toBe(5)
    expect(runs).toBeGreaterThan(5)
  })

  test('[G60] a transaction that is broken off again and again is given up, by the clock that was given', async () => {
    const waits: number[] = []
    const clock = {
      now: () => 0,
      soon: setImmediate,
      after(ms: number, run: () => void) {
        waits.push(ms)
        run()
        return { cancel() {} }
      },
    }
    const sql = await openSql(await kind.target(), { clock, random: { next: () => 0.999, bytes: count => new Uint8Array(count) } })
    const broken = (tx: Queries) => tx.run(`do $$ begin raise exception using errcode = '40001', message = 'not now'; end $$`)
    expect(await failureOf(sql.transaction(broken))).toMatchObject({ reason: 'contended', message: 'not now' })
    expect(waits).toEqual([3, 7, 15, 31, 63, 127, 255, 499, 499])
    await sql.close()
  })

  test('[G60] who waits too long for a row is told, and what was done meanwhile is not', async () => {
    await using sql = await opened(kind, things, `insert into thing values ('a', 0)`)
    const held = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    const holding = sql.transaction(async tx => {
      await tx.all('select name from thing /*lock*/')
      held.resolve()
      await release.promise
    })
    await held.promise
    const waiting = sql.transaction(async tx => {
      await tx.run('set local lock_timeout = 30')
      await tx.run(`insert into thing values ('b', 0)`)
      await tx.run('update thing set count = 1')
    })
    expect(await failureOf(waiting)).toMatchObject({ reason: 'contended' })
    release.resolve()
    await holding
    expect(await sql.all<{ name: string }>('select name from thing')).toHaveLength(1)
    const [setting] = await sql.all<{ lock_timeout: string }>('show lock_timeout')
    expect(setting?.lock_timeout).toBe('5s')
  })

  test('[G60] a connection that is lost is an error that says so, nothing is committed, and the next call has another one', async () => {
    const target = await kind.target()
    await using sql = await openedAt(target, things)
    const begun = Promise.withResolvers<void>()
    const cut = Promise.withResolvers<void>()
    // Either may hear of it before the other, and before whoever cut them has an answer.
    const writing = failureOf(
      sql.transaction(async tx => {
        await tx.run(`insert into thing values ('a', 1)`)
        begun.resolve()
        await cut.promise
        await tx.run(`insert into thing values ('b', 1)`)
      }),
    )
    const asking = failureOf(sql.all('select pg_sleep(30)'))
    await begun.promise
    await sleep(50)
    expect(await server().cutConnections(target)).toBeGreaterThan(1)
    cut.resolve()
    for (const failure of await Promise.all([writing, asking])) {
      expect(failure.reason).toBe('unavailable')
      expect(failure.message).toStartWith('postgres cannot be reached: ')
    }
    // A connection that nobody was using is only found dead by the call that gets it, and there are as many as the pool held.
    const answered = () => Promise.all(Array.from({ length: 20 }, () => sql.all('select 1 as one'))).catch(() => undefined)
    await until('calls have new connections', answered)
    expect(await sql.all('select name from thing')).toBeEmpty()
    expect(await sql.run(`insert into thing values ('c', 1)`)).toBe(1)
  })

  test('[G62] a database that cannot be used is named at the opening, without the password', async () => {
    const target = await kind.target()
    const { host, pathname } = new URL(target)
    const at = (change: (url: URL) => void) => {
      const url = new URL(target)
      change(url)
      return url.href
    }
    const password = 'not-to-be-seen'
    const wrong: [string, string][] = [
      [at(url => Object.assign(url, { password })), `${host}${pathname}: postgres cannot be reached: password authentication failed`],
      [at(url => Object.assign(url, { username: 'nobody', password })), `${host}${pathname}: postgres cannot be reached: password`],
      [at(url => Object.assign(url, { pathname: '/nowhere' })), `${host}/nowhere: postgres cannot be reached: database "nowhere" does not`],
      [at(url => Object.assign(url, { port: '1', password })), `127.0.0.1:1${pathname}: postgres cannot be reached: `],
      [at(url => Object.assign(url, { search: '?sslmode=require' })), `${host}${pathname}: postgres cannot be reached: `],
      [at(url => Object.assign(url, { search: '?sslmode=perhaps', password })), `${host}${pathname}: `],
      [`postgres://u:${password}@h:port/d`, 'a store is sqlite:PATH or postgres://'],
      [`mysql://u:${password}@h/d`, 'a store is sqlite:PATH or postgres://'],
    ]
    for (const [url, message] of wrong) {
      const failure = await failureOf(openSql(url))
      expect([url, failure.reason]).toEqual([url, 'unavailable'])
      expect(failure.message).toStartWith(message)
      expect(Bun.inspect(failure)).not.toContain(password)
    }
  })

  test('[G62] a database of another encoding is refused', async () => {
    const target = await kind.target()
    {
      await using sql = await openedAt(target)
      await sql.run(`create database odd encoding 'LATIN1' locale 'C' template template0`)
    }
    const odd = Object.assign(new URL(target), { pathname: '/odd' }).href
    expect((await failureOf(openSql(odd))).message).toContain('its encoding must be UTF8, not LATIN1')
  })
})
