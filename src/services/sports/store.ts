import type { Database } from 'bun:sqlite'
import { migrate, openTables } from '../../store/index.ts'
import type { Change, Seen, Shown, StoredMatch } from './match.ts'
import { type Board, boardSchema, eventSchema, type Game, gameSchema } from './model/index.ts'

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

interface SeenRow {
  readonly source: string
  readonly id: string
  readonly rev: number
  readonly event: string
  readonly waiting: string | null
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
    const seen = this.#database.query<SeenRow, [string]>('select source, id, rev, event, waiting from sports_seen where game = ?')
    const { game, run, version } = keptGameOf(row)
    return { game, run, version, shown: events.all(id).map(shownOf), seen: seen.all(id).map(seenOf) }
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
  restart(kept: Omit<KeptGame, 'announced'>): void {
    this.#database.transaction(() => {
      for (const table of ['sports_event', 'sports_seen']) this.#database.run(`delete from ${table} where game = ?`, [kept.game.id])
      this.describe(kept)
    })()
  }

  commit(game: string, { version, shown, seen }: Change, board: Board): void {
    const putEvent = this.#database.query(
      'insert or replace into sports_event (game, id, version, source, source_id, source_rev, body) values (?, ?, ?, ?, ?, ?, ?)',
    )
    const putSeen = this.#database.query(
      'insert or replace into sports_seen (game, source, id, rev, event, waiting) values (?, ?, ?, ?, ?, ?)',
    )
    this.#database.transaction(() => {
      for (const [id, one] of shown) putEvent.run(game, id, one.version, one.source, one.sourceId, one.sourceRev, JSON.stringify(one.event))
      for (const { source, id, rev, key, waiting } of seen)
        putSeen.run(game, source, id, rev, key, waiting === undefined ? null : JSON.stringify(waiting))
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
}

function keptGameOf({ body, run, version, announced, board }: GameRow): KeptGame {
  return { game: gameSchema.parse(JSON.parse(body)), run, version, announced, board: boardSchema.parse(JSON.parse(board)) }
}

function shownOf({ version, source, source_id, source_rev, body }: EventRow): Shown {
  return { event: eventSchema.parse(JSON.parse(body)), version, source, sourceId: source_id, sourceRev: source_rev }
}

function seenOf({ source, id, rev, event, waiting }: SeenRow): Seen {
  return { source, id, rev, key: event, ...(waiting === null ? {} : { waiting: eventSchema.parse(JSON.parse(waiting)) }) }
}
