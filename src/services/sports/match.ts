import { defined, ownEntry } from '../../kit/index.ts'
import type { Batch } from './batch.ts'
import { Draft } from './draft.ts'
import { limits } from './limits.ts'
import {
  type Board,
  type Game,
  type ListedGame,
  type MatchEvent,
  notBack,
  ordered,
  priorityOf,
  reduceBoard,
  reduceStats,
  type Snapshot,
  type Stats,
} from './model/index.ts'
import { type UndoEntry, UndoLog } from './undo-log.ts'

/** One event as viewers know it, and whose word it is. */
export interface Shown {
  readonly event: MatchEvent
  /** The board's version that it came with; 0 for what is not urgent. */
  readonly version: number
  /** The provider. */
  readonly source: string
  /** Its id and revision at that provider. */
  readonly sourceId: string
  readonly sourceRev: number
}

/** What a provider has last said of one event. */
export interface Seen {
  /** The provider. */
  readonly source: string
  readonly id: string
  readonly rev: number
  /** Under which id viewers know it. */
  readonly key: string
  /** The event in its own words. */
  readonly event: MatchEvent
  /** Another provider took over while this one was silent: what it said counts again with its next revision. */
  readonly overruled?: boolean | undefined
}

/** Everything that a batch changed, to be kept at once. */
export interface MatchChange {
  readonly version: number
  readonly shown: ReadonlyMap<string, Shown>
  readonly seen: readonly Seen[]
  /** The providers that count as silent in it. */
  readonly silent: readonly string[]
  /** Ids that were given again with a revision that is known and other content, which is not taken. */
  readonly conflicts: readonly string[]
}

/** What viewers knew of a match right before a change. */
export interface Before {
  readonly game: Game
  readonly run: number
  readonly version: number
  readonly board: Board
  /** What it changed, as it was; undefined for what was not there. Where the match began again, that is all of it. */
  readonly shown: ReadonlyMap<string, Shown | undefined>
}

/** What became of a batch. */
export interface AppliedBatch {
  readonly change: MatchChange
  /** Events that viewers know differently now. */
  readonly events: readonly MatchEvent[]
  /** The board that follows. */
  readonly board: Board
  /** How it was before; undefined where viewers see no difference. */
  readonly before: Before | undefined
}

/** A match as it was kept. */
export interface StoredMatch {
  readonly game: Game
  readonly run: number
  readonly version: number
  readonly shown: readonly Shown[]
  readonly seen: readonly Seen[]
  /** What follows from the events, where that is known already. */
  readonly board?: Board
  /** What was changed in the last minute. */
  readonly undoLog?: readonly UndoEntry<Before>[]
}

/** What has changed of a match in the same run, as rows say. */
export interface NewerMatch extends Required<Pick<StoredMatch, 'board' | 'game' | 'version'>> {
  /** Events that are new or others. */
  readonly shown: readonly Shown[]
  /** When it changed, and how it was right before each change; undefined where viewers saw no difference. */
  readonly past: readonly { readonly atMs: number; readonly before: Before | undefined }[]
}

/** How many of its former states a match keeps made: viewers are behind by a few different delays, and come in crowds. */
const formerMax = 8

/** A match in memory: what viewers know of it, what each feed has said, and what follows from that. */
export class Match {
  readonly id: string
  game: Game
  run: number
  version: number
  readonly shown = new Map<string, Shown>()
  /** By provider and id. */
  readonly seen = new Map<string, Map<string, Seen>>()
  /** The providers that counted as silent when the last batch was taken. */
  silent: readonly string[] = []
  /** When each provider was last heard, Unix milliseconds. */
  readonly #heardAt = new Map<string, number>()
  readonly #loadedAt: number
  #board: Board | undefined
  #stats: Stats | undefined
  #undoLog: UndoLog<Before>
  readonly #former = new Map<Before, Match>()

  constructor({ game, run, version, shown, seen, board, undoLog }: StoredMatch, nowUtcMs: number) {
    this.id = game.id
    this.game = game
    this.run = run
    this.version = version
    this.#loadedAt = nowUtcMs
    this.#board = board
    this.#undoLog = new UndoLog(undoLog)
    for (const one of shown) this.shown.set(one.event.id, one)
    for (const one of seen) this.#note(one)
  }

  get events(): MatchEvent[] {
    return [...this.shown.values()].map(({ event }) => event)
  }

  get board(): Board {
    this.#board ??= reduceBoard(this.events, { version: this.version, rate: this.game.rate })
    return this.#board
  }

  get stats(): Stats {
    this.#stats ??= reduceStats(this.events)
    return this.#stats
  }

  /** Takes a batch that need not be kept. @throws CommandError where a bound is passed */
  applyBatch(batch: Batch, nowUtcMs: number): AppliedBatch {
    const applied = this.draft(batch, nowUtcMs)
    this.adopt(applied, batch.source, nowUtcMs)
    return applied
  }

  /** What a batch would change, so that it can be kept before it is adopted. @throws CommandError where a bound is passed */
  draft(batch: Batch, nowUtcMs: number): AppliedBatch {
    const draft = new Draft(this, batch.source, nowUtcMs)
    for (const given of batch.events) draft.take(given)
    const change = draft.change()
    const events = [...change.shown.values()].map(({ event }) => event).filter(event => this.shown.get(event.id)?.event !== event)
    const board = this.#boardAfter(change, nowUtcMs)
    const before = change.shown.size === 0 ? undefined : this.before(change)
    return { change, events, board, before }
  }

  /** Takes what a batch changes, once that is kept. */
  adopt({ change: { version, shown, seen, silent }, board, before }: AppliedBatch, source: string, nowUtcMs: number): void {
    this.silent = silent
    for (const one of seen) this.#note(one)
    for (const [key, one] of shown) this.shown.set(key, one)
    this.version = version
    this.#board = board
    this.#stats = undefined
    if (before !== undefined) this.remember(nowUtcMs, before)
    this.hear(source, nowUtcMs)
  }

  /** Takes what others have kept of the same run since. */
  catchUp({ game, version, board, shown, past }: NewerMatch): void {
    this.game = game
    for (const one of shown) this.shown.set(one.event.id, one)
    this.version = version
    this.#board = board
    this.#stats = undefined
    for (const { atMs, before } of past) if (before !== undefined) this.#undoLog.addLate(atMs, before)
  }

  /** The board that a change leads to. A clock that it sets back is marked. */
  #boardAfter({ version, shown }: MatchChange, nowUtcMs: number): Board {
    if (version === this.version) return this.board
    const events = [...new Map([...this.shown, ...shown]).values()].map(({ event }) => event)
    const board = reduceBoard(events, { version, rate: this.game.rate })
    const clock = notBack(this.board.clock, board.clock, nowUtcMs)
    return { ...board, ...defined({ clock }) }
  }

  /** How what a change changes is now. */
  before({ shown }: Pick<MatchChange, 'shown'>): Before {
    const { game, run, version, board } = this
    return { game, run, version, board, shown: new Map([...shown.keys()].map(key => [key, this.shown.get(key)])) }
  }

  /** Remembers how it was, for those who are behind. */
  remember(atMs: number, before: Before): void {
    this.#undoLog.add(atMs, before)
  }

  /** This is the same match, begun again. */
  follows(former: Match, atMs: number, before: Before): void {
    this.#undoLog = former.#undoLog
    this.remember(atMs, before)
  }

  /**
   * The match as viewers knew it at a moment of the last minute.
   * @param versionMin what had been told by then: where clocks disagree, the match is not shown as it was before that
   */
  at(untilMs: number, versionMin = 0): Match {
    const changes = this.#undoLog.since(untilMs).filter(({ version }) => version >= versionMin)
    const [oldest] = changes
    if (oldest === undefined) return this
    return this.#former.get(oldest) ?? this.#undo(oldest, changes)
  }

  /** The feed is alive, whether or not it had anything to say. */
  hear(source: string, nowUtcMs: number): void {
    this.#heardAt.set(this.providerOf(source), nowUtcMs)
  }

  /** Whose ids and revisions a feed carries: a provider may be heard in several ways, as the game says. */
  providerOf(source: string): string {
    return ownEntry(this.game.providers, source) ?? source
  }

  describe(game: Game): void {
    this.game = game
    this.#board = undefined
  }

  /** Place of a provider by trust: those that the game names, then the others as they were first heard. */
  rankOf(provider: string): number {
    const named = this.game.sources.findIndex(source => source === provider || this.providerOf(source) === provider)
    if (named !== -1) return named
    const heard = [...this.seen.keys()].indexOf(provider)
    return this.game.sources.length + (heard === -1 ? this.seen.size : heard)
  }

  isSilent(provider: string, nowUtcMs: number): boolean {
    return nowUtcMs - (this.#heardAt.get(provider) ?? this.#loadedAt) > limits.silentMs
  }

  /** What is urgent and came after a version of the board, in the order of the match. */
  urgentSince(version: number): MatchEvent[] {
    return ordered([...this.shown.values()].filter(shown => shown.version > version).map(({ event }) => event))
  }

  snapshot(serverUtcMs: number): Snapshot {
    const told = ordered(this.events.filter(event => event.state !== 'deleted'))
    return {
      game: this.game,
      run: this.run,
      board: this.board,
      events: told.filter(event => priorityOf(event) === 'urgent'),
      stats: this.stats,
      text: told.filter(event => priorityOf(event) === 'text').slice(-limits.snapshotTextMax),
      serverUtcMs,
    }
  }

  get listed(): ListedGame {
    return listedOf(this.game, this.board)
  }

  #undo(oldest: Before, changes: readonly Before[]): Match {
    const shown = new Map(this.shown)
    for (const before of changes.toReversed()) {
      for (const [key, one] of before.shown) one === undefined ? shown.delete(key) : shown.set(key, one)
    }
    const { game, run, version, board } = oldest
    const former = new Match({ game, run, version, board, shown: [...shown.values()], seen: [] }, this.#loadedAt)
    this.#former.set(oldest, former)
    for (const first of this.#former.keys()) {
      if (this.#former.size <= formerMax) break
      this.#former.delete(first)
    }
    return former
  }

  #note(seen: Seen): void {
    const ofSource = this.seen.get(seen.source)
    if (ofSource === undefined) this.seen.set(seen.source, new Map([[seen.id, seen]]))
    else ofSource.set(seen.id, seen)
  }
}

export function listedOf(game: Game, board: Board): ListedGame {
  const { id, league, competition, round, date, venue, kickoffUtcMs, home, away } = game
  const name = (team: Game['home']) => ({ id: team.id, code: team.code, name: team.name, colors: team.colors })
  return {
    id,
    league,
    competition,
    round,
    date,
    venue,
    ...defined({ kickoffUtcMs }),
    home: name(home),
    away: name(away),
    board,
  }
}
