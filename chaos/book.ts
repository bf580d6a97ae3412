import { countingGoals, gameMessageSchema, scoreOf, snapshotSchema } from '../src/services/sports/model/index.ts'
import { applyMessage, hasGapBefore, joinSnapshot, type MatchView } from '../src/services/sports/web/match-view.ts'

/** How a subscription began: for the first time, with all that was missed, or without a part of it. */
export type Beginning = 'first' | 'recovered' | 'not recovered'

/** What a client writes down of one channel, whichever way it is connected. */
export interface Book {
  began(beginning: Beginning, snapshot: unknown): void
  published(data: unknown): void
}

/** A publication of the channels that only carry numbers. */
export interface Numbered {
  readonly id: string
  /** Unix milliseconds at the publisher. */
  readonly at: number
}

/** The book of a client that must get every publication of a channel, once. */
export class StreamBook implements Book {
  /** In the order in which they came. */
  readonly ids: string[] = []
  readonly repeated: string[] = []
  notRecovered = 0
  readonly latenciesMs: number[] = []
  readonly #seen = new Set<string>()

  constructor(
    readonly owner: string,
    readonly channel: string,
  ) {}

  has(id: string): boolean {
    return this.#seen.has(id)
  }

  began(beginning: Beginning): void {
    if (beginning === 'not recovered') this.notRecovered++
  }

  published(data: unknown): void {
    const { id, at } = readNumbered(data)
    if (this.#seen.has(id)) {
      this.repeated.push(id)
      return
    }
    this.#seen.add(id)
    this.ids.push(id)
    this.latenciesMs.push(Date.now() - at)
  }
}

/** The book of a viewer of a match, who sees what a page would show. */
export class MatchBook implements Book {
  view: MatchView | undefined
  readonly faults: string[] = []
  notRecovered = 0
  /** By the revision that took them back. */
  readonly #gone = new Map<string, number>()

  constructor(
    readonly owner: string,
    readonly channel: string,
  ) {}

  began(beginning: Beginning, snapshot: unknown): void {
    if (beginning === 'not recovered') this.notRecovered++
    const parsed = snapshotSchema.safeParse(snapshot)
    if (parsed.success) this.view = joinSnapshot(this.view, parsed.data)
    else if (beginning !== 'recovered') this.faults.push(`it began (${beginning}) without a snapshot`)
    this.#check()
  }

  published(data: unknown): void {
    const message = gameMessageSchema.parse(data)
    if (this.view === undefined) {
      this.faults.push(`${message.type} before a snapshot`)
      return
    }
    if (hasGapBefore(this.view, message)) this.faults.push(`a gap before ${message.type} at version ${this.view.board.version}`)
    this.view = applyMessage(this.view, message)
    if (message.type !== 'events') return
    for (const { id, rev, state } of message.events)
      if (state === 'deleted' || state === 'overturned') this.#gone.set(id, Math.max(rev, this.#gone.get(id) ?? 0))
    this.#check()
  }

  #check(): void {
    if (this.view === undefined) return
    const { board, events } = this.view
    const counting = countingGoals(events)
    for (const { id, rev } of counting) if (rev <= (this.#gone.get(id) ?? 0)) this.faults.push(`${id} counts though it was taken back`)
    const counted = scoreOf(counting)
    if (counted.home !== board.score.home || counted.away !== board.score.away)
      this.faults.push(`the board says ${JSON.stringify(board.score)}, its goals ${JSON.stringify(counted)}`)
  }
}

function readNumbered(data: unknown): Numbered {
  const { id, at } = Object(data)
  return { id: `${id}`, at: Number(at) }
}
