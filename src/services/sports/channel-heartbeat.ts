import { every, type Timer } from '../../kit/index.ts'
import type { ServiceHost } from '../../service.ts'
import { subjectOf } from './channels.ts'
import type { Games } from './games.ts'
import { limits } from './limits.ts'
import type { GameMessage, LeagueMessage } from './model/index.ts'

/** Publishes the time every 15 s in every channel that has viewers, so that a page knows its stream is alive: it cannot see the transport's heartbeats. */
export class ChannelHeartbeat {
  readonly #watched = new Set<string>()
  #timer: Timer | undefined

  constructor(
    readonly server: ServiceHost,
    readonly games: Games,
  ) {}

  start(): void {
    this.server.on('channel_occupied', ({ channel }) => {
      if (subjectOf(channel) !== undefined) this.#watched.add(channel)
    })
    this.server.on('channel_vacated', ({ channel }) => void this.#watched.delete(channel))
    this.#timer = every(this.server.clock, limits.heartbeatMs, () => void this.#beat())
  }

  close(): void {
    this.#timer?.cancel()
  }

  async #beat(): Promise<void> {
    if (this.#watched.size === 0) return
    // If the store does not answer, what was last known is said.
    await this.games.refresh().catch(() => undefined)
    for (const channel of this.#watched) {
      const message = this.#messageFor(channel)
      if (message === undefined) continue
      this.server.publish(channel, message, { lane: 'stats', key: 'clock' }).catch((error: unknown) => {
        this.server.log.warn({ channel, err: error }, 'a heartbeat could not be published')
      })
    }
  }

  #messageFor(channel: string): GameMessage | LeagueMessage | undefined {
    const subject = subjectOf(channel)
    const serverUtcMs = this.server.clock.now()
    if (subject?.kind !== 'game') return { type: 'clock', serverUtcMs }
    const standing = this.games.standing(subject.id)
    return standing === undefined ? undefined : { type: 'clock', game: subject.id, ...standing, serverUtcMs }
  }
}
