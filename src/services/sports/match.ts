import { unreachable } from '../../kit/index.ts'
import {
  type Board,
  type GameMessage,
  type Line,
  type ListedGame,
  type MatchEvent,
  reduceBoard,
  reduceStats,
  type Snapshot,
  type Stats,
} from './model/index.ts'
import { eventsOf, type Pace, type Place, type Plan, type Step } from './replay.ts'

/** A match as far as it was published: the place in its replay, and what has happened up to there. */
export class Match {
  #place: Place | undefined
  #events: readonly MatchEvent[] = []
  #lines: readonly Line[] = []

  constructor(
    readonly plan: Plan,
    readonly pace: Pace,
  ) {}

  get id(): string {
    return this.plan.timeline.id
  }

  get place(): Place | undefined {
    return this.#place
  }

  get board(): Board {
    return reduceBoard(this.#events, this.pace.speed)
  }

  get stats(): Stats {
    return reduceStats(this.#events)
  }

  /** Goes to a place as if everything up to it had been published; undefined is before the first publication. */
  moveTo(place: Place | undefined): void {
    const moments = place === undefined ? [] : Array.from({ length: place.moment + 1 }, (_, moment) => ({ loop: place.loop, moment }))
    this.#place = place
    this.#events = moments.flatMap(moment => eventsOf(this.plan, this.pace, moment))
    this.#lines = moments.flatMap(moment => this.#linesOf(moment))
  }

  /** Takes one step, and says what to publish for it. */
  take(step: Step, serverUtcMs: number): Announcement {
    this.moveTo({ loop: step.loop, moment: step.moment })
    switch (step.kind) {
      case 'kickoff':
        return { urgent: { type: 'kickoff', moment: step.moment, snapshot: this.snapshot(serverUtcMs) }, lesser: [] }
      case 'moment':
        return this.#announce(step, serverUtcMs)
      default:
        return unreachable(step.kind)
    }
  }

  snapshot(serverUtcMs: number): Snapshot {
    return {
      game: this.#game(),
      loop: this.#place?.loop ?? 0,
      board: this.board,
      events: [...this.#events],
      stats: this.stats,
      text: [...this.#lines],
      serverUtcMs,
    }
  }

  listed(serverUtcMs: number): ListedGame {
    const { id, competition, round, date, venue, home, away } = this.#game()
    const name = ({ code, name, colors }: typeof home) => ({ code, name, colors })
    return { id, competition, round, date, venue, home: name(home), away: name(away), board: this.board, serverUtcMs }
  }

  #announce({ loop, moment }: Step, serverUtcMs: number): Announcement {
    const game = this.id
    const events = eventsOf(this.plan, this.pace, { loop, moment })
    const lines = this.#linesOf({ loop, moment })
    return {
      urgent: { type: 'events', game, loop, moment, events, board: this.board, serverUtcMs },
      lesser: [
        { lane: 'stats', key: 'stats', message: { type: 'stats', game, loop, stats: this.stats } },
        ...lines.map(line => ({ lane: 'text', message: { type: 'text', game, loop, line } }) as const),
      ],
    }
  }

  /** Lines are told apart by loop, since a page may hold those of the last one when the next begins. */
  #linesOf({ loop, moment }: Place): Line[] {
    return (this.plan.moments[moment]?.lines ?? []).map(line => ({ ...line, id: `${loop}-${line.id}` }))
  }

  #game(): Snapshot['game'] {
    const { id, competition, round, date, venue, home, away } = this.plan.timeline
    const copy = (team: typeof home) => ({ ...team, colors: [...team.colors], lineup: [...team.lineup] })
    return { id, competition, round, date, venue, home: copy(home), away: copy(away) }
  }
}

/** What one step puts into the channel of the match: what must not be lost, and what may be late. */
export interface Announcement {
  readonly urgent: GameMessage
  readonly lesser: readonly { readonly lane: 'stats' | 'text'; readonly key?: string; readonly message: GameMessage }[]
}
