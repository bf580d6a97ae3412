import {
  type EventOf,
  type FedEvent,
  type FedGame,
  type Pair,
  type Period,
  periods,
  phaseAfter,
  phaseName,
  type Side,
} from '../../model/index.ts'
import type { Recording } from '../recording.ts'
import { MatchTime, readingAt } from './match-time.ts'
import { sentenceOf } from './sentence.ts'

/** How long a replay stays after the final whistle. */
const afterFinalWhistleMs = 25 * 60_000

type Timeless<E> = E extends FedEvent ? Omit<E, 'id' | 'rev' | 'seq' | 'tEvent' | 'clock'> : never
/** What happened, before it is known as whose event and when. */
export type Fact = Timeless<Exclude<FedEvent, { kind: 'clock' | 'unknown' }>>

/** A figure as it stood after something happened. */
interface Figure {
  readonly atMs: number
  readonly side: Side
  readonly name: string
  readonly value: number
}

export interface NotesOptions {
  /** Id of the game. */
  readonly id: string
  /** Stands before the ids of the provider, so that those of two never meet. */
  readonly prefix: string
  readonly teams: Pair<string>
  /** Seconds that each period lasted. */
  readonly lengths: ReadonlyMap<Period, number>
  /** The revision of everything, where the provider counts revisions of the whole file. */
  readonly rev?: number
  /** The file does not go to the end of the match. */
  readonly isCutOff?: boolean
}

/** What an adapter writes down while it reads a provider's file: events with their sentences, and figures once a minute. */
export class Notes {
  readonly time: MatchTime
  readonly #events: FedEvent[] = []
  readonly #figures: Figure[] = []
  readonly #rev: number

  constructor(readonly options: NotesOptions) {
    this.time = new MatchTime(options.lengths)
    this.#rev = options.rev ?? 1
  }

  /**
   * Notes an event of the provider. `seq` is its place in the file.
   * @param isTold whether a sentence about it goes into the commentary
   */
  add(id: string, fact: Fact, at: { readonly period: Period; readonly sec: number; readonly seq: number }, isTold = true): void {
    const own = { id: `${this.options.prefix}:${id}`, rev: this.#rev, seq: at.seq, tEvent: this.time.at(at.period, at.sec) }
    // No clock runs in the shoot-out.
    const clock = at.period === 'shootout' ? undefined : readingAt(at.period, at.sec)
    this.#events.push({ ...fact, ...own, clock })
    const text = isTold ? sentenceOf(fact, this.options.teams) : undefined
    if (text !== undefined) this.say(id, text, at)
  }

  /** Notes a sentence about an event of the provider. */
  say(id: string, text: string, { period, sec, seq }: { readonly period: Period; readonly sec: number; readonly seq: number }): void {
    const own = { id: `${this.options.prefix}:${id}:text`, ref: `${this.options.prefix}:${id}`, rev: this.#rev, seq }
    const place = period === 'shootout' ? { period } : { period, clock: readingAt(period, sec) }
    this.#events.push({ kind: 'commentary', ...own, ...place, tEvent: this.time.at(period, sec), data: { text } })
  }

  /** Notes a whistle. The sentence is the name of what begins. */
  whistle(kind: 'period_start' | 'period_end', id: string, period: Period, sec: number): void {
    const { prefix } = this.options
    const own = { id: `${prefix}:${id}`, rev: this.#rev, tEvent: this.time.at(period, sec) }
    this.#events.push({ kind, period, ...own, clock: readingAt(period, sec) })
    const isLast = this.options.isCutOff !== true && period === periods.findLast(played => this.options.lengths.has(played))
    const label = phaseName(kind === 'period_start' ? period : isLast ? 'finished' : phaseAfter(period))
    const text = kind === 'period_start' ? `${label} begins.` : `${label}.`
    const place = { period, clock: readingAt(period, sec) }
    this.#events.push({ kind: 'commentary', ...own, id: `${own.id}:text`, ref: own.id, ...place, data: { text, label } })
  }

  lineup(id: string, side: Side, players: EventOf<'lineup'>['players'], data: EventOf<'lineup'>['data']): void {
    this.#events.push({ kind: 'lineup', id: `${this.options.prefix}:${id}`, rev: this.#rev, team: side, players, data, tEvent: 60_000 })
  }

  /** Notes that the provider has deleted an event, of which no more than the id is known. */
  deleted(id: string): void {
    const own = { rev: this.#rev, kind: 'unknown', state: 'deleted', tEvent: this.time.endMs } as const
    this.#events.push({ ...own, id: `${this.options.prefix}:${id}` }, { ...own, id: `${this.options.prefix}:${id}:text` })
  }

  figure(side: Side, name: string, value: number, at: { readonly period: Period; readonly sec: number }): void {
    this.#figures.push({ atMs: this.time.at(at.period, at.sec), side, name, value })
  }

  finish(game: FedGame): Recording {
    const { id, prefix, isCutOff } = this.options
    const { endMs } = this.time
    const over = { kind: 'status', id: `${prefix}:finished`, rev: this.#rev, tEvent: endMs, data: { status: 'finished' } } as const
    const events = [...this.#events, ...this.#statistics(), ...(isCutOff ? [] : [over])].toSorted(
      (a, b) => (a.tEvent ?? 0) - (b.tEvent ?? 0),
    )
    return { id, game, events, lengthMs: endMs + afterFinalWhistleMs }
  }

  /** Each figure once a minute, if it has changed: a revision of the one before. */
  #statistics(): FedEvent[] {
    const byName = Map.groupBy(this.#figures, ({ side, name }) => `${side}:${name}`)
    return [...byName].flatMap(([name, values]) => {
      const minutes = new Map(values.map(figure => [Math.floor(figure.atMs / 60_000), figure]))
      const changes = [...minutes.values()].filter((figure, index, all) => figure.value !== all[index - 1]?.value)
      return changes.map(
        (figure, index): FedEvent => ({
          kind: 'stat',
          id: `${this.options.prefix}:stat:${name}`,
          rev: this.#rev + index,
          team: figure.side,
          tEvent: figure.atMs,
          data: { name: figure.name, value: figure.value },
        }),
      )
    })
  }
}
