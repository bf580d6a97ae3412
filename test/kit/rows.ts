import { Database } from 'bun:sqlite'
import type { HistoryPage, HistoryProvider, HistoryQuery } from '../../src/index.ts'
import { Publication } from '../../src/protocol/index.ts'

/** The namespace of a service that keeps its histories itself. */
export const inbox = {
  name: 'inbox',
  delivery: 'stream',
  historySize: 10_000,
  historyTtlMs: 30 * 24 * 3_600_000,
  forceRecovery: true,
} as const

/** Histories in rows of one's own: what a service with a database does. */
export class Rows implements HistoryProvider {
  /** What was asked, as `channel since limit`. */
  readonly asked: string[] = []
  epoch = 'mine'
  readonly #database = new Database(':memory:', { strict: true })

  constructor() {
    this.#database.run('create table item (channel text, pts integer, body text, primary key (channel, pts)) without rowid')
  }

  top(channel: string): number {
    return (
      this.#database.query<{ top: number }, [string]>('select coalesce(max(pts), 0) as top from item where channel = ?').get(channel)
        ?.top ?? 0
    )
  }

  /** @returns the place to publish it at */
  add(channel: string, body: unknown): { epoch: string; offset: number } {
    const offset = this.top(channel) + 1
    this.#database.run('insert into item values (?, ?, ?)', [channel, offset, JSON.stringify(body)])
    return { epoch: this.epoch, offset }
  }

  forget(channel: string, upTo: number): void {
    this.#database.run('delete from item where channel = ? and pts <= ?', [channel, upTo])
  }

  async history(channel: string, { since, limit, reverse = false }: HistoryQuery): Promise<HistoryPage> {
    this.asked.push(`${channel} ${since?.offset ?? '-'} ${limit}`)
    await Bun.sleep(1)
    const top = this.top(channel)
    const position = { epoch: this.epoch, offset: top }
    const from = since?.offset ?? (reverse ? top + 1 : 0)
    const rows = this.#database
      .query<{ pts: number; body: string }, [string, number, number]>(
        `select pts, body from item where channel = ? and pts ${reverse ? '<' : '>'} ? order by pts ${reverse ? 'desc' : ''} limit ?`,
      )
      .all(channel, from, limit)
    const publications = rows.map(({ pts, body }) => new Publication({ data: JSON.parse(body), offset: pts }))
    const isSame = since !== undefined && (since.epoch === '' || since.epoch === this.epoch) && since.offset <= top
    const complete = isSame && !reverse && publications.length === top - from
    return { position, publications, complete, state: [] }
  }
}
