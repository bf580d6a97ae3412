import { between, type Random } from '../../../src/kit/index.ts'
import type { FedEvent, MatchEvent } from '../../../src/services/sports/model/index.ts'
import { pick } from '../../core/chance.ts'

type Side = 'home' | 'away'

/** One revision as a feed gives it; a deletion says no more than what it deletes. */
export type Given = FedEvent | { readonly id: string; readonly rev: number; readonly state: 'deleted' }

/** An event as the feed last told it. */
interface Told {
  readonly rev: number
  readonly event: FedEvent
  readonly isDeleted: boolean
}

const sides = ['home', 'away'] as const
const details = ['corner', 'foul', 'offside', 'save'] as const
const players = ['Ada', 'Bea', 'Cleo', 'Dora', 'Edda']

/** What happens in one game, with the second thoughts of whoever writes it down: goals that are taken back, scorers corrected, events deleted. */
export class Script {
  readonly #told = new Map<string, Told>()
  #serial = 0
  #minute = 0

  constructor(
    readonly game: string,
    readonly random: Random,
    readonly now: () => number,
  ) {}

  /** The score that follows from all that was told. */
  get score(): Record<Side, number> {
    const score = { home: 0, away: 0 }
    for (const { event, isDeleted } of this.#told.values())
      if (event.kind === 'goal' && !isDeleted && event.state !== 'overturned') score[event.team]++
    return score
  }

  /** Ids of the events that stand, by kind. */
  standing(kind: MatchEvent['kind']): string[] {
    return [...this.#told].filter(([, { event, isDeleted }]) => event.kind === kind && !isDeleted).map(([id]) => id)
  }

  begin(): Given[] {
    return [this.#tell({ id: this.#id(), kind: 'period_start', period: 'first_half', rev: 1, tEvent: this.now() })]
  }

  /** What the feed says at once, this time. */
  next(): Given[] {
    this.#minute = Math.min(44, this.#minute + (this.random.next() < 0.3 ? 1 : 0))
    return Array.from({ length: between(this.random, 1, 3) }, () => this.#one()).flat()
  }

  #one(): Given[] {
    const draw = this.random.next()
    if (draw < 0.18) return [this.#goal()]
    if (draw < 0.4) return this.#correct()
    if (draw < 0.45) return [{ id: this.#id(), rev: 1, state: 'deleted' }]
    if (draw < 0.55) return [this.#tell({ ...this.#play(), kind: 'card', data: { card: pick(this.random, ['yellow', 'red']) } })]
    if (draw < 0.65) return [this.#comment()]
    if (draw < 0.75) return [this.#figure()]
    return [this.#tell({ ...this.#play(), kind: pick(this.random, details) })]
  }

  #goal(): Given {
    const state = this.random.next() < 0.4 ? 'provisional' : 'confirmed'
    return this.#tell({ ...this.#play(), kind: 'goal', state, players: [{ name: pick(this.random, players) }] })
  }

  #comment(): Given {
    return this.#tell({ ...this.#play(), kind: 'commentary', data: { text: `${this.game} ${this.#serial}: ${'so it goes '.repeat(3)}` } })
  }

  #figure(): Given {
    const { team, ...play } = this.#play()
    const id = `possession-${team}`
    const rev = (this.#told.get(id)?.rev ?? 0) + 1
    return this.#tell({ ...play, team, id, rev, kind: 'stat', data: { name: 'possession', value: between(this.random, 20, 80) } })
  }

  /** A second thought about something that was told: most of them about goals. */
  #correct(): Given[] {
    const standing = [...this.#told].filter(([, { isDeleted, event }]) => !isDeleted && event.kind !== 'period_start')
    if (standing.length === 0) return []
    const goals = standing.filter(([, { event }]) => event.kind === 'goal')
    const [id, told] = pick(this.random, goals.length > 0 && this.random.next() < 0.7 ? goals : standing)
    const rev = told.rev + 1
    if (told.event.kind !== 'goal' || this.random.next() < 0.3) {
      this.#told.set(id, { ...told, rev, isDeleted: true })
      return [{ id, rev, state: 'deleted' }]
    }
    const scorer = [{ name: pick(this.random, players) }]
    const change = pick(this.random, [
      { state: 'overturned' },
      { state: 'confirmed' },
      { team: pick(this.random, sides) },
      { players: scorer },
    ] as const)
    return [this.#tell({ ...told.event, ...change, rev })]
  }

  #play() {
    const clock = { min: this.#minute, sec: between(this.random, 0, 59) }
    return { id: this.#id(), rev: 1, period: 'first_half', clock, team: pick(this.random, sides), tEvent: this.now() } as const
  }

  #tell(event: FedEvent): FedEvent {
    this.#told.set(event.id, { rev: event.rev ?? 1, event, isDeleted: false })
    return event
  }

  #id(): string {
    return `${this.game}-${++this.#serial}`
  }
}
