import { expect, test } from 'bun:test'
import { migrateSql, openSql, type Sql } from '../../src/store/index.ts'
import { opened, openedAt, overBoth } from './stores.ts'

const steps = ['create table thing (name text primary key)', `insert into thing values ('first')`]

async function names(sql: Sql): Promise<string[]> {
  return (await sql.all<{ name: string }>('select name from thing order by name')).map(({ name }) => name)
}

overBoth(kind => {
  test('[G59] steps run once, in order, and those that were added later run on what is there', async () => {
    const target = await kind.target()
    for (const added of [[], [], [`insert into thing values ('second')`]]) {
      await using sql = await openedAt(target)
      await migrateSql(sql, 'things', [...steps, ...added])
    }
    await using sql = await openedAt(target)
    expect(await names(sql)).toEqual(['first', 'second'])
  })

  test('[G59] a step that fails leaves nothing of the migration behind, and owners do not see each other', async () => {
    await using sql = await opened(kind)
    await migrateSql(sql, 'things', steps)
    const broken = ['create table other (name text)', `insert into thing values ('lost')`, 'not sql']
    expect(await migrateSql(sql, 'others', broken).catch(String)).toContain('syntax error')
    expect(await names(sql)).toEqual(['first'])
    await migrateSql(sql, 'others', ['create table other (name text)'])
  })

  test('[G59] tables of a later version are refused and stay as they are', async () => {
    await using sql = await opened(kind)
    await migrateSql(sql, 'things', steps)
    expect(await migrateSql(sql, 'things', steps.slice(1)).catch(String)).toContain('the tables of things are from a later version')
    await migrateSql(sql, 'things', steps)
    expect(await names(sql)).toEqual(['first'])
  })

  test('[G59] servers that start at the same time run each step once between them', async () => {
    const target = await kind.target()
    const servers = await Promise.all(Array.from({ length: 6 }, () => openSql(target)))
    const many = [...steps, ...Array.from({ length: 20 }, (_, index) => `insert into thing values ('step ${index}')`)]
    await Promise.all(servers.map((sql, index) => migrateSql(sql, index % 2 === 0 ? 'things' : 'others', index % 2 === 0 ? many : [])))
    const [first] = servers
    if (first !== undefined) expect(await names(first)).toHaveLength(21)
    await Promise.all(servers.map(sql => sql.close()))
  })
})
