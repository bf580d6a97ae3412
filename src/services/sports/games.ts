import { CommandError, errors } from '../../protocol/index.ts'
import type { Batch } from './batch.ts'
import { boardChannels, everything, type Subject } from './channels.ts'
import { limits } from './limits.ts'
import { listedOf, Match } from './match.ts'
import { MatchPublisher, type MatchPublisherHost } from './match-publisher.ts'
import { type Board, type Game, isOver, type LeagueMessage, type ListedGame, reduceBoard } from './model/index.ts'
import type { SportsStore } from './store.ts'
import { UndoLog, undoLogStartsAt } from './undo-log.ts'

/** What a batch came to. */
export interface Receipt {
  /** Revisions that were read. */
  readonly accepted: number
  /** Events that viewers know differently now. */
  readonly changed: number
  /** Ids whose content differs from what the same revision said before. It was not taken: a correction needs a higher `rev`. */
  readonly conflicts: readonly string[]
  readonly board: Board
  /** Place in the game's channel up to which the batch has been told; 0 where it changed nothing urgent. */
  readonly offset: number
}

/** A game in lists: what is known of it without its events. */
interface Entry {
  readonly game: Game
  readonly run: number
  readonly board: Board
}

/** How a game stood in the lists right before that changed; undefined where it was not there. */
interface EntryBefore {
  readonly id: string
  readonly entry: Entry | undefined
}

type Lists = Map<string, readonly ListedGame[]>

/** All games: what feeds say of them is taken in here, kept, and told to those who follow. */
export class Games {
  readonly #entries = new Map<string, Entry>()
  /** In the order in which they were touched. */
  readonly #loaded = new Map<string, { readonly match: Match; readonly publisher: MatchPublisher }>()

  /** Made when asked for, since a crowd asks for the same; void as soon as a board changes. */
  readonly #lists: Lists = new Map()
  readonly #undoLog: UndoLog<EntryBefore>
  /** Lists as they were before a change, which stay as they are. */
  readonly #formerLists = new WeakMap<EntryBefore, Lists>()

  constructor(
    readonly host: MatchPublisherHost,
    readonly store: SportsStore,
  ) {
    const undoLog = store.undoLog(undoLogStartsAt(host.clock.now()))
    this.#undoLog = new UndoLog(undoLog.map(({ atMs, id, before }) => ({ atMs, before: { id, entry: before } })))
  }

  /** Reads what was kept, and tells what had been kept but not told when the process ended. */
  async start(): Promise<void> {
    for (const { game, run, board, version, announced } of this.store.games()) {
      this.#entries.set(game.id, { game, run, board })
      // If a change cannot be published now, as when the disk is full, its publisher tries again by itself; other matches do not wait.
      if (announced < version)
        await this.#load(game.id, announced)
          ?.publisher.publish()
          .catch(() => undefined)
    }
  }

  close(): void {
    for (const { publisher } of this.#loaded.values()) publisher.close()
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  game(id: string): Game | undefined {
    return this.#entries.get(id)?.game
  }

  /** Where a game stands, known without its events. */
  standing(id: string): { readonly run: number; readonly version: number } | undefined {
    const entry = this.#entries.get(id)
    return entry === undefined ? undefined : { run: entry.run, version: entry.board.version }
  }

  /** A match as it is, or as viewers knew it so long ago. */
  match(id: string, delayMs = 0): Match | undefined {
    const match = this.#load(id)?.match
    return delayMs === 0 ? match : match?.at(this.host.clock.now() - delayMs)
  }

  /** The games of a league or team, or all: those that are live first, then those to come and those that are over, the nearest first. */
  list({ kind, id }: Subject = { kind: 'league', id: everything }, delayMs = 0): readonly ListedGame[] {
    const name = `${kind} ${id}`
    const changes = delayMs === 0 ? [] : this.#undoLog.since(this.host.clock.now() - delayMs)
    const lists = this.#listsBefore(changes)
    let list = lists.get(name)
    if (list === undefined) {
      const entries = [...this.#entriesBefore(changes).values()].filter(({ game }) =>
        kind === 'team' ? game.home.id === id || game.away.id === id : id === everything || game.league === id,
      )
      list = nearest(entries, this.host.clock.now() - delayMs).map(({ game, board }) => listedOf(game, board))
      // Whoever asks for what is not there must not fill the memory.
      if (list.length > 0) lists.set(name, list)
    }
    return list
  }

  /** Adds a game, or describes it anew; its events stay. @returns whether it is new */
  async put(game: Game): Promise<boolean> {
    const loaded = this.#load(game.id)
    if (loaded === undefined) {
      await this.restart(game)
      return true
    }
    if (Bun.deepEquals(loaded.match.game, game)) return false
    const former = boardChannels(loaded.match.game)
    const changed = { atMs: this.host.clock.now(), before: loaded.match.before({ shown: new Map() }) }
    loaded.match.describe(game)
    this.store.redescribe(loaded.match, changed)
    loaded.match.remember(changed.atMs, changed.before)
    await this.#tellAnew(loaded, former)
    return false
  }

  /** Adds a game, or lets one begin again without events. */
  async restart(game: Game): Promise<void> {
    const before = this.#load(game.id)
    if (before === undefined && this.#entries.size >= limits.gamesMax)
      throw new CommandError(errors.limitExceeded, `at most ${limits.gamesMax} games`)
    before?.publisher.close()
    const run = before === undefined ? 0 : before.match.run + 1
    // The version goes on, so that a board of the run before is never newer.
    const version = before === undefined ? 0 : before.match.version + 1
    const board = reduceBoard([], { version, rate: game.rate })
    const now = this.host.clock.now()
    const former = before?.match
    const whole = former === undefined ? undefined : former.before(former)
    this.store.restart({ game, run, version, board }, { atMs: now, before: whole })
    const match = new Match({ game, run, version, shown: [], seen: [] }, now)
    if (former !== undefined && whole !== undefined) match.follows(former, now, whole)
    await this.#tellAnew(this.#hold(match, version), before === undefined ? [] : boardChannels(before.match.game))
  }

  /** Takes a batch in as a whole, keeps it, and tells what it changed. @throws CommandError 404, 106 */
  async ingest(id: string, batch: Batch): Promise<Receipt> {
    const loaded = this.#load(id)
    if (loaded === undefined) throw noSuchGame(id)
    const { match, publisher } = loaded
    const now = this.host.clock.now()
    const { version } = match
    const { change, events, board } = match.applyBatch(batch, now, ({ change, board, before }) => {
      if (change.shown.size > 0 || change.seen.length > 0) this.store.commit(id, change, board, { atMs: now, before })
    })
    const isUrgent = change.version !== version
    if (isUrgent) this.#enter(match)
    publisher.tell(events)
    if (events.length > 0) publisher.figures()
    const offset = await publisher.publish()
    return { accepted: batch.events.length, changed: events.length, conflicts: change.conflicts, board, offset: isUrgent ? offset : 0 }
  }

  async #tellAnew({ match, publisher }: { match: Match; publisher: MatchPublisher }, former: readonly string[]): Promise<void> {
    this.#enter(match)
    publisher.anew()
    await publisher.publish()
    const message: LeagueMessage = { type: 'game', game: match.listed, serverUtcMs: this.host.clock.now() }
    for (const channel of new Set([...former, ...boardChannels(match.game)]))
      await this.host.publish(channel, message, { lane: 'stats', key: `game ${match.id}` })
  }

  #enter({ game, run, board }: Entry): void {
    this.#undoLog.add(this.host.clock.now(), { id: game.id, entry: this.#entries.get(game.id) })
    this.#entries.set(game.id, { game, run, board })
    this.#lists.clear()
  }

  #listsBefore([oldest]: readonly EntryBefore[]): Lists {
    if (oldest === undefined) return this.#lists
    const lists = this.#formerLists.get(oldest) ?? new Map()
    this.#formerLists.set(oldest, lists)
    return lists
  }

  #entriesBefore(changes: readonly EntryBefore[]): ReadonlyMap<string, Entry> {
    if (changes.length === 0) return this.#entries
    const entries = new Map(this.#entries)
    for (const { id, entry } of changes.toReversed()) entry === undefined ? entries.delete(id) : entries.set(id, entry)
    return entries
  }

  #load(id: string, announced?: number): { readonly match: Match; readonly publisher: MatchPublisher } | undefined {
    const loaded = this.#loaded.get(id)
    if (loaded !== undefined) {
      this.#loaded.delete(id)
      this.#loaded.set(id, loaded)
      return loaded
    }
    if (!this.#entries.has(id)) return undefined
    const stored = this.store.load(id)
    return stored === undefined ? undefined : this.#hold(new Match(stored, this.host.clock.now()), announced ?? stored.version)
  }

  #hold(match: Match, announced: number): { readonly match: Match; readonly publisher: MatchPublisher } {
    const publisher = new MatchPublisher(match, announced, this.host, this.store)
    const loaded = { match, publisher }
    this.#loaded.delete(match.id)
    this.#loaded.set(match.id, loaded)
    for (const [id, other] of this.#loaded) {
      if (this.#loaded.size <= limits.loadedMax) break
      if (other !== loaded && other.publisher.isIdle) this.#loaded.delete(id)
    }
    return loaded
  }
}

export function noSuchGame(id: string): CommandError {
  return new CommandError({ code: 404, message: `not_found: no game "${id.slice(0, 64)}"` })
}

/** As many as one list holds: those that are on, and of the others those nearest in time, on either side of now. */
function nearest(entries: readonly Entry[], nowMs: number): readonly Entry[] {
  const awayMs = ({ game }: Entry) => Math.abs(timeOf(game) - nowMs)
  const isOn = (entry: Entry) => (weightOf(entry) === 0 ? 0 : 1)
  const chosen =
    entries.length <= limits.listMax
      ? entries
      : entries.toSorted((a, b) => isOn(a) - isOn(b) || awayMs(a) - awayMs(b)).slice(0, limits.listMax)
  return chosen.toSorted((a, b) => weightOf(a) - weightOf(b) || inTurn(a, b) || (a.game.id < b.game.id ? -1 : 1))
}

/** The next to come first, and the last that were played. */
function inTurn(a: Entry, b: Entry): number {
  return (timeOf(b.game) - timeOf(a.game)) * (weightOf(a) === 1 ? -1 : 1)
}

/** Games that are on, then those to come, then those that are over. */
function weightOf({ board: { status } }: Entry): number {
  if (isOver(status)) return 2
  return status === 'scheduled' || status === 'postponed' || status === 'delayed' ? 1 : 0
}

function timeOf({ kickoffUtcMs, date }: Game): number {
  return kickoffUtcMs ?? (Date.parse(date) || 0)
}
