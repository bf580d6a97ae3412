import { type Signal, signal } from '@preact/signals'
import { LiveStream, type Pub, type Subscribed } from '../../../web/index.ts'
import { gameListSchema, type ListedGame, leagueMessageSchema } from '../model/index.ts'
import { askedDelay, whenDelayChanges } from './delay.ts'
import { ServerTime } from './server-time.ts'

const silenceMs = 37_500

/** All matches of a league and how they stand, fed by one stream. */
export class LeagueStore {
  readonly games: Signal<readonly ListedGame[]> = signal([])
  readonly state: Signal<'loading' | 'ready' | 'absent'> = signal('loading')
  readonly stream: LiveStream
  readonly time: ServerTime

  /** `raw` sees every event of the stream as it came. */
  constructor(league: string, raw: (text: string) => void = () => undefined) {
    this.stream = new LiveStream({
      channels: [`sports:league_${league}`],
      subscribed: (_, entry) => this.#begin(entry),
      published: (_, pub) => this.#apply(pub),
      raw,
      delay: askedDelay,
      silenceMs,
    })
    this.time = new ServerTime(this.stream.link)
    whenDelayChanges(() => this.stream.restart())
  }

  #begin(entry: Subscribed): void {
    this.time.restart()
    const list = gameListSchema.safeParse(entry.data)
    this.state.value = list.success ? 'ready' : 'absent'
    if (!list.success) return
    this.time.learn(list.data.serverUtcMs)
    this.games.value = list.data.games
  }

  #apply(pub: Pub): void {
    const parsed = leagueMessageSchema.safeParse(pub.data)
    if (!parsed.success) return
    const message = parsed.data
    this.time.learn(message.serverUtcMs)
    if (message.type === 'clock') return
    const id = message.type === 'game' ? message.game.id : message.game
    const place = this.games.value.findIndex(game => game.id === id)
    const known = this.games.value[place]
    if (message.type === 'game') {
      this.games.value = known === undefined ? [...this.games.value, message.game] : this.games.value.with(place, message.game)
    } else if (known !== undefined && known.board.version <= message.board.version) {
      this.games.value = this.games.value.with(place, { ...known, board: message.board })
    }
  }
}
