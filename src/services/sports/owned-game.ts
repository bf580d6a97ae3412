import { CommandError, errors } from '../../protocol/index.ts'
import type { FeedTarget, Following, Ownership } from '../../service.ts'
import type { Batch } from './batch.ts'
import { boardChannels, gameChannel } from './channels.ts'
import type { DirectoryEntry } from './directory.ts'
import { Match } from './match.ts'
import { MatchPublisher, type MatchPublisherHost } from './match-publisher.ts'
import { type Game, type LeagueMessage, reduceBoard } from './model/index.ts'
import { noSuchGame, type Receipt } from './receipt.ts'
import { entryOf } from './replicas.ts'
import { SportsStore } from './store.ts'

export interface OwnedGameContext extends MatchPublisherHost {
  readonly store: SportsStore
  /** Whether other nodes may have told of the game before, or still do. */
  readonly isShared: boolean
  follow(channel: string, target: FeedTarget): Following
  /** Whether one more game is too many. */
  isFull(): boolean
  /** The game is listed otherwise, or was changed at all. */
  kept(entry: DirectoryEntry, isListed: boolean): void
}

/** What is in memory of a game that exists. */
interface Loaded {
  readonly match: Match
  readonly publisher: MatchPublisher
  change: number
}

/** How often a change is worked out again because another one came first. */
const attemptsMax = 3

/**
 * A game at the node that owns it. Changes follow one another: each is worked out, committed under the fence, adopted, and told. After a
 * commit of which it is not known what became, the game is rebuilt from its rows.
 */
export class OwnedGame {
  #loaded: Loaded | undefined
  /** Whether what is in memory is what the rows say. */
  #isSure = false
  #last: Promise<unknown> = Promise.resolve()
  #following: Following | undefined
  #isClosed = false

  constructor(
    readonly ownership: Ownership,
    readonly context: OwnedGameContext,
  ) {}

  get id(): string {
    return this.ownership.key
  }

  /** Rebuilds the game, and goes on telling what its last owner may not have told. */
  async open(): Promise<this> {
    await this.#alone(async () => undefined)
    if (this.#loaded === undefined) return this
    if (!this.context.isShared) {
      // Whoever comes first after a restart finds all of it there.
      await this.#loaded.publisher.publish().catch(() => undefined)
      return this
    }
    const heard = ({ data }: { readonly data: unknown }) => this.#loaded?.publisher.heard(data)
    this.#following = this.context.follow(gameChannel(this.id), {
      begin: ({ state }) => state.forEach(heard),
      replaceState: state => state.forEach(heard),
      apply: heard,
      onGap() {},
    })
    // If it does not open, nothing old is heard: the next that is told makes up for it.
    this.#following.opened.catch(() => undefined)
    this.#loaded.publisher.retell()
    return this
  }

  get isIdle(): boolean {
    return this.#loaded === undefined || this.#loaded.publisher.isIdle
  }

  /** The match as it is in memory; undefined where there is none, or it has to be rebuilt first. */
  get here(): Match | undefined {
    return this.#isSure ? this.#loaded?.match : undefined
  }

  async match(): Promise<Match | undefined> {
    if (!this.#isSure) await this.#alone(async () => undefined)
    return this.#loaded?.match
  }

  /** Adds the game, or describes it anew; its events stay. @returns whether it is new */
  async put(game: Game): Promise<boolean> {
    const former = await this.#alone(async () => {
      const loaded = this.#loaded
      if (loaded === undefined) return await this.#begin(game)
      return Bun.deepEquals(loaded.match.game, game) ? undefined : await this.#describe(loaded, game)
    })
    if (former !== undefined) await this.#tellAnew(former.channels)
    return former?.isNew === true
  }

  /** Adds the game, or lets it begin again without events. */
  async restart(game: Game): Promise<void> {
    const { channels } = await this.#alone(() => this.#begin(game))
    await this.#tellAnew(channels)
  }

  /** Takes a batch in as a whole, keeps it, and tells what it changed. @throws CommandError 404, 106 */
  async ingest(batch: Batch): Promise<Receipt> {
    const { loaded, applied, isUrgent } = await this.#alone(() => this.#take(batch))
    const { publisher } = loaded
    const { change, events, board } = applied
    publisher.tell(events)
    if (events.length > 0) publisher.figures()
    const offset = await publisher.publish()
    return { accepted: batch.events.length, changed: events.length, conflicts: change.conflicts, board, offset: isUrgent ? offset : 0 }
  }

  /** A board of the game as a channel tells it: another owner may have told it late. */
  heardBoard(version: number): void {
    this.#loaded?.publisher.heardBoard(version)
  }

  /** Nothing is told any more. What is under way has ended when this resolves. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#following?.end()
    this.#loaded?.publisher.close()
    await this.#last
  }

  async #take(batch: Batch) {
    const loaded = this.#loaded
    if (loaded === undefined) throw noSuchGame(this.id)
    const { match } = loaded
    const now = this.context.clock.now()
    const applied = match.draft(batch, now)
    const { change, board, before } = applied
    const isUrgent = change.version !== match.version
    if (change.shown.size > 0 || change.seen.length > 0) {
      await this.#commit(store => store.commit(this.id, loaded.change, change, board, { atMs: now, before }))
      loaded.change++
    }
    match.adopt(applied, batch.source, now)
    this.#enter(loaded, isUrgent)
    return { loaded, applied, isUrgent }
  }

  /** @returns where its boards were told before */
  async #begin(game: Game) {
    const former = this.#loaded
    if (former === undefined && this.context.isFull()) throw new CommandError(errors.limitExceeded, 'too many games')
    const run = former === undefined ? 0 : former.match.run + 1
    // The version goes on, so that a board of the run before is never newer.
    const version = former === undefined ? 0 : former.match.version + 1
    const board = reduceBoard([], { version, rate: game.rate })
    const now = this.context.clock.now()
    const whole = former?.match.before(former.match)
    const known = former?.change ?? 0
    await this.#commit(store => store.restart({ game, run, version, board }, known, { atMs: now, before: whole }))
    former?.publisher.close()
    const match = new Match({ game, run, version, shown: [], seen: [] }, now)
    if (former !== undefined && whole !== undefined) match.follows(former.match, now, whole)
    this.#enter(this.#hold(match, -1, known + 1), true)
    return { isNew: former === undefined, channels: former === undefined ? [] : boardChannels(former.match.game) }
  }

  async #describe(loaded: Loaded, game: Game) {
    const { match } = loaded
    const channels = boardChannels(match.game)
    const changed = { atMs: this.context.clock.now(), before: match.before({ shown: new Map() }) }
    const { run, version } = match
    const board = reduceBoard(match.events, { version, rate: game.rate })
    await this.#commit(store => store.describe({ game, run, version, board }, loaded.change, changed))
    loaded.change++
    match.describe(game)
    match.remember(changed.atMs, changed.before)
    loaded.publisher.anew()
    this.#enter(loaded, true)
    return { isNew: false, channels }
  }

  async #tellAnew(former: readonly string[]): Promise<void> {
    const loaded = this.#loaded
    if (loaded === undefined) return
    await loaded.publisher.publish()
    const { match } = loaded
    const message: LeagueMessage = { type: 'game', game: match.listed, serverUtcMs: this.context.clock.now() }
    for (const channel of new Set([...former, ...boardChannels(match.game)]))
      await this.context.publish(channel, message, { lane: 'stats', key: `game ${match.id}` })
  }

  /** Runs after what was asked before, on what the rows say. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => this.#surely(work))
    this.#last = done.catch(() => undefined)
    return done
  }

  async #surely<T>(work: () => Promise<T>): Promise<T> {
    for (let left = attemptsMax; ; left--) {
      if (!this.#isSure) await this.#rebuild()
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof CommandError) || error.code !== 409 || left <= 1) throw error
      }
    }
  }

  async #commit(write: (store: SportsStore) => Promise<void>): Promise<void> {
    this.#isSure = false
    await this.ownership.write(queries => write(new SportsStore(queries)))
    this.#isSure = true
  }

  async #rebuild(): Promise<void> {
    const { store, clock } = this.context
    const kept = await store.match(this.id)
    const seen = kept === undefined ? [] : await store.words(this.id)
    this.#loaded?.publisher.close()
    this.#loaded = undefined
    this.#isSure = true
    if (kept === undefined) return
    const match = new Match({ ...kept, seen, undoLog: kept.past.flatMap(entryOf) }, clock.now())
    const loaded = this.#hold(match, kept.announced, kept.change)
    this.#enter(loaded, true)
    // If it cannot be told now, as when the disk is full, its publisher tries again by itself.
    loaded.publisher.publish().catch(() => undefined)
  }

  #hold(match: Match, announced: number, change: number): Loaded {
    const { context, ownership } = this
    const target = {
      announced: (version: number) => {
        ownership
          .write(queries => new SportsStore(queries).announced(match.id, version))
          .catch((error: unknown) => context.log.debug({ game: match.id, err: error }, 'it is not noted what viewers were told'))
      },
      mayTell: () => ownership.isHeld && !this.#isClosed,
    }
    const loaded = { match, publisher: new MatchPublisher(match, announced, context, target), change }
    this.#loaded = loaded
    return loaded
  }

  #enter({ match, change }: Loaded, isListed: boolean): void {
    const { game, run, board } = match
    this.context.kept({ game, run, board, change }, isListed)
  }
}
