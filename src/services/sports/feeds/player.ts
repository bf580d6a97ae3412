import { type Clock, json, type Timer } from '../../../kit/index.ts'
import type { Log } from '../../../service.ts'
import type { Games } from '../games.ts'
import { limits } from '../limits.ts'
import type { FedEvent } from '../model/index.ts'
import { kickOffMs, type Moment, momentsOf, type Recording } from './recording.ts'

/** How a recording is played. */
export interface Pace {
  /** Seconds of play in one second: 60 plays a minute a second. */
  readonly speed: number
  /** Plays it again and again, as the time of day says: so many milliseconds after the beginning of time, and one length after the other. */
  readonly loopOffsetMs?: number
}

export interface PlayerHost {
  readonly clock: Clock
  readonly log: Log
  readonly games: Pick<Games, 'game' | 'ingest' | 'restart'>
}

/**
 * Plays a recording into a game of its own, as a feed does. Where it stands follows from the clock and from when the game began, which is
 * kept with the game. So it goes on after a restart: what is known already is taken in again and changes nothing, and what fell into the time
 * between comes first.
 */
export class RecordingPlayer {
  readonly #moments: readonly Moment[]
  #startUtcMs = 0
  #next = 0
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #isClosed = false

  constructor(
    readonly recording: Recording,
    readonly pace: Pace,
    readonly host: PlayerHost,
  ) {
    this.#moments = momentsOf(recording)
  }

  /** Resolves when the game stands where it should, so that the first viewer finds it there. */
  async start(): Promise<void> {
    await this.#begin()
    await this.#turn()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#running
  }

  /** How long one playing takes. */
  get lengthMs(): number {
    return Math.round(this.recording.lengthMs / this.pace.speed)
  }

  /** Takes up the game where it is, or lets it begin. */
  async #begin(): Promise<void> {
    const { games, clock } = this.host
    const { id } = this.recording
    const { speed } = this.pace
    const known = await games.game(id)
    const beforeKickOffMs = Math.round(kickOffMs(this.recording) / speed)
    const ongoing = known?.rate === speed && known.kickoffUtcMs !== undefined ? known.kickoffUtcMs - beforeKickOffMs : undefined
    this.#startUtcMs = this.#loopStart(clock.now()) ?? ongoing ?? clock.now()
    this.#next = 0
    const kickoffUtcMs = this.#startUtcMs + beforeKickOffMs
    if (known?.rate === speed && known.kickoffUtcMs === kickoffUtcMs) return
    await games.restart(id, json({ ...this.recording.game, kickoffUtcMs, rate: speed }))
  }

  #loopStart(nowUtcMs: number): number | undefined {
    const { loopOffsetMs } = this.pace
    if (loopOffsetMs === undefined) return undefined
    return Math.floor((nowUtcMs - loopOffsetMs) / this.lengthMs) * this.lengthMs + loopOffsetMs
  }

  /** Plays what is due and plans the next turn. One turn at a time. */
  #turn(): Promise<void> {
    this.#running = this.#advance().then(
      () => this.#plan(this.#nextUtcMs()),
      (error: unknown) => {
        this.host.log.warn({ game: this.recording.id, err: error }, 'a replay could not continue; trying again')
        this.#plan(this.host.clock.now() + limits.retryMs)
      },
    )
    return this.#running
  }

  #plan(atUtcMs: number | undefined): void {
    if (this.#isClosed || atUtcMs === undefined) return
    this.#timer = this.host.clock.after(Math.max(1, atUtcMs - this.host.clock.now()), () => void this.#turn())
  }

  async #advance(): Promise<void> {
    const now = this.host.clock.now()
    if (this.pace.loopOffsetMs !== undefined && now >= this.#startUtcMs + this.lengthMs) await this.#begin()
    const due = this.#moments.findLastIndex(({ atMs }) => this.#utcMsOf(atMs) <= now) + 1
    if (due <= this.#next) return
    // What fell together, for example into a down time, goes in together.
    await this.#ingest(this.#moments.slice(this.#next, due).flatMap(({ events }) => events.map(event => this.#timed(event))))
    this.#next = due
  }

  async #ingest(events: readonly FedEvent[]): Promise<void> {
    const { id } = this.recording
    for (let from = 0; from < events.length; from += limits.batchMax) {
      await this.host.games.ingest(id, json({ source: 'replay', events: events.slice(from, from + limits.batchMax) }))
    }
  }

  #timed(event: FedEvent): FedEvent {
    return { ...event, tEvent: this.#utcMsOf(event.tEvent ?? 0) }
  }

  #utcMsOf(atMs: number): number {
    return this.#startUtcMs + Math.round(atMs / this.pace.speed)
  }

  /** When something new will happen; undefined when the recording is over for good. */
  #nextUtcMs(): number | undefined {
    const next = this.#moments[this.#next]
    if (next !== undefined) return this.#utcMsOf(next.atMs)
    return this.pace.loopOffsetMs === undefined ? undefined : this.#startUtcMs + this.lengthMs
  }
}
