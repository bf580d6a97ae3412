import { isDeepStrictEqual } from 'node:util'
import type { User } from '../../clients/user.ts'
import type { World } from '../../core/world.ts'
import type { SportsNodes } from './nodes.ts'
import { readSnapshot } from './rest.ts'
import { GameView, type LeagueView } from './views.ts'

const checkMs = 500
/** Figures are made every 250 ms and told once a second: what has stood for longer must be known. */
const freshMs = 2000

/** Where nothing goes wrong, figures that have not changed for a while are what every viewer shows. */
export class FiguresChecker {
  /** By game: the figures, and since when they have been the same. */
  readonly #since = new Map<string, { readonly stats: unknown; readonly atMs: number }>()

  constructor(
    readonly users: readonly User<GameView | LeagueView>[],
    readonly nodes: SportsNodes,
    readonly world: World,
  ) {
    this.#later()
  }

  #later(): void {
    this.world.time.after(checkMs, () => {
      for (const user of this.users) for (const view of user.views.values()) if (view instanceof GameView && view.isOn) this.#look(view)
      this.#later()
    })
  }

  #look(view: GameView): void {
    const game = view.channel.replace('sports:game_', '')
    const seen = this.nodes.read(`/sports/games/${game}/snapshot`).then(body => {
      const { stats } = readSnapshot(body)
      const now = this.world.time.now()
      const known = this.#since.get(game)
      if (known === undefined || !isDeepStrictEqual(known.stats, stats)) this.#since.set(game, { stats, atMs: now })
      else if (now - known.atMs > freshMs + view.delayMs) {
        this.world.tally.count('figures checked')
        const isFresh = isDeepStrictEqual(view.match?.stats, stats)
        this.world.judge.hold(isFresh, `${view.who} shows figures of ${game} that changed ${now - known.atMs} ms ago`)
      }
    })
    seen.catch((error: unknown) => this.world.judge.break(`how ${game} stands cannot be read: ${error}`))
  }
}
