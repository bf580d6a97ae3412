import { afterEach, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../../test/kit/index.ts'
import { Publication } from '../protocol/index.ts'
import { openSql, SqliteHistory } from './index.ts'
import { commitsPerCheckpoint } from './limits.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

function inFolder(name: string): { readonly folder: string; readonly path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'fanfare-checkpoints-'))
  folders.push(folder)
  return { folder, path: join(folder, name) }
}

const text = 'x'.repeat(1000)
const rows = commitsPerCheckpoint * 2

/** Until a file has what was committed: SQLite itself would have left all of it in the log. */
async function grown(path: string): Promise<void> {
  await until('the file has grown', () => statSync(path).size > (commitsPerCheckpoint * text.length) / 2)
}

test('[G68] what was committed comes from the log into the file while the store goes on answering', async () => {
  const { folder, path } = inFolder('rows.sqlite')
  const sql = await openSql(`sqlite:${path}`)
  await sql.run('create table thing (name integer primary key, body text)')
  for (let name = 0; name < rows; name++) await sql.transaction(tx => tx.run('insert into thing values (?1, ?2)', name, text))
  await grown(path)
  expect(await sql.all('select count(*) as count from thing')).toEqual([{ count: rows }])
  for (let name = 0; name < rows; name++) await sql.run('update thing set body = ?2 where name = ?1', name, 'again')
  await sql.close()
  expect(readdirSync(folder)).toEqual(['rows.sqlite'])
  const again = await openSql(`sqlite:${path}`)
  expect(await again.all(`select count(*) as count from thing where body = 'again'`)).toEqual([{ count: rows }])
  await again.close()
})

test('[G68] histories too, and a store that is closed meanwhile has lost nothing', async () => {
  const { path } = inFolder('history.sqlite')
  const history = new SqliteHistory(path)
  for (let offset = 1; offset <= rows; offset++)
    history.append([{ channel: 'a', epoch: 'e', publication: new Publication({ data: text, offset, time: 1 }), keep: rows }])
  await grown(path)
  for (let offset = rows + 1; offset <= rows + commitsPerCheckpoint; offset++)
    history.append([{ channel: 'a', epoch: 'e', publication: new Publication({ data: text, offset, time: 1 }), keep: rows }])
  history.close()
  const again = new SqliteHistory(path)
  expect(again.load('a')?.offset).toBe(rows + commitsPerCheckpoint)
  expect(again.load('a')?.publications).toHaveLength(rows)
  again.close()
})
