import type { HistoryPage, HistoryQuery, Log } from '../../hub/index.ts'
import type { Clock, Json, Timer } from '../../kit/index.ts'
import { Match } from './match.ts'
import { gameMessageSchema, type LeagueMessage, type Timeline } from './model/index.ts'
import { loopMs, nextMs, type Place, placeAt, planReplay, type Step, stepsBetween } from './replay.ts'

/** What the demo needs of the server that it publishes through. */
export interface DemoHost {
  readonly clock: Clock
  readonly log: Log
  publish(channel: string, data: Json, options?: { readonly key?: string; readonly lane?: string }): Promise<unknown>
  history(channel: string, query: HistoryQuery): Promise<HistoryPage>
}

export interface DemoOptions {
  /** Seconds of play in one second. */
  readonly speed: number
}

/** All demo matches report here. */
export const demoLeague = 'sports:league_demo'

export function gameChannel(id: string): string {
  return `sports:game_${id}`
}

/** How often a match says that it is still followed, so that a page can tell a quiet match from a dead stream. The interval of SSE heartbeats, which pages cannot see. */
const clockIntervalMs = 15_000
/** After a publication failed, for example while a broker is away. */
const retryMs = 1000

/**
 * Replays timelines again and again into the channels of their matches. Where a match stands follows from the wall clock alone, so after a
 * restart it goes on where it would have been; what fell into the time between is published first, and nothing is published twice,
 * because the channel's own history says what went out last.
 */
export class Demo {
  readonly matches: readonly Match[]
  readonly #clockDue = new Map<Match, number>()
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #state: 'idle' | 'started' | 'closed' = 'idle'

  constructor(
    readonly host: DemoHost,
    timelines: readonly Timeline[],
    options: DemoOptions,
  ) {
    this.matches = timelines.map((timeline, index) => {
      const plan = planReplay(timeline)
      const offsetMs = Math.round((loopMs(plan, { speed: options.speed, offsetMs: 0 }) * index) / timelines.length)
      return new Match(plan, { speed: options.speed, offsetMs })
    })
  }

  match(id: string): Match | undefined {
    return this.matches.find(match => match.id === id)
  }

  /** Resolves when every match stands where it should, so that the first subscriber finds it there. */
  async start(): Promise<void> {
    if (this.#state !== 'idle') return
    this.#state = 'started'
    for (const match of this.matches) {
      match.moveTo(await this.#lastPublished(match))
    }
    await this.#turn()
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    this.#timer?.cancel()
    await this.#running
  }

  /** What went out last, as the history tells it; nothing when the history is gone or was written by another version. */
  async #lastPublished(match: Match): Promise<Place | undefined> {
    const page = await this.host.history(gameChannel(match.id), { limit: 1, reverse: true })
    const parsed = gameMessageSchema.safeParse(page.publications[0]?.data)
    if (!parsed.success) return undefined
    const message = parsed.data
    if (message.type === 'kickoff') return { loop: message.snapshot.loop, moment: message.moment }
    return message.type === 'events' ? { loop: message.loop, moment: message.moment } : undefined
  }

  /** Publishes what is due and plans the next turn. One turn at a time. */
  #turn(): Promise<void> {
    this.#running = this.#advanceAll().then(
      () => this.#plan(this.#nextMs()),
      (error: unknown) => {
        this.host.log.warn({ error: String(error) }, 'the demo could not publish, and will try again')
        this.#plan(this.host.clock.now() + retryMs)
      },
    )
    return this.#running
  }

  #plan(atMs: number): void {
    // Without a match nothing is ever due.
    if (this.#state !== 'started' || this.matches.length === 0) return
    this.#timer = this.host.clock.after(Math.max(1, atMs - this.host.clock.now()), () => void this.#turn())
  }

  #nextMs(): number {
    return Math.min(
      ...this.matches.map(match =>
        Math.min(this.#clockDue.get(match) ?? 0, match.place === undefined ? 0 : nextMs(match.plan, match.pace, match.place)),
      ),
    )
  }

  async #advanceAll(): Promise<void> {
    for (const match of this.matches) await this.#advance(match)
  }

  async #advance(match: Match): Promise<void> {
    const now = this.host.clock.now()
    const steps = stepsBetween(match.plan, match.place, placeAt(match.plan, match.pace, now))
    for (const step of steps) await this.#take(match, step)
    const clockIsDue = (this.#clockDue.get(match) ?? 0) <= now
    if (steps.length > 0 || clockIsDue) await this.#report(match, now, clockIsDue)
  }

  /**
   * The match moves first: whoever subscribes meanwhile finds the step in the snapshot, and perhaps again in the stream, but never in neither.
   * Only the urgent message is kept by the history, so the step counts as published once that was taken.
   */
  async #take(match: Match, step: Step): Promise<void> {
    const before = match.place
    const channel = gameChannel(match.id)
    const { urgent, lesser } = match.take(step, this.host.clock.now())
    try {
      await this.host.publish(channel, urgent)
    } catch (error) {
      match.moveTo(before)
      throw error
    }
    for (const { message, ...options } of lesser) await this.host.publish(channel, message, options)
  }

  async #report(match: Match, now: number, clockIsDue: boolean): Promise<void> {
    const message: LeagueMessage = { type: 'board', game: match.id, board: match.board, serverUtcMs: now }
    await this.host.publish(demoLeague, message, { lane: 'stats', key: match.id })
    if (!clockIsDue) return
    this.#clockDue.set(match, now + clockIntervalMs)
    const clock = { type: 'clock', game: match.id, loop: match.place?.loop ?? 0, version: match.board.version, serverUtcMs: now }
    await this.host.publish(gameChannel(match.id), clock, { lane: 'stats', key: 'clock' })
  }
}
