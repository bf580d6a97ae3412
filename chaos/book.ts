import { ShownMatch } from '../sim/workloads/sports/shown-match.ts'

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
export class MatchBook extends ShownMatch implements Book {
  notRecovered = 0

  constructor(
    readonly owner: string,
    readonly channel: string,
  ) {
    super()
  }

  began(beginning: Beginning, snapshot: unknown): void {
    if (beginning === 'not recovered') this.notRecovered++
    if (!this.joined(snapshot) && beginning !== 'recovered') this.faults.push(`it began (${beginning}) without a snapshot`)
    this.check()
  }
}

function readNumbered(data: unknown): Numbered {
  const { id, at } = Object(data)
  return { id: `${id}`, at: Number(at) }
}
