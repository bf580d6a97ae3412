import type { Database } from 'bun:sqlite'
import * as z from 'zod/mini'
import { migrate, openTables } from '../../service.ts'
import type { Before, MatchChange, Seen, Shown, StoredMatch } from './match.ts'
import { type Board, boardSchema, eventSchema, type Game, gameSchema } from './model/index.ts'
import { undoLogStartsAt } from './undo-log.ts'

const steps = [
  `create table sports_game (
     id text primary key, body text not null, run integer not null, version integer not null, announced integer not null, board text not null
   ) without rowid`,
  `create table sports_event (
     game text, id text, version integer not null, source text not null, source_id text not null, source_rev integer not null,
     body text not null, primary key (game, id)
   ) without rowid`,
  `create table sports_seen (
     game text, source text, id text, rev integer not null, event text not null, waiting text, primary key (game, source, id)
   ) without rowid`,
  'create table sports_past (n integer primary key, game text not null, at integer not null, body text not null)',
  'create index sports_past_at on sports_past (at)',
  'alter table sports_seen add column overruled integer not null default 0',
]

interface GameRow {
  readonly id: string
  readonly body: string
  readonly run: number
  readonly version: number
  readonly announced: number
  readonly board: string
}

interface EventRow {
  readonly version: number
  readonly source: string
  readonly source_id: string
  readonly source_rev: number
  readonly body: string
}

interface PastRow {
  readonly game: string
  readonly at: number
  readonly body: string
}

interface SeenRow {
  readonly source: string
  readonly id: string
  readonly rev: number
  readonly event: string
  /** What was said; null in rows of earlier versions whose word is the one that viewers were told. */
  readonly waiting: string | null
  readonly overruled: number
}

/** A game without its events, as lists need it. */
export interface KeptGame {
  readonly game: Game
  readonly run: number
  readonly version: number
  /** The version of the board up to which viewers have been told. */
  readonly announced: number
  readonly board: Board
}

/** When a match changed, and how it was right before; undefined where it was not there, or viewers see no difference. */
export interface KeptChange {
  readonly atMs: number
  readonly before: Before | undefined
}

const shownSchema = z.object({ event: eventSchema, version: z.number(), source: z.string(), sourceId: z.string(), sourceRev: z.number() })
const beforeSchema = z.object({
  game: gameSchema,
  run: z.number(),
  version: z.number(),
  board: boardSchema,
  shown: z.array(z.tuple([z.string(), z.nullable(shownSchema)])),
})

/** Games and their events in the SQLite file. A change is there as a whole or not at all. */
export class SportsStore {
  readonly #database: Database

  /** @param path a file, or `:memory:` */
  constructor(path: string) {
    this.#database = openTables(path)
    migrate(this.#database, 'sports', steps)
  }

  games(): KeptGame[] {
    return this.#database.query<GameRow, []>('select id, body, run, version, announced, board from sports_game').all().map(keptGameOf)
  }

  load(id: string): StoredMatch | undefined {
    const row = this.#database
      .query<GameRow, [string]>('select id, body, run, version, announced, board from sports_game where id = ?')
      .get(id)
    if (row === null) return undefined
    const events = this.#database.query<EventRow, [string]>(
      'select version, source, source_id, source_rev, body from sports_event where game = ?',
    )
    const seen = this.#database.query<SeenRow, [string]>(
      'select source, id, rev, event, waiting, overruled from sports_seen where game = ?',
    )
    const { game, run, version } = keptGameOf(row)
    const undoLog = this.#pastRows('where game = ?', id).flatMap(({ atMs, before }) => (before === undefined ? [] : [{ atMs, before }]))
    const shown = events.all(id).map(shownOf)
    const byKey = new Map(shown.map(one => [one.event.id, one]))
    return { game, run, version, shown, seen: seen.all(id).map(row => seenOf(row, byKey)), undoLog }
  }

  /** What changed in any game from a moment on, oldest first. What was before it is forgotten. */
  undoLog(sinceMs: number): (KeptChange & { readonly id: string })[] {
    this.#database.run('delete from sports_past where at < ?', [sinceMs])
    return this.#pastRows('')
  }

  /** Keeps another description of a game, and what it was before. */
  redescribe(kept: Omit<KeptGame, 'announced'>, change: KeptChange): void {
    this.#database.transaction(() => {
      this.#remember(kept.game.id, change)
      this.describe(kept)
    })()
  }

  /** Keeps what is known of a game beside its events. */
  describe({ game, run, version, board }: Omit<KeptGame, 'announced'>): void {
    this.#database
      .query(
        `insert into sports_game (id, body, run, version, announced, board) values (?, ?, ?, ?, ?, ?)
         on conflict (id) do update set body = excluded.body, run = excluded.run, version = excluded.version, board = excluded.board`,
      )
      .run(game.id, JSON.stringify(game), run, version, version, JSON.stringify(board))
  }

  /** Forgets the events of a game, and describes it anew. */
  restart(kept: Omit<KeptGame, 'announced'>, change: KeptChange): void {
    this.#database.transaction(() => {
      this.#remember(kept.game.id, change)
      for (const table of ['sports_event', 'sports_seen']) this.#database.run(`delete from ${table} where game = ?`, [kept.game.id])
      this.describe(kept)
    })()
  }

  /** @param changed what it was before, where viewers see a difference */
  commit(game: string, { version, shown, seen }: MatchChange, board: Board, changed: KeptChange): void {
    const putEvent = this.#database.query(
      'insert or replace into sports_event (game, id, version, source, source_id, source_rev, body) values (?, ?, ?, ?, ?, ?, ?)',
    )
    const putSeen = this.#database.query(
      'insert or replace into sports_seen (game, source, id, rev, event, waiting, overruled) values (?, ?, ?, ?, ?, ?, ?)',
    )
    this.#database.transaction(() => {
      if (changed.before !== undefined) this.#remember(game, changed)
      for (const [id, one] of shown) putEvent.run(game, id, one.version, one.source, one.sourceId, one.sourceRev, JSON.stringify(one.event))
      for (const { source, id, rev, key, event, overruled } of seen)
        putSeen.run(game, source, id, rev, key, JSON.stringify(event), overruled ? 1 : 0)
      this.#database.query('update sports_game set version = ?, board = ? where id = ?').run(version, JSON.stringify(board), game)
    })()
  }

  /** Viewers have been told up to this version. */
  announced(game: string, version: number): void {
    this.#database.query('update sports_game set announced = ? where id = ?').run(version, game)
  }

  close(): void {
    this.#database.close()
  }

  #remember(game: string, { atMs, before }: KeptChange): void {
    const body = before === undefined ? null : { ...before, shown: [...before.shown].map(([id, one]) => [id, one ?? null]) }
    this.#database.run('delete from sports_past where at < ?', [undoLogStartsAt(atMs)])
    this.#database.run('insert into sports_past (game, at, body) values (?, ?, ?)', [game, atMs, JSON.stringify(body)])
  }

  #pastRows(where: string, ...args: string[]): (KeptChange & { readonly id: string })[] {
    return this.#database
      .query<PastRow, string[]>(`select game, at, body from sports_past ${where} order by n`)
      .all(...args)
      .map(pastOf)
  }
}

function pastOf({ game, at, body }: PastRow): KeptChange & { readonly id: string } {
  const parsed = z.nullable(beforeSchema).parse(JSON.parse(body))
  if (parsed === null) return { id: game, atMs: at, before: undefined }
  return { id: game, atMs: at, before: { ...parsed, shown: new Map(parsed.shown.map(([id, one]) => [id, one ?? undefined])) } }
}

function keptGameOf({ body, run, version, announced, board }: GameRow): KeptGame {
  return { game: gameSchema.parse(JSON.parse(body)), run, version, announced, board: boardSchema.parse(JSON.parse(board)) }
}

function shownOf({ version, source, source_id, source_rev, body }: EventRow): Shown {
  return { event: eventSchema.parse(JSON.parse(body)), version, source, sourceId: source_id, sourceRev: source_rev }
}

function seenOf({ source, id, rev, event: key, waiting, overruled }: SeenRow, shown: ReadonlyMap<string, Shown>): Seen {
  const event = waiting === null ? shown.get(key)?.event : eventSchema.parse(JSON.parse(waiting))
  const word = { source, id, rev, key, ...(overruled === 0 ? {} : { overruled: true }) }
  if (event !== undefined) return { ...word, event: { ...event, id, rev } }
  return { ...word, event: { id, rev, state: 'deleted', kind: 'unknown', seq: 0, players: [], tEvent: 0, tIngest: 0 } }
}
