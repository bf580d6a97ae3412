import * as z from 'zod'
import type { Json } from '../../kit/index.ts'
import type { FeedTarget, Following, Owned, OwnedMethod, OwnedOptions, Owner } from '../../service.ts'
import { CommandError, movedError } from '../../service.ts'
import { readBatch, readGame } from './batch.ts'
import { everything, leagueChannel, type Subject } from './channels.ts'
import { Directory, type DirectoryEntry } from './directory.ts'
import { limits } from './limits.ts'
import type { Match } from './match.ts'
import type { MatchPublisherHost } from './match-publisher.ts'
import { type Game, type ListedGame, leagueMessageSchema } from './model/index.ts'
import { OwnedGame } from './owned-game.ts'
import { Replicas } from './replicas.ts'
import type { SportsStore } from './store.ts'

export interface GamesHost extends MatchPublisherHost {
  follow(channel: string, target: FeedTarget): Following
  owned<T>(kind: string, options: OwnedOptions<T>): Owned<T>
  owner(key: string): Owner
}

export interface GamesOptions {
  readonly store: SportsStore
  /** Whether other nodes keep games in the same rows. */
  readonly isShared: boolean
}

/** Whatever a feed said, which only the owner of its game reads. */
const given = z.custom<Json>()
const kind = 'game'

/**
 * All games. Each has an owner, which takes in what feeds say of it, keeps it, and tells it; feeds may call any node. Every node can say how
 * a game stands: its owner from memory, others from the rows that the owner has committed before it told anybody.
 */
export class Games {
  readonly #directory: Directory
  readonly #replicas: Replicas
  readonly #owned: Owned<OwnedGame>
  readonly #put: OwnedMethod<Json>
  readonly #restart: OwnedMethod<Json>
  readonly #ingest: OwnedMethod<Json>
  #following: Following | undefined

  constructor(
    readonly host: GamesHost,
    readonly options: GamesOptions,
  ) {
    const { store, isShared } = options
    const { clock } = host
    this.#directory = new Directory({ clock, store, isShared })
    this.#replicas = new Replicas(clock, store)
    this.#owned = host.owned<OwnedGame>(kind, {
      openMax: limits.loadedMax,
      isIdle: game => game.isIdle,
      keys: () => store.lively(clock.now() - limits.livelyMs),
      open: (_, ownership) => new OwnedGame(ownership, this.#contextOfGames()).open(),
      close: game => game.close(),
    })
    this.#put = this.#owned.method('put', given, async (game, body) => ({ isNew: await game.put(readGame(game.id, body)) }))
    this.#restart = this.#owned.method('restart', given, (game, body) => game.restart(readGame(game.id, body)))
    this.#ingest = this.#owned.method('ingest', given, (game, body) => game.ingest(readBatch(game.id, body)))
  }

  /** Reads which games there are. */
  async start(): Promise<void> {
    await this.#directory.load()
    if (!this.options.isShared) return
    const heard = ({ data }: { readonly data: unknown }) => this.#heardBoard(data)
    this.#following = this.host.follow(leagueChannel(everything), {
      begin: ({ state }) => state.forEach(heard),
      replaceState: state => state.forEach(heard),
      apply: heard,
      onGap() {},
    })
    this.#following.opened.catch(() => undefined)
  }

  close(): void {
    this.#following?.end()
  }

  /** Adds a game, or describes it anew; its events stay. @returns whether it is new. @throws CommandError 107 */
  async put(id: string, body: Json): Promise<boolean> {
    return z.object({ isNew: z.boolean() }).parse(await this.#put(id, body)).isNew
  }

  /** Adds a game, or lets one begin again without events. */
  async restart(id: string, body: Json): Promise<void> {
    await this.#restart(id, body)
  }

  /** Takes a batch in as a whole, at the game's owner. @returns its `Receipt`. @throws CommandError 404, 106, 107; 100, temporary, while the game has no owner */
  ingest(id: string, body: Json): Promise<Json> {
    return this.#ingest(id, body)
  }

  /** Resolves when everything is known that was kept before this call. */
  refresh(): Promise<void> {
    return this.#directory.refresh()
  }

  async has(id: string): Promise<boolean> {
    return (await this.game(id)) !== undefined
  }

  /** Games do not end: only one that is not known is looked for. */
  async game(id: string): Promise<Game | undefined> {
    if (this.#directory.get(id) === undefined) await this.refresh()
    return this.#directory.get(id)?.game
  }

  /** Where a game stands, known without its events. */
  standing(id: string): { readonly run: number; readonly version: number } | undefined {
    const entry = this.#directory.get(id)
    return entry === undefined ? undefined : { run: entry.run, version: entry.board.version }
  }

  /** A match as it is, or as viewers knew it so long ago. */
  async match(id: string, delayMs = 0): Promise<Match | undefined> {
    const match = await this.#present(id)
    return delayMs === 0 ? match : match?.at(this.host.clock.now() - delayMs)
  }

  /** A match that this node has in memory as its owner. */
  here(id: string): Match | undefined {
    return this.#owned.here(id)?.here
  }

  async list(subject?: Subject, delayMs = 0): Promise<readonly ListedGame[]> {
    await this.refresh()
    return this.listKnown(subject, delayMs)
  }

  /** As of the last time that was refreshed, which is now where this node has all games to itself. */
  listKnown(subject?: Subject, delayMs = 0): readonly ListedGame[] {
    return this.#directory.list(subject, delayMs)
  }

  async #present(id: string): Promise<Match | undefined> {
    if (!(await this.has(id))) return undefined
    const here = this.here(id)
    if (here !== undefined) return here
    if (this.host.owner(`${kind}:${id}`).kind === 'here') {
      try {
        return await (await this.#owned.at(id)).match()
      } catch (error) {
        if (!(error instanceof CommandError) || error.code !== movedError.code) throw error
      }
    }
    return await this.#replicas.match(id)
  }

  /** A board that was told before the present one may come after it, where its owner was slow or is no more. */
  #heardBoard(data: unknown): void {
    const { success, data: message } = leagueMessageSchema.safeParse(data)
    if (success && message.type === 'board') this.#owned.here(message.game)?.heardBoard(message.board.version)
  }

  #contextOfGames() {
    const { host, options } = this
    const { clock, log } = host
    return {
      ...{ clock, log, store: options.store, isShared: options.isShared },
      publish: host.publish.bind(host),
      history: host.history.bind(host),
      follow: host.follow.bind(host),
      isFull: () => this.#directory.size >= limits.gamesMax,
      kept: (entry: DirectoryEntry, isListed: boolean) => (isListed ? this.#directory.enter(entry) : this.#directory.note(entry)),
    }
  }
}
