import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrate, migrateSql, openSql, openTables } from '../../src/store/index.ts'
import { Folder } from '../kit/index.ts'
import { openedAt, overSqlite } from './stores.ts'

const things = 'create table thing (name text primary key, count integer not null)'

/** Whether it ends before anything else that the event loop has to do, as on a clock that only a simulation moves. */
async function isImmediate(work: Promise<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<false>()
  setImmediate(() => resolve(false))
  return await Promise.race([work.then(() => true), promise])
}

overSqlite(kind => {
  test('[G61] nothing waits for a timer or for another turn of the event loop', async () => {
    const target = await kind.target()
    const sql = await openSql(target)
    const other = await openSql(target)
    expect(await isImmediate(migrateSql(sql, 'things', [things, `insert into thing values ('a', 0)`]))).toBe(true)
    const increment = (from: typeof sql) =>
      from.transaction(async tx => {
        for (let step = 0; step < 5; step++) await tx.run('update thing set count = count + 1')
      })
    const work = [increment(sql), sql.all('select count from thing'), sql.run('update thing set count = count + 1'), increment(other)]
    expect(await isImmediate(Promise.all(work))).toBe(true)
    expect(await sql.all('select count from thing')).toEqual([{ count: 11 }])
    expect(await isImmediate(Promise.all([sql.close(), other.close()]))).toBe(true)
  })

  test('[G61] calls have their turn in the order in which they came', async () => {
    const target = await kind.target()
    await using sql = await openedAt(target, 'create table thing (place integer not null)')
    const put = (place: number) => sql.run('insert into thing values (?1)', place)
    await Promise.all([
      put(0),
      sql.transaction(async tx => {
        await Promise.resolve()
        await tx.run('insert into thing values (1)')
        await tx.run('insert into thing values (2)')
      }),
      put(3),
      sql.transaction(tx => tx.run('insert into thing values (4)')),
      put(5),
    ])
    expect((await sql.all<{ place: number }>('select place from thing order by rowid')).map(({ place }) => place)).toEqual([
      0, 1, 2, 3, 4, 5,
    ])
  })

  test('[G61] another process that writes to the file is waited for', async () => {
    const target = await kind.target()
    await using sql = await openedAt(target, things)
    const script = `
      const { Database } = require('bun:sqlite')
      const database = new Database(${JSON.stringify(target.slice('sqlite:'.length))})
      database.run('begin immediate')
      database.run("insert into thing values ('theirs', 1)")
      console.log('writing')
      Bun.sleepSync(200)
      database.run('commit')`
    const other = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', stderr: 'inherit' })
    const { value } = await other.stdout.getReader().read()
    expect(new TextDecoder().decode(value)).toBe('writing\n')
    await sql.transaction(tx => tx.run(`insert into thing values ('ours', 2)`))
    expect(await sql.all('select name from thing order by name')).toEqual([{ name: 'ours' }, { name: 'theirs' }])
    expect(await other.exited).toBe(0)
  })

  test('[G61] rows that were kept by statements of one kind are found by those of the other, in the same file', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'deep', 'rows.sqlite')
    const tables = openTables(path)
    migrate(tables, 'things', [things, `insert into thing values ('a', 1)`])
    await using sql = await openedAt(`sqlite:${path}`)
    await migrateSql(sql, 'things', [things, `insert into thing values ('a', 1)`])
    await migrateSql(sql, 'others', ['create table other (name text)'])
    migrate(tables, 'others', ['create table other (name text)'])
    expect(await sql.all('select name, count from thing')).toEqual([{ name: 'a', count: 1 }])
    tables.close()
  })

  test('[G62] a file that cannot be opened is named', async () => {
    using folder = new Folder()
    const path = join(folder.path, 'no-database')
    writeFileSync(path, 'no database at all, but a long text of another kind'.repeat(100))
    for (const wrong of [path, folder.path, join(path, 'below.sqlite')]) {
      const error = await openSql(`sqlite:${wrong}`).catch(thrown => thrown)
      expect(error).toMatchObject({ name: 'SqlError', reason: 'unavailable' })
      expect(error.message).toStartWith(`${wrong} cannot be opened: `)
    }
  })

  test('[G62] rows in memory are each store’s own', async () => {
    await using sql = await openedAt('sqlite::memory:', things)
    await using other = await openedAt('sqlite::memory:', things)
    await sql.run(`insert into thing values ('a', 1)`)
    expect(await other.all('select name from thing')).toBeEmpty()
  })
})
