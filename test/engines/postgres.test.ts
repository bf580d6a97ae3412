import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { SQL } from 'bun'
import { atEnd, lacks, Postgres, until } from '../kit/index.ts'

describe.skipIf(lacks('postgres', 'a Postgres of tests') || lacks('openssl', 'a Postgres of tests'))('Postgres', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await Postgres.start({ tls: true })
  })
  afterAll(() => postgres?.[Symbol.asyncDispose]())

  function connected(url: string, options: SQL.Options = {}): SQL {
    const sql = new SQL({ url, max: 1, ...options })
    atEnd(() => sql.close({ timeout: 0 }))
    return sql
  }

  test('[EN6] it keeps what was committed, whether it ends in order or is killed, and is back on its port', async () => {
    const url = await postgres.database()
    const { port } = postgres
    await connected(url).unsafe('create table note (id integer)')
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      await connected(url).unsafe('insert into note values (1)')
      await postgres.restart(signal)
      expect(postgres.port).toBe(port)
    }
    expect(await connected(url).unsafe('select id from note').values()).toEqual([[1], [1]])
  })

  test('[EN6] while it is frozen nothing is answered, and then everything', async () => {
    const sql = connected(await postgres.database())
    await sql.unsafe('select 1')
    postgres.freeze()
    atEnd(() => postgres.thaw())
    let answers = 0
    const asked = sql.unsafe('select 1').then(() => answers++)
    const states = () => `${postgres.server.pid}`.length > 0 && readFileSync(`/proc/${postgres.server.pid}/stat`, 'utf8')
    await until('it stands', () => / T /.test(`${states()}`))
    expect(answers).toBe(0)
    postgres.thaw()
    await asked
    expect(answers).toBe(1)
  })

  test('[EN4] it is reached by TLS', async () => {
    const ca = readFileSync(postgres.keys?.ca ?? '', 'utf8')
    const url = (await postgres.database()).replace('127.0.0.1', 'localhost')
    const [row] = await connected(url, { tls: { ca } }).unsafe('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
    expect(row).toEqual({ ssl: true })
  })
})
