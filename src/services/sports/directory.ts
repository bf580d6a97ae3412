import { type Clock, Rounds } from '../../kit/index.ts'
import { everything, type Subject } from './channels.ts'
import { limits } from './limits.ts'
import { listedOf } from './match.ts'
import { type Board, type Game, isOver, type ListedGame } from './model/index.ts'
import type { KeptChange, KeptGame, SportsStore } from './store.ts'
import { UndoLog, undoLogStartsAt } from './undo-log.ts'

/** A game in lists: what is known of it without its events. */
export interface DirectoryEntry {
  readonly game: Game
  readonly run: number
  readonly board: Board
  /** The last change of the game that it knows of. */
  readonly change: number
}

/** How a game stood in the lists right before that changed; undefined where it was not there. */
interface EntryBefore {
  readonly id: string
  readonly entry: DirectoryEntry | undefined
}

type Lists = Map<string, readonly ListedGame[]>

export interface DirectoryOptions {
  readonly clock: Clock
  readonly store: Pick<SportsStore, 'changes' | 'game' | 'games' | 'past' | 'undoLog'>
  /** Whether other nodes change games as well. */
  readonly isShared: boolean
}

/** All games as lists show them, now and in the last minute. */
export class Directory {
  readonly #entries = new Map<string, DirectoryEntry>()
  /** Made when asked for, since a crowd asks for the same; void as soon as a board changes. */
  readonly #lists: Lists = new Map()
  #undoLog = new UndoLog<EntryBefore>()
  /** Lists as they were before a change, which stay as they are. */
  readonly #formerLists = new WeakMap<EntryBefore, Lists>()
  readonly #rounds = new Rounds(() => this.#catchUp())

  constructor(readonly options: DirectoryOptions) {}

  get size(): number {
    return this.#entries.size
  }

  async load(): Promise<void> {
    const { store, clock } = this.options
    const undoLog = await store.undoLog(undoLogStartsAt(clock.now()))
    for (const kept of await store.games()) this.#set(kept)
    this.#undoLog = new UndoLog(undoLog.map(({ atMs, id, before }) => ({ atMs, before: beforeOf(id, before) })))
  }

  /** Resolves when everything is known that was kept before this call. */
  async refresh(): Promise<void> {
    if (this.options.isShared) await this.#rounds.ask()
  }

  get(id: string): DirectoryEntry | undefined {
    return this.#entries.get(id)
  }

  /** Another state of a game, which this node has kept. */
  enter({ game, run, board, change }: DirectoryEntry): void {
    if (!this.#isNews(game.id, change)) return
    this.#undoLog.add(this.options.clock.now(), { id: game.id, entry: this.#entries.get(game.id) })
    this.#entries.set(game.id, { game, run, board, change })
    this.#lists.clear()
  }

  /** This node has changed a game in a way that no list shows. */
  note({ game, change }: DirectoryEntry): void {
    const known = this.#entries.get(game.id)
    if (known !== undefined) this.#entries.set(game.id, { ...known, change })
  }

  /** The games of a league or team, or all: those that are live first, then those to come and those that are over, the nearest first. */
  list({ kind, id }: Subject = { kind: 'league', id: everything }, delayMs = 0): readonly ListedGame[] {
    const name = `${kind} ${id}`
    const untilMs = this.options.clock.now() - delayMs
    const changes = delayMs === 0 ? [] : this.#undoLog.since(untilMs)
    const lists = this.#listsBefore(changes)
    let list = lists.get(name)
    if (list === undefined) {
      const entries = [...this.#entriesBefore(changes).values()].filter(({ game }) =>
        kind === 'team' ? game.home.id === id || game.away.id === id : id === everything || game.league === id,
      )
      list = nearest(entries, untilMs).map(({ game, board }) => listedOf(game, board))
      // Whoever asks for what is not there must not fill the memory.
      if (list.length > 0) lists.set(name, list)
    }
    return list
  }

  /** Reads the games that other nodes have changed. */
  async #catchUp(): Promise<void> {
    const { store } = this.options
    const news = (await store.changes()).filter(({ id, change }) => this.#isNews(id, change))
    const pasts: (KeptChange & { readonly id: string })[] = []
    for (const { id } of news) {
      const known = this.#entries.get(id)?.change ?? 0
      const kept = await store.game(id)
      const past = await store.past(id, known)
      // This node may have changed it meanwhile, and knows how it was.
      if (kept === undefined || !this.#isNews(id, kept.change)) continue
      this.#set(kept)
      pasts.push(...past.map(change => ({ ...change, id })))
    }
    for (const { atMs, id, before } of pasts.toSorted((a, b) => a.atMs - b.atMs)) this.#undoLog.addLate(atMs, beforeOf(id, before))
    if (news.length > 0) this.#lists.clear()
  }

  #isNews(id: string, change: number): boolean {
    return (this.#entries.get(id)?.change ?? 0) < change
  }

  #set({ game, run, board, change }: KeptGame): void {
    this.#entries.set(game.id, { game, run, board, change })
  }

  #listsBefore([oldest]: readonly EntryBefore[]): Lists {
    if (oldest === undefined) return this.#lists
    const lists = this.#formerLists.get(oldest) ?? new Map()
    this.#formerLists.set(oldest, lists)
    return lists
  }

  #entriesBefore(changes: readonly EntryBefore[]): ReadonlyMap<string, DirectoryEntry> {
    if (changes.length === 0) return this.#entries
    const entries = new Map(this.#entries)
    for (const { id, entry } of changes.toReversed()) entry === undefined ? entries.delete(id) : entries.set(id, entry)
    return entries
  }
}

function beforeOf(id: string, before: KeptChange['before']): EntryBefore {
  return { id, entry: before === undefined ? undefined : { game: before.game, run: before.run, board: before.board, change: 0 } }
}

/** As many as one list holds: those that are on, and of the others those nearest in time, on either side of now. */
function nearest(entries: readonly DirectoryEntry[], nowMs: number): readonly DirectoryEntry[] {
  const awayMs = ({ game }: DirectoryEntry) => Math.abs(timeOf(game) - nowMs)
  const isOn = (entry: DirectoryEntry) => (weightOf(entry) === 0 ? 0 : 1)
  const chosen =
    entries.length <= limits.listMax
      ? entries
      : entries.toSorted((a, b) => isOn(a) - isOn(b) || awayMs(a) - awayMs(b)).slice(0, limits.listMax)
  return chosen.toSorted((a, b) => weightOf(a) - weightOf(b) || inTurn(a, b) || (a.game.id < b.game.id ? -1 : 1))
}

/** The next to come first, and the last that were played. */
function inTurn(a: DirectoryEntry, b: DirectoryEntry): number {
  return (timeOf(b.game) - timeOf(a.game)) * (weightOf(a) === 1 ? -1 : 1)
}

/** Games that are on, then those to come, then those that are over. */
function weightOf({ board: { status } }: DirectoryEntry): number {
  if (isOver(status)) return 2
  return status === 'scheduled' || status === 'postponed' || status === 'delayed' ? 1 : 0
}

function timeOf({ kickoffUtcMs, date }: Game): number {
  return kickoffUtcMs ?? (Date.parse(date) || 0)
}
