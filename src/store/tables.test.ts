import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrate, openTables } from './tables.ts'

const steps = ['create table thing (name text primary key)', "insert into thing values ('first')"]

test('[G40] steps of a migration run once, in order, and those that were added later run on what is there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-tables-'))
  const path = join(folder, 'deep', 'rows.sqlite')
  for (const added of [[], [], ["insert into thing values ('second')"]]) {
    const tables = openTables(path)
    migrate(tables, 'things', [...steps, ...added])
    tables.close()
  }
  const tables = openTables(path)
  expect(tables.query('select name from thing').values()).toEqual([['first'], ['second']])
  tables.close()
  rmSync(folder, { recursive: true })
})

test('[G40] a step that fails leaves nothing of the migration behind, and owners do not see each other', () => {
  const tables = openTables(':memory:')
  migrate(tables, 'things', steps)
  expect(() => migrate(tables, 'others', ['create table other (name text)', 'not sql'])).toThrow()
  migrate(tables, 'others', ['create table other (name text)'])
  expect(() => migrate(tables, 'things', steps.slice(1))).toThrow('later version')
})
