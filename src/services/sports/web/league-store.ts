import { type Signal, signal } from '@preact/signals'
import { LiveStream, type Pub, type Subscribed } from '../../../web/index.ts'
import { gameListSchema, type ListedGame, leagueMessageSchema } from '../model/index.ts'
import { ServerTime } from './server-time.ts'

const silenceMs = 37_500

/** All matches of a league and how they stand, fed by one stream. */
export class LeagueStore {
  readonly games: Signal<readonly ListedGame[]> = signal([])
  readonly state: Signal<'loading' | 'ready' | 'absent'> = signal('loading')
  readonly time = new ServerTime()
  readonly stream: LiveStream

  /** `raw` sees every event of the stream as it came. */
  constructor(league: string, raw: (text: string) => void = () => undefined) {
    this.stream = new LiveStream({
      channels: [`sports:league_${league}`],
      subscribed: (_, entry) => this.#begin(entry),
      published: (_, pub) => this.#apply(pub),
      raw,
      silenceMs,
    })
  }

  #begin(entry: Subscribed): void {
    this.time.restart()
    const list = gameListSchema.safeParse(entry.data)
    this.state.value = list.success ? 'ready' : 'absent'
    for (const game of list.data?.games ?? []) this.#put(game)
  }

  #apply(pub: Pub): void {
    const parsed = leagueMessageSchema.safeParse(pub.data)
    if (parsed.success) this.#put(parsed.data.game)
  }

  #put(game: ListedGame): void {
    this.time.learn(game.serverUtcMs)
    const known = this.games.value
    const place = known.findIndex(other => other.id === game.id)
    this.games.value = place === -1 ? [...known, game] : known.with(place, game)
  }
}
