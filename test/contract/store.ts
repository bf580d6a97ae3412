import { expect, test } from 'bun:test'
import { sleep } from 'bun'
import fc from 'fast-check'
import { openSql, type Sql, SqlError, type SqlReason, type SqlValue } from '../../src/store/index.ts'
import { rounds } from '../kit/index.ts'
import { opened, openedAt, type StoreKind } from './stores.ts'

const things = 'create table thing (name text primary key, count integer not null, time double precision)'
const put = 'insert into thing (name, count, time) values (?1, ?2, ?3)'

interface Thing {
  readonly name: string
  readonly count: number
  readonly time: number | null
}

async function countOf(sql: Pick<Sql, 'all'>, name = 'a'): Promise<number | undefined> {
  const [row] = await sql.all<{ count: number }>('select count from thing where name = ?1', name)
  return row?.count
}

/** What an attempt failed with, or undefined where it did not. */
async function reasonOf(attempt: Promise<unknown>): Promise<SqlReason | string | undefined> {
  return await attempt.then(
    () => undefined,
    error => (error instanceof SqlError ? error.reason : String(error)),
  )
}

/** A gate that one part of a test opens for another. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: () => resolve() }
}

/** What every store of rows must do. `overBoth` runs it for SQLite and Postgres. */
export function storeContract(kind: StoreKind): void {
  rows(kind)
  statements(kind)
  transactions(kind)
  failures(kind)
  closing(kind)
}

function rows(kind: StoreKind): void {
  const values: [string, string, number, number | null][] = [
    ['unicode', 'żółć 😀 \u202e نص \u{10ffff}', 0, 0],
    ['nothing in it', '', -1, -0.5],
    ['quotes and placeholders', `'";--?1 $1 \\ %_ /*lock*/ \n\r\t`, 1, null],
    ['a time in milliseconds', 'time', 2 ** 31 - 1, 1_795_500_000_123.25],
    ['the largest numbers', 'large', -(2 ** 31), Number.MAX_VALUE],
    ['the most exact numbers', 'exact', 1, 0.1 + 0.2],
    ['the largest exact integer', 'integer', 1, Number.MAX_SAFE_INTEGER],
    ['a long text', 'ü'.repeat(300_000), 1, 5e-324],
  ]
  test.each(values)('[G50] %s comes back as it went in', async (_, name, count, time) => {
    await using sql = await opened(kind, 'create table thing (name text, count integer not null, time double precision)')
    expect(await sql.run(put, name, count, time)).toBe(1)
    const [row, ...more] = await sql.all<Thing>('select name, count, time from thing where name = ?1', name)
    expect({ ...row }).toStrictEqual({ name, count, time })
    expect(more).toEqual([])
  })

  test('[G50] whatever text and number comes back as it went in; half a surrogate pair is U+FFFD', async () => {
    await using sql = await opened(kind, 'create table thing (id integer primary key, name text not null, time double precision not null)')
    let id = 0
    const text = fc.string({ unit: 'binary', maxLength: 50 }).map(value => value.replaceAll('\0', ''))
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0)
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, fc.constantFrom('a\ud800', '\udc00b', '\ud83d')), number, async (name, time) => {
        id++
        await sql.run('insert into thing values (?1, ?2, ?3)', id, name, time)
        const [row] = await sql.all<{ name: string; time: number }>('select name, time from thing where id = ?1', id)
        expect({ ...row }).toEqual({ name: name.toWellFormed(), time })
      }),
      { numRuns: rounds(100, 1000), seed: 7400 },
    )
  })

  const refused: [string, SqlValue[]][] = [
    ['a text with a NUL', ['a\0b', 1, 1]],
    ['what is no number', ['a', 1, Number.NaN]],
    ['infinity', ['a', 1, Number.NEGATIVE_INFINITY]],
  ]
  test.each(refused)('[G51] %s is refused, and nothing is written', async (_, given) => {
    await using sql = await opened(kind, things)
    expect(await reasonOf(sql.run(put, ...given))).toBe('value')
    expect(await reasonOf(sql.transaction(tx => tx.all(put, ...given)))).toBe('value')
    expect(await sql.all('select name from thing')).toBeEmpty()
  })
}

function statements(kind: StoreKind): void {
  test('[G52] a row that is there already is left, or changed, and the rows say so', async () => {
    await using sql = await opened(kind, things)
    const change = `${put} on conflict (name) do update set count = thing.count + excluded.count returning count`
    expect(await sql.run(put, 'a', 1, 1)).toBe(1)
    expect(await sql.run(`${put} on conflict (name) do nothing`, 'a', 9, 9)).toBe(0)
    expect(await sql.all<Thing>(`${put} on conflict do nothing returning name`, 'a', 9, 9)).toBeEmpty()
    expect((await sql.all<{ count: number }>(change, 'a', 2, 2)).map(row => ({ ...row }))).toEqual([{ count: 3 }])
    expect((await sql.all<{ count: number }>(change, 'b', 7, null)).map(({ count }) => count)).toEqual([7])
  })

  test('[G52] the number of rows that were changed is that of this statement', async () => {
    await using sql = await opened(kind, things)
    expect(await sql.run(`insert into thing values ('a', 1, 0), ('b', 2, null), ('c', 3, 0)`)).toBe(3)
    expect(await sql.run('update thing set count = count + ?1 where count >= ?2', 1, 2)).toBe(2)
    expect(await sql.run('update thing set count = 0 where name = ?1', 'nobody')).toBe(0)
    expect(await sql.run('create table other (name text)')).toBe(0)
    expect(await sql.run('delete from thing')).toBe(3)
  })

  test('[G52] rows are made of others, changed by others, and told by what was asked before', async () => {
    await using sql = await opened(kind, things, 'create table part (thing text not null, weight double precision not null)')
    await sql.run(`insert into thing values ('a', 1, 0), ('b', 2, 0)`)
    expect(await sql.run('insert into part select name, ?2 from thing where count <= ?1', 2, 0.5)).toBe(2)
    expect(await sql.run('insert into thing (name, count, time) select thing || ?1, ?2, ?3 from part', '!', 3, null)).toBe(2)
    await sql.run('update thing set time = part.weight + ?1 from part where part.thing = thing.name', 1)
    const text = `with heavy as (select name, time from thing where time >= ?1)
      select cast(count(*) as integer) as many, cast(sum(time) as double precision) as total, cast(max(name) as text) as last from heavy`
    expect((await sql.all(text, 1.5)).map(row => ({ ...Object(row) }))).toEqual([{ many: 2, total: 3, last: 'b' }])
  })

  test('[G52] a parameter may stand more than once, and out of order, and be null', async () => {
    await using sql = await opened(kind, things)
    await sql.run('insert into thing (time, count, name) values (?3, ?2, ?1)', 'a', 5, 0.5)
    const text = 'select name from thing where (cast(?2 as text) is null or name = ?2) and count >= ?1 and count <= ?1 limit ?3'
    for (const name of [null, 'a']) expect(await sql.all(text, 5, name, 10)).toHaveLength(1)
    expect(await sql.all(text, 5, 'b', 10)).toBeEmpty()
  })

  test('[G52] placeholders and locks inside of a text or a quoted name are not any', async () => {
    await using sql = await opened(kind, `create table "odd ?1" ("it's ?2 /*lock*/" text)`)
    await sql.run(`insert into "odd ?1" values ('?1 ''?2'' /*lock*/ ' || ?1)`, 'end')
    const [row] = await sql.all<Record<string, string>>(`select "it's ?2 /*lock*/" as found from "odd ?1" /*lock*/`)
    expect(row?.found).toBe(`?1 '?2' /*lock*/ end`)
  })

  test('[G52] a pattern tells letters apart by case, and takes the escape that it names', async () => {
    await using sql = await opened(kind, things)
    for (const name of ['Half', 'half', '50%', '500']) await sql.run(put, name, 0, 0)
    const like = async (pattern: string) =>
      (await sql.all<Thing>(`select name from thing where name like ?1 escape '\\' order by name`, pattern)).map(({ name }) => name)
    expect(await like('ha%')).toEqual(['half'])
    expect(await like('50\\%')).toEqual(['50%'])
  })
}

function transactions(kind: StoreKind): void {
  test('[G53] a transaction gives what its body returns, and what it wrote is there', async () => {
    await using sql = await opened(kind, things)
    const result = await sql.transaction(async tx => {
      await tx.run(put, 'a', 1, 1)
      return [await countOf(tx), 'done']
    })
    expect(result).toEqual([1, 'done'])
    expect(await countOf(sql)).toBe(1)
  })

  test('[G53] a body that throws leaves nothing behind, and its error is passed on as it is', async () => {
    await using sql = await opened(kind, things)
    const error = new RangeError('not today')
    const attempt = sql.transaction(async tx => {
      await tx.run(put, 'a', 1, 1)
      await tx.run('create table other (name text)')
      throw error
    })
    expect(await attempt.catch(thrown => thrown)).toBe(error)
    expect(await countOf(sql)).toBeUndefined()
    expect(await reasonOf(sql.all('select name from other'))).toBe('statement')
  })

  test('[G53] after a statement that failed nothing is committed, even where the body goes on', async () => {
    await using sql = await opened(kind, things)
    await sql.run(put, 'a', 1, 1)
    const attempt = sql.transaction(async tx => {
      await tx.run(put, 'b', 2, 2)
      expect(await reasonOf(tx.run(put, 'a', 2, 2))).toBe('constraint')
      expect(await reasonOf(tx.run(put, 'c', 3, 3))).toBe('constraint')
      return 'as if nothing were'
    })
    expect(await reasonOf(attempt)).toBe('constraint')
    expect((await sql.all<Thing>('select name from thing')).map(({ name }) => name)).toEqual(['a'])
  })

  test('[G54] nobody sees what is not committed, and all see what is', async () => {
    const target = await kind.target()
    await using sql = await openedAt(target, things)
    await using other = await openedAt(target)
    await sql.run(put, 'a', 1, 1)
    const wrote = gate()
    const looked = gate()
    const changing = sql.transaction(async tx => {
      await tx.run('update thing set count = 2')
      wrote.open()
      await looked.opened
      await tx.run(put, 'b', 2, 2)
      throw new Error('after all not')
    })
    await wrote.opened
    // Whether these wait for the transaction or see what was before it is the store's own choice.
    const seen = [countOf(sql), countOf(other), countOf(sql, 'b')]
    await sleep(20)
    looked.open()
    expect(await reasonOf(changing)).toBe('Error: after all not')
    expect(await Promise.all(seen)).toEqual([1, 1, undefined])
  })

  test('[G54] what is written beside a transaction is not lost with it', async () => {
    await using sql = await opened(kind, things)
    const begun = gate()
    const goOn = gate()
    const failing = sql.transaction(async tx => {
      await tx.run(put, 'a', 1, 1)
      begun.open()
      await goOn.opened
      throw new Error('after all not')
    })
    await begun.opened
    const beside = sql.run(put, 'b', 2, 2)
    goOn.open()
    expect(await reasonOf(failing)).toBe('Error: after all not')
    expect(await beside).toBe(1)
    expect([await countOf(sql, 'a'), await countOf(sql, 'b')]).toEqual([undefined, 2])
  })

  test('[G55] fifty transactions at once that each add one to a row that they hold lose none', async () => {
    const target = await kind.target()
    await using sql = await openedAt(target, things)
    await using other = await openedAt(target)
    await sql.run(put, 'a', 0, 0)
    const increment = (from: Sql) =>
      from.transaction(async tx => {
        const [row] = await tx.all<Thing>('select count from thing where name = ?1 /*lock*/', 'a')
        await tx.run('update thing set count = ?2, time = time + 0.5 where name = ?1', 'a', (row?.count ?? 0) + 1)
        return row?.count
      })
    const before = await Promise.all(Array.from({ length: 50 }, (_, index) => increment(index % 2 === 0 ? sql : other)))
    expect(before.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index))
    expect({ ...(await sql.all<Thing>('select * from thing'))[0] }).toEqual({ name: 'a', count: 50, time: 25 })
  })

  test('[G55] transactions that hold rows in opposite order all come to their end', async () => {
    await using sql = await opened(kind, things)
    for (const name of ['a', 'b']) await sql.run(put, name, 0, 0)
    const both = (...names: readonly string[]) =>
      sql.transaction(async tx => {
        for (const name of names) {
          await tx.run('update thing set count = count + 1 where name = ?1', name)
          await sleep(5)
        }
      })
    await Promise.all(Array.from({ length: 6 }, (_, index) => (index % 2 === 0 ? both('a', 'b') : both('b', 'a'))))
    expect([await countOf(sql, 'a'), await countOf(sql, 'b')]).toEqual([6, 6])
  })

  test('[G56] inside of a transaction only its own queries are asked, and only until it ends', async () => {
    await using sql = await opened(kind, things)
    await using other = await opened(kind, things)
    expect(await reasonOf(sql.transaction(() => sql.all('select 1')))).toContain('invariant broken: inside of a transaction')
    expect(await reasonOf(sql.transaction(() => sql.transaction(async () => 1)))).toContain('invariant broken: inside of a transaction')
    expect(await sql.transaction(() => other.run(put, 'a', 1, 1))).toBe(1)
    const kept = await sql.transaction(async tx => tx)
    expect(await reasonOf(kept.all('select 1'))).toContain('invariant broken: a transaction is asked before it ends')
    const after = await sql.transaction(async () => ({ ask: () => sql.all('select name from thing') }))
    expect(await after.ask()).toBeEmpty()
  })
}

function failures(kind: StoreKind): void {
  const failing: [SqlReason, string, SqlValue[]][] = [
    ['constraint', put, ['a', 1, 1]],
    ['constraint', put, ['b', null, 1]],
    ['statement', 'selec name from thing', []],
    ['statement', 'select nothing from thing', []],
    ['statement', 'select name from nowhere', []],
  ]
  test.each(failing)('[G57] a failure says that it is of the kind %s: %s', async (reason, text, values) => {
    await using sql = await opened(kind, things)
    await sql.run(put, 'a', 1, 1)
    for (let again = 0; again < 2; again++) expect(await reasonOf(sql.run(text, ...values))).toBe(reason)
    expect(await reasonOf(sql.transaction(tx => tx.all(text, ...values)))).toBe(reason)
    expect(await countOf(sql)).toBe(1)
  })
}

function closing(kind: StoreKind): void {
  test('[G58] closing waits for what is on its way, refuses what comes later, and may be asked for again', async () => {
    const target = await kind.target()
    const sql = await openSql(target)
    await sql.run(things)
    const finished: string[] = []
    const running = Array.from({ length: 20 }, (_, index) =>
      sql.transaction(async tx => {
        await sleep(1)
        await tx.run(put, `${index}`, index, 0)
        finished.push('transaction')
      }),
    )
    const asked = sql.all('select name from thing').then(() => finished.push('call'))
    const closed = sql.close().then(() => finished.push('close'))
    expect(await reasonOf(sql.all('select 1'))).toBe('closed')
    expect(await reasonOf(sql.transaction(async () => 1))).toBe('closed')
    await Promise.all([closed, sql.close(), asked, ...running])
    expect(finished).toHaveLength(22)
    expect(finished.at(-1)).toBe('close')
    await sql.close()
    await using again = await openedAt(target)
    expect(await again.all('select name from thing')).toHaveLength(20)
  })
}
