import * as z from 'zod/mini'
import type { Clock, Json, Timer } from '../../kit/index.ts'
import { CommandError, type HistoryPage, type HistoryQuery, type Log, movedError, type PublishOptions } from '../../service.ts'
import { boardChannels, gameChannel } from './channels.ts'
import { limits } from './limits.ts'
import type { Match } from './match.ts'
import { type GameMessage, gameMessageSchema, type LeagueMessage, type MatchEvent } from './model/index.ts'

/** The parts of the server that the publisher uses. */
export interface MatchPublisherHost {
  readonly clock: Clock
  readonly log: Log
  publish(channel: string, data: Json, options?: PublishOptions): Promise<{ readonly offset: number }>
  history(channel: string, query: HistoryQuery): Promise<Pick<HistoryPage, 'publications'>>
}

/** Notes how far a match has been published, and says whether it still may be. */
export interface MatchPublisherTarget {
  /** Viewers have been told everything up to this version of the board. */
  announced(version: number): void
  /** False once another node may own the match. */
  mayTell(): boolean
}

const statsHeard = z.object({ type: z.literal('stats'), stats: z.unknown() })

/**
 * Tells the viewers of one match what has changed since they were last told, which follows from the match and the version that was told. So
 * what could not be published is told the next time, what comes in meanwhile goes along, and after a restart nothing is told twice.
 */
export class MatchPublisher {
  #announced: number
  #isAnew: boolean
  /** Whether it is certain what was told. What is noted of it is behind where a node ended in between. */
  #isKnown: boolean
  #lines: MatchEvent[] = []
  #running: Promise<number> | undefined
  #retry: Timer | undefined
  #stats: Timer | undefined
  #statsDue = false
  #toldStats = ''
  #isClosed = false

  constructor(
    readonly match: Match,
    /** The version that was told; below 0 where all of it is to be told anew. */
    announced: number,
    readonly host: MatchPublisherHost,
    readonly target: MatchPublisherTarget,
  ) {
    this.#announced = announced
    this.#isAnew = announced < 0
    this.#isKnown = !this.#isBehind || this.#isAnew
  }

  /** Whether there is nothing left to tell, so that the match may be forgotten. */
  get isIdle(): boolean {
    return this.#running === undefined && this.#retry === undefined && this.#stats === undefined && !this.#isBehind
  }

  /** The match begins again, or is described anew: the next that viewers are told is all of it. */
  anew(): void {
    this.#isAnew = true
    this.#lines = []
  }

  tell(changed: Iterable<MatchEvent>): void {
    for (const event of changed) if (event.kind === 'commentary') this.#lines.push(event)
  }

  /** Resolves with the channel's offset when everything urgent has been published. @throws what the broker threw; it is tried again by itself */
  async publish(): Promise<number> {
    let offset = 0
    while (!this.#isClosed && (this.#isBehind || this.#running !== undefined)) {
      this.#running ??= this.#publishUrgent().finally(() => {
        this.#running = undefined
      })
      offset = await this.#running
    }
    this.#publishLines()
    return offset
  }

  /** Figures are made at most every 250 ms, however many events change them. */
  figures(): void {
    this.#statsDue = true
    if (this.#stats !== undefined || this.#isClosed) return
    this.#publishStats()
    this.#stats = this.host.clock.after(limits.statsIntervalMs, () => {
      this.#stats = undefined
      if (this.#statsDue) this.figures()
    })
  }

  /** Tells the board and the figures again, which the last owner may not have come to. */
  retell(): void {
    this.#publishBoard()
    this.figures()
  }

  /** Something that was told of the match. Figures of a former owner may come after these. */
  heard(data: unknown): void {
    const message = statsHeard.safeParse(data)
    if (!message.success || JSON.stringify(message.data.stats) === this.#toldStats) return
    this.#toldStats = ''
    this.figures()
  }

  /** A board that was told of the match, perhaps by a former owner. */
  heardBoard(version: number): void {
    if (version < this.match.board.version && !this.#isBehind) this.#publishBoard()
  }

  close(): void {
    this.#isClosed = true
    this.#retry?.cancel()
    this.#stats?.cancel()
  }

  get #isBehind(): boolean {
    return this.#isAnew || this.#announced < this.match.version
  }

  async #publishUrgent(): Promise<number> {
    try {
      if (!this.#isKnown) await this.#learn()
    } catch (error) {
      this.#tryAgain(error)
      throw error
    }
    const { version } = this.match
    const messages = this.#isAnew ? [this.#snapshot()] : this.#announced < version ? this.#updates() : []
    this.#isAnew = false
    try {
      let offset = 0
      for (const [part, message] of messages.entries()) offset = await this.#tell(message, part)
      this.#announced = version
      this.target.announced(version)
      this.#publishBoard()
      return offset
    } catch (error) {
      if (messages[0]?.type === 'snapshot') this.#isAnew = true
      this.#tryAgain(error)
      throw error
    }
  }

  /** The channel itself says what it was told last. Of a message that is full it is not known whether more of its step came after it. */
  async #learn(): Promise<void> {
    const { publications } = await this.host.history(gameChannel(this.match.id), { limit: 1, reverse: true })
    this.#isKnown = true
    const { success, data: last } = gameMessageSchema.safeParse(publications[0]?.data)
    if (!success || last.type !== 'events' || last.run !== this.match.run || last.events.length >= limits.messageEventsMax) return
    const { version } = last.board
    if (version <= this.match.version) this.#announced = Math.max(this.#announced, version)
  }

  /** A change that was told already, by this node or by the last owner, is not told twice. */
  async #tell(message: GameMessage, part: number): Promise<number> {
    if (!this.target.mayTell()) throw new CommandError(movedError)
    const once = message.type === 'events' ? `${message.run} ${message.since} ${message.board.version} ${part}` : undefined
    const options = once === undefined ? {} : { idempotencyKey: once }
    return (await this.host.publish(gameChannel(this.match.id), message, options)).offset
  }

  #snapshot(): GameMessage {
    return { type: 'snapshot', snapshot: this.match.snapshot(this.host.clock.now()) }
  }

  /** Together the messages are one step of the board: each says where it begins, and what holds at its end. */
  #updates(): GameMessage[] {
    const { id, run, board } = this.match
    const events = this.match.urgentSince(this.#announced)
    const serverUtcMs = this.host.clock.now()
    const parts = Math.max(1, Math.ceil(events.length / limits.messageEventsMax))
    return Array.from({ length: parts }, (_, part) => ({
      type: 'events',
      game: id,
      run,
      since: this.#announced,
      events: events.slice(part * limits.messageEventsMax, (part + 1) * limits.messageEventsMax),
      board,
      serverUtcMs,
    }))
  }

  #publishBoard(): void {
    const { id, board, game } = this.match
    const message: LeagueMessage = { type: 'board', game: id, board, serverUtcMs: this.host.clock.now() }
    for (const channel of boardChannels(game)) this.#lesser(channel, message, 'stats', id)
  }

  #publishStats(): void {
    this.#statsDue = false
    const { id, run, stats } = this.match
    const told = JSON.stringify(stats)
    if (told === this.#toldStats) return
    this.#toldStats = told
    this.#lesser(gameChannel(id), { type: 'stats', game: id, run, stats }, 'stats', 'stats')
  }

  #publishLines(): void {
    const { id, run } = this.match
    const lines = this.#lines
    this.#lines = []
    for (const line of lines) this.#lesser(gameChannel(id), { type: 'text', game: id, run, line }, 'text')
  }

  /** What may be late may also be lost: the next of its kind makes up for it. */
  #lesser(channel: string, message: GameMessage | LeagueMessage, lane: string, key?: string): void {
    if (this.#isClosed || !this.target.mayTell()) return
    this.host.publish(channel, message, { lane, ...(key === undefined ? {} : { key }) }).catch((error: unknown) => {
      this.host.log.warn({ channel, err: error }, 'figures or commentary could not be published')
    })
  }

  #tryAgain(error: unknown): void {
    if (this.#isClosed || this.#retry !== undefined) return
    this.host.log.warn({ game: this.match.id, err: error }, 'a change of a match could not be published; trying again')
    this.#retry = this.host.clock.after(limits.retryMs, () => {
      this.#retry = undefined
      this.publish().catch(() => undefined)
    })
  }
}
