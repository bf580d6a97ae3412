import * as z from 'zod/mini'
import { CommandError, errors } from '../../protocol/index.ts'
import { type MigrationStep, type Queries, SqlError, type SqlValue } from '../../service.ts'
import type { Before, MatchChange, Seen, Shown } from './match.ts'
import { type Board, boardSchema, eventSchema, type Game, gameSchema } from './model/index.ts'
import { undoLogStartsAt } from './undo-log.ts'

export const sportsTables: readonly MigrationStep[] = [
  `create table sports_game (
     id text primary key, body text not null, run integer not null, version integer not null, announced integer not null,
     change integer not null, changed_at double precision not null, board text not null
   )`,
  `create table sports_event (
     game text not null, id text not null, version integer not null, change integer not null, source text not null, source_id text not null,
     source_rev double precision not null, body text not null, primary key (game, id)
   )`,
  'create index sports_event_change on sports_event (game, change)',
  `create table sports_word (
     game text not null, source text not null, id text not null, rev double precision not null, event text not null, body text not null,
     overruled integer not null, primary key (game, source, id)
   )`,
  `create table sports_past (
     game text not null, change integer not null, at double precision not null, body text not null, primary key (game, change)
   )`,
  'create index sports_past_at on sports_past (at)',
]

interface GameRow {
  readonly id: string
  readonly body: string
  readonly run: number
  readonly version: number
  readonly announced: number
  readonly change: number
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

/** A game (0), one of its events (1), or how it was before a change (2). */
interface MatchRow extends Omit<GameRow, 'id'>, EventRow, Pick<PastRow, 'at'> {
  readonly part: 0 | 1 | 2
}

interface WordRow {
  readonly source: string
  readonly id: string
  readonly rev: number
  readonly event: string
  readonly body: string
  readonly overruled: number
}

/** A game without its events, as lists need it. */
export interface KeptGame {
  readonly game: Game
  readonly run: number
  readonly version: number
  /** The version of the board up to which viewers have been told; -1 where they must be told all of it. */
  readonly announced: number
  /** How often it was changed in any way. */
  readonly change: number
  readonly board: Board
}

/** When a match changed, and how it was right before; undefined where it was not there, or viewers see no difference. */
export interface KeptChange {
  readonly atMs: number
  readonly before: Before | undefined
}

/** A game with what has changed of it. */
export interface KeptMatch extends KeptGame {
  readonly shown: readonly Shown[]
  /** Of the last minute, oldest first. */
  readonly past: readonly KeptChange[]
}

/** A game as it is to be kept. */
export type GameToKeep = Omit<KeptGame, 'announced' | 'change'>

const shownSchema = z.object({ event: eventSchema, version: z.number(), source: z.string(), sourceId: z.string(), sourceRev: z.number() })
const beforeSchema = z.object({
  game: gameSchema,
  run: z.number(),
  version: z.number(),
  board: boardSchema,
  shown: z.array(z.tuple([z.string(), z.nullable(shownSchema)])),
})

const gameColumns = 'id, body, run, version, announced, change, board'
/** Reasons of a store that pass. */
const passing: ReadonlySet<SqlError['reason']> = new Set(['unavailable', 'contended', 'overloaded'])
/** Rows of one statement. */
const rowsMax = 50
/** A game, its events and its past, each with the columns of the others left empty. */
const wholeMatch = `
  select 0 as part, body, board, run, version, announced, change, '' as source, '' as source_id, cast(0 as double precision) as source_rev,
    cast(0 as double precision) as at from sports_game where id = ?1
  union all select 1, body, '', 0, version, 0, change, source, source_id, source_rev, cast(0 as double precision)
    from sports_event where game = ?1 and change > ?2
  union all select 2, body, '', 0, 0, 0, change, '', '', cast(0 as double precision), at
    from sports_past where game = ?1 and change > ?2
  order by part, change`

/**
 * Games and their events in rows. A change is there as a whole or not at all. Each is numbered in its game: whoever changes a game says which
 * change was the last one known, and changes nothing where it was another.
 */
export class SportsStore {
  /** @param rows those of the service, or of a transaction that an owner writes in */
  constructor(readonly rows: Queries) {}

  async games(): Promise<KeptGame[]> {
    return (await this.#read<GameRow>(`select ${gameColumns} from sports_game`)).map(keptGameOf)
  }

  async game(id: string): Promise<KeptGame | undefined> {
    const [row] = await this.#read<GameRow>(`select ${gameColumns} from sports_game where id = ?1`, id)
    return row && keptGameOf(row)
  }

  /** How often a game was changed; undefined where there is no such game. */
  async changeOf(id: string): Promise<number | undefined> {
    const [row] = await this.#read<{ change: number }>('select change from sports_game where id = ?1', id)
    return row?.change
  }

  /** How often each game was changed. */
  async changes(): Promise<{ readonly id: string; readonly change: number }[]> {
    return await this.#read<{ id: string; change: number }>('select id, change from sports_game')
  }

  /** Games that viewers have not been told all of, and those that have changed since. */
  async lively(sinceMs: number): Promise<string[]> {
    const rows = await this.#read<{ id: string }>('select id from sports_game where announced < version or changed_at >= ?1', sinceMs)
    return rows.map(({ id }) => id)
  }

  /**
   * A game as it is, with those of its events that were changed after a change, and what it was before each of these. One statement, so that
   * no change of another node comes between.
   */
  async match(id: string, after = 0): Promise<KeptMatch | undefined> {
    const rows = await this.#read<MatchRow>(wholeMatch, id, after)
    const ofPart = (part: MatchRow['part']) => rows.filter(row => row.part === part)
    const [game] = ofPart(0)
    if (game === undefined) return undefined
    return { ...keptGameOf({ ...game, id }), shown: ofPart(1).map(shownOf), past: ofPart(2).map(row => pastOf({ ...row, game: id })) }
  }

  /** What providers have said of a game. Only its owner needs it, and nobody else writes meanwhile. */
  async words(id: string): Promise<Seen[]> {
    const rows = await this.#read<WordRow>('select source, id, rev, event, body, overruled from sports_word where game = ?1', id)
    return rows.map(seenOf)
  }

  /** How a game was before each of its changes after one. */
  async past(id: string, after: number): Promise<KeptChange[]> {
    const rows = await this.#read<PastRow>(
      'select game, at, body from sports_past where game = ?1 and change > ?2 order by change',
      id,
      after,
    )
    return rows.map(pastOf)
  }

  /** What changed in any game from a moment on, oldest first. */
  async undoLog(sinceMs: number): Promise<(KeptChange & { readonly id: string })[]> {
    const rows = await this.#read<PastRow>('select game, at, body from sports_past where at >= ?1 order by at, game, change', sinceMs)
    return rows.map(pastOf)
  }

  /**
   * Keeps what is known of a game beside its events, new or not.
   * @param known the last change that its owner knows of; 0 for a game that is new
   * @throws CommandError 409 where there was another
   */
  async describe({ game, run, version, board }: GameToKeep, known: number, change: KeptChange): Promise<void> {
    const values = [game.id, JSON.stringify(game), run, version, JSON.stringify(board), change.atMs, known]
    const statement =
      known === 0
        ? `insert into sports_game (id, body, run, version, announced, board, changed_at, change)
           values (?1, ?2, ?3, ?4, -1, ?5, ?6, ?7 + 1) on conflict (id) do nothing`
        : `update sports_game set body = ?2, run = ?3, version = ?4, announced = -1, board = ?5, changed_at = ?6, change = change + 1
           where id = ?1 and change = ?7`
    await this.#change(statement, values)
    await this.#remember(game.id, known + 1, change)
  }

  /** Forgets the events of a game, and describes it anew. */
  async restart(kept: GameToKeep, known: number, change: KeptChange): Promise<void> {
    await this.describe(kept, known, change)
    for (const table of ['sports_event', 'sports_word']) await this.rows.run(`delete from ${table} where game = ?1`, kept.game.id)
  }

  /** @param changed what it was before, where viewers see a difference */
  async commit(id: string, known: number, { version, shown, seen }: MatchChange, board: Board, changed: KeptChange): Promise<void> {
    const update = `update sports_game set version = ?2, board = ?3, changed_at = ?4, change = change + 1 where id = ?1 and change = ?5`
    await this.#change(update, [id, version, JSON.stringify(board), changed.atMs, known])
    await this.#put(
      'sports_event',
      ['game', 'id'],
      ['version', 'change', 'source', 'source_id', 'source_rev', 'body'],
      [
        ...[...shown].map(([key, one]) => [
          ...[id, textOf(key), one.version, known + 1, textOf(one.source), textOf(one.sourceId), one.sourceRev],
          JSON.stringify(one.event),
        ]),
      ],
    )
    await this.#put(
      'sports_word',
      ['game', 'source', 'id'],
      ['rev', 'event', 'body', 'overruled'],
      seen.map(one => [id, textOf(one.source), textOf(one.id), one.rev, textOf(one.key), JSON.stringify(one.event), one.overruled ? 1 : 0]),
    )
    if (changed.before !== undefined) await this.#remember(id, known + 1, changed)
  }

  /** Viewers have been told up to this version. */
  async announced(id: string, version: number): Promise<void> {
    await this.rows.run('update sports_game set announced = ?2 where id = ?1 and announced < ?2', id, version)
  }

  /** @throws CommandError 100, temporary, while the rows cannot be reached */
  async #read<T>(text: string, ...values: SqlValue[]): Promise<T[]> {
    try {
      return await this.rows.all<T>(text, ...values)
    } catch (error) {
      if (!(error instanceof SqlError) || !passing.has(error.reason)) throw error
      throw new CommandError(errors.internal, `games cannot be read: ${error.message}`)
    }
  }

  async #change(text: string, values: readonly SqlValue[]): Promise<void> {
    if ((await this.rows.run(text, ...values)) === 1) return
    throw new CommandError({ code: 409, message: 'another change came first', temporary: true })
  }

  async #remember(game: string, change: number, { atMs, before }: KeptChange): Promise<void> {
    const body = before === undefined ? null : { ...before, shown: [...before.shown].map(([id, one]) => [id, one ?? null]) }
    await this.rows.run('delete from sports_past where at < ?1', undoLogStartsAt(atMs))
    await this.#put('sports_past', ['game', 'change'], ['at', 'body'], [[game, change, atMs, JSON.stringify(body)]])
  }

  async #put(table: string, key: readonly string[], rest: readonly string[], rows: readonly (readonly SqlValue[])[]): Promise<void> {
    const columns = [...key, ...rest]
    for (let from = 0; from < rows.length; from += rowsMax) {
      const some = rows.slice(from, from + rowsMax)
      const places = some.map((_, row) => `(${columns.map((_, column) => `?${row * columns.length + column + 1}`).join(', ')})`)
      await this.rows.run(
        `insert into ${table} (${columns.join(', ')}) values ${places.join(', ')}
         on conflict (${key.join(', ')}) do update set ${rest.map(column => `${column} = excluded.${column}`).join(', ')}`,
        ...some.flat(),
      )
    }
  }
}

/** Names that feeds give may hold a NUL, which no text of a store may. */
function textOf(name: string): string {
  return JSON.stringify(name)
}

function nameIn(text: string): string {
  return z.string().parse(JSON.parse(text))
}

function pastOf({ game, at, body }: PastRow): KeptChange & { readonly id: string } {
  const parsed = z.nullable(beforeSchema).parse(JSON.parse(body))
  if (parsed === null) return { id: game, atMs: at, before: undefined }
  return { id: game, atMs: at, before: { ...parsed, shown: new Map(parsed.shown.map(([id, one]) => [id, one ?? undefined])) } }
}

function keptGameOf({ body, run, version, announced, change, board }: GameRow): KeptGame {
  return { game: gameSchema.parse(JSON.parse(body)), run, version, announced, change, board: boardSchema.parse(JSON.parse(board)) }
}

function shownOf({ version, source, source_id, source_rev, body }: EventRow): Shown {
  const event = eventSchema.parse(JSON.parse(body))
  return { event, version, source: nameIn(source), sourceId: nameIn(source_id), sourceRev: source_rev }
}

function seenOf({ source, id, rev, event: key, body, overruled }: WordRow): Seen {
  const word = { source: nameIn(source), id: nameIn(id), rev, key: nameIn(key) }
  return { ...word, event: eventSchema.parse(JSON.parse(body)), ...(overruled === 0 ? {} : { overruled: true }) }
}
