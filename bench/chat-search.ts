import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { between, seededRandom } from '../src/kit/index.ts'
import { epochOf, indexSome, schema, search } from '../src/services/chat/store/index.ts'
import { migrateSql, openSql, type Sql } from '../src/store/index.ts'
import { Postgres } from '../test/kit/servers/postgres.ts'
import { type Benchmark, Findings, median, type Outcome } from './benchmark.ts'
import type { Stage } from './stage.ts'

const messages = 100_000
const vocabulary = 20_000
const wordsEach = 8
const others = 50
const rows = 500
const rounds = 9
/** What a search may take of the thread that everyone else is served by. */
const cpuMsMax = 20

interface Asked {
  readonly work: string
  readonly person: string
  readonly query: string
  readonly conversation?: string
  /** Whether it finds anything: a figure of nothing is no figure. */
  readonly finds: boolean
}

/** `ann` has said everything there is to `bob`, and a little to many others; `carol` is in none of that but has a chat of her own. */
const asked: readonly Asked[] = [
  { work: 'a word of ten messages', person: 'ann', query: 'needle', finds: true },
  { work: 'a word of all messages', person: 'ann', query: 'hello', finds: true },
  { work: 'a word of all messages, in one chat', person: 'ann', query: 'hello', conversation: 'd_0', finds: true },
  { work: 'nothing found', person: 'ann', query: 'absent', finds: false },
  { work: 'two words', person: 'ann', query: 'w12 hello', finds: true },
  { work: 'two words that are each in half of the messages, and in none together', person: 'ann', query: 'left right', finds: false },
  { work: 'one letter', person: 'ann', query: 'w', finds: true },
  { work: 'a word that only others wrote, 100,000 times', person: 'carol', query: 'hello', finds: false },
]

/** Searches of 100,000 messages, on the thread that serves: in SQLite and in Postgres, beside looking at each of them as the code before did. */
export const chatSearch: Benchmark = {
  name: 'chat-search',
  async run(stage, note): Promise<Outcome> {
    const findings = new Findings()
    const folder = await stage.folder('chat-search')
    await rm(folder, { recursive: true, force: true })
    await measure('SQLite', `sqlite:${join(folder, 'rows.sqlite')}`, findings, note)
    const postgres = await startPostgres(stage)
    if (postgres === undefined) findings.missing.push('Postgres: it is not installed')
    else await measure('Postgres', await postgres.database(), findings, note)
    return findings
  },
}

async function startPostgres(stage: Stage): Promise<Postgres | undefined> {
  if (Bun.which('postgres') === null) return undefined
  const postgres = await Postgres.start()
  stage.atEnd(() => postgres[Symbol.asyncDispose]())
  return postgres
}

async function measure(store: string, target: string, findings: Findings, note: (line: string) => void): Promise<void> {
  const sql = await openSql(target)
  try {
    await fill(sql)
    const indexing = await cpuOf(async () => {
      for (let n = 0; n <= others; n++) while (await indexSome(sql, `d_${n}`));
    })
    note(`${store}: ${messages.toLocaleString('en')} messages indexed with ${indexing.toFixed(0)} ms of CPU`)
    findings.figures.push({
      id: 'P6',
      work: `${store}: bringing a message into the search index`,
      unit: 'us',
      value: (indexing * 1000) / messages,
    })
    for (const { work, person, query, conversation, finds } of asked) {
      const { ms, found } = await timed(async () => (await search(sql, person, { query, conversation })).hits.length)
      const scan = await timed(() => scanned(sql, person, query, conversation ?? 'd_0'))
      if (found > 0 !== finds) findings.shortfalls.push(`${store}: ${work}: ${found} found`)
      note(`${store}: ${work}: ${ms.toFixed(2)} ms, ${found} found; looking at each ${scan.ms.toFixed(1)} ms`)
      findings.figures.push({
        ...{
          id: 'R10',
          work: `${store}: a search of 100,000 messages, ${work}: CPU of the thread that serves`,
          unit: 'ms',
          value: ms,
          atMost: cpuMsMax,
        },
        subject: `looking at each: ${scan.ms.toFixed(1)} ms, ratio ${(ms / scan.ms).toFixed(3)}`,
      })
    }
  } finally {
    await sql.close()
  }
}

async function timed(act: () => Promise<number>): Promise<{ ms: number; found: number }> {
  const times: number[] = []
  let found = await act()
  for (let round = 0; round < rounds; round++)
    times.push(
      await cpuOf(async () => {
        found = await act()
      }),
    )
  return { ms: median(times), found }
}

/** Milliseconds of CPU of this process: what the database does in a process of its own holds up nobody here. */
async function cpuOf(act: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await act()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/** As the code before: each message of one conversation, as far as it takes to find fifty. */
async function scanned(sql: Sql, person: string, query: string, conversation: string): Promise<number> {
  const found = await sql.all(
    `select e.* from chat_entry e join chat_member m on m.conversation = e.conversation and m.person = ?2
     where e.conversation = ?1 and e.kind = 'message' and e.deleted = 0 and e.plain like ?3 escape '\\' and e.seq > m.cleared
     order by e.seq desc limit 50`,
    conversation,
    person,
    `%${query}%`,
  )
  return found.length
}

async function fill(sql: Sql): Promise<void> {
  const random = seededRandom(7400)
  await migrateSql(sql, 'chat', schema)
  await epochOf(sql, random)
  const texts = Array.from({ length: messages }, (_, n) => {
    const words = Array.from({ length: wordsEach }, () => `w${Math.floor(vocabulary ** (between(random, 0, 1_000_000) / 1_000_000))}`)
    return `hello ${words.join(' ')} ${n % 2 === 0 ? 'left' : 'right'}${n % (messages / 10) === 7 ? ' needle' : ''}`
  })
  await conversation(sql, 'd_0', ['ann', 'bob'], texts)
  for (let n = 1; n <= others; n++) await conversation(sql, `d_${n}`, ['ann', `friend-${n}`], ['good morning', 'good night'])
  await conversation(sql, 'd_own', ['carol', 'dave'], ['good morning', 'good night'])
}

async function conversation(sql: Sql, id: string, members: readonly string[], texts: readonly string[]): Promise<void> {
  await sql.run(
    "insert into chat_conversation (id, kind, title, pair, version, seq, ts, created, send_by, edit_by) values (?1, 'direct', '', ?1, 1, ?2, ?2, 1, 'all', 'all')",
    id,
    texts.length,
  )
  for (const person of members) {
    await sql.run(
      `insert into chat_member (conversation, person, role, since, active, delivered_to, read_to, told_delivered, told_read, receipt_due, unread, muted, pinned, cleared)
       values (?1, ?2, 'member', 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)`,
      id,
      person,
    )
    await sql.run('insert into chat_stay (conversation, person, from_seq, to_seq) values (?1, ?2, 1, null)', id, person)
  }
  for (let from = 0; from < texts.length; from += rows) {
    const some = texts.slice(from, from + rows)
    const values = some.map((_, n) => `(?1, ?${3 * n + 3}, 'message', ?2, ?${3 * n + 3}, null, ?${3 * n + 4}, ?${3 * n + 5}, 0, 0)`)
    await sql.run(
      `insert into chat_entry (conversation, seq, kind, author, ts, target, body, plain, rev, deleted) values ${values.join(', ')}`,
      id,
      members[0] ?? '',
      ...some.flatMap((text, n) => [from + n + 1, JSON.stringify({ text }), text]),
    )
  }
}
