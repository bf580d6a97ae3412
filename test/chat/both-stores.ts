import { afterAll, afterEach, beforeAll, describe } from 'bun:test'
import { openSql, type Sql } from '../../src/store/index.ts'
import { lacks, Postgres } from '../kit/index.ts'
import { ChatRows } from './rows.ts'

/** A store of the test's own, and chat's rows in it; both are gone after the test. */
export interface Stores {
  readonly open: () => Promise<Sql>
  readonly rows: () => Promise<ChatRows>
}

/** One suite over both stores: the same rows, the same answers. */
export function overBothStores(suite: (stores: Stores) => void): void {
  for (const store of ['sqlite', 'postgres'] as const) {
    describe.skipIf(store === 'postgres' && lacks('postgres', "chat's rows in Postgres"))(store, () => {
      let postgres: Postgres | undefined
      const opened: Sql[] = []
      const open = async () => {
        const sql = await openSql(postgres === undefined ? 'sqlite::memory:' : await postgres.database())
        opened.push(sql)
        return sql
      }

      beforeAll(async () => {
        if (store === 'postgres') postgres = await Postgres.start()
      })

      afterEach(async () => {
        for (const sql of opened.splice(0)) await sql.close()
      })

      afterAll(async () => {
        await postgres?.[Symbol.asyncDispose]()
      })

      suite({ open, rows: async () => ChatRows.open(await open()) })
    })
  }
}

/** What users may not do is refused; only what nobody expects is a failure. */
export async function attempt(act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof Error) || !/forbidden|not_found|gone|unprocessable/.test(error.message)) throw error
  }
}
