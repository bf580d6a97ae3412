import type { Json } from '../../src/kit/index.ts'
import type { ClientInfo, Position, Publication } from '../../src/protocol/index.ts'
import type { Judge } from '../core/judge.ts'

/** One publication as the central broker gave it out. */
export interface Entry {
  /** Place among all publications of the run. */
  readonly order: number
  readonly epoch: string
  readonly offset: number
  /** The place of the one before it. */
  readonly after: number
  readonly data: Json
  readonly key: string | undefined
  readonly lane: string | undefined
  /** Simulated time. */
  readonly at: number
}

/** What every publication of a run carries, so that it is known wherever it turns up. */
export function numberOf(data: Json | undefined): number {
  const number = typeof data === 'object' && data !== null && 'n' in data ? data.n : undefined
  return typeof number === 'number' ? number : 0
}

/** What is true, written down where it happens and from nothing that is being tested but the broker's own deliveries. */
export class Oracle {
  readonly #placed = new Map<string, Entry>()
  readonly #byChannel = new Map<string, Entry[]>()
  readonly #byNumber = new Map<number, Entry>()
  /** By channel and client: when it joined, or 0 where it has left. */
  readonly #present = new Map<string, Map<string, number>>()
  #order = 0
  #beganAfter = 0

  constructor(
    readonly judge: Judge,
    readonly now: () => number,
  ) {}

  /** The central broker delivers, or its disk has it. The same again is nothing new. */
  record(channel: string, epoch: string, publication: Publication): void {
    const { offset, after, data, key, lane } = publication
    const place = placeOf(channel, epoch, offset)
    const before = offset === 0 ? undefined : this.#placed.get(place)
    if (before !== undefined) {
      this.judge.hold(numberOf(before.data) === numberOf(data), `${place} was given to two publications`)
      return
    }
    const entry: Entry = { order: ++this.#order, epoch, offset, after, data, key, lane, at: this.now() }
    if (offset > 0) this.#checkNext(channel, entry)
    this.#placed.set(place, entry)
    this.entries(channel).push(entry)
    if (numberOf(data) !== 0) this.#byNumber.set(numberOf(data), entry)
  }

  /** A publisher was told that its publication has a place. */
  acknowledged(channel: string, number: number, { epoch, offset }: Position): void {
    if (offset === 0) return
    const entry = this.#placed.get(placeOf(channel, epoch, offset))
    this.judge.hold(entry !== undefined, `${placeOf(channel, epoch, offset)} was acknowledged and is nowhere`)
    this.judge.hold(numberOf(entry?.data) === number, `${placeOf(channel, epoch, offset)} was acknowledged to another publication`)
  }

  entries(channel: string): Entry[] {
    const known = this.#byChannel.get(channel)
    if (known !== undefined) return known
    const entries: Entry[] = []
    this.#byChannel.set(channel, entries)
    return entries
  }

  at(channel: string, epoch: string, offset: number): Entry | undefined {
    return this.#placed.get(placeOf(channel, epoch, offset))
  }

  numbered(number: number): Entry | undefined {
    return this.#byNumber.get(number)
  }

  /** Joins and leaves of a client alternate, beginning with a join. */
  announced(channel: string, kind: 'join' | 'leave', infos: readonly ClientInfo[]): void {
    const present = this.#present.get(channel) ?? new Map<string, number>()
    this.#present.set(channel, present)
    for (const { client } of infos) {
      const wasThere = (present.get(client) ?? 0) !== 0
      this.judge.hold(wasThere === (kind === 'leave'), `${channel}: ${client} has a second ${kind}`)
      present.set(client, kind === 'join' ? this.now() : 0)
    }
  }

  /** Who has joined and not left. */
  joined(channel: string): Set<string> {
    return new Set([...(this.#present.get(channel) ?? [])].filter(([, at]) => at !== 0).map(([client]) => client))
  }

  joinedAt(channel: string, client: string): number {
    return this.#present.get(channel)?.get(client) ?? 0
  }

  /** The broker begins with an empty memory: nobody is present, nobody is told, and what no disk has is gone. */
  forget(): void {
    this.#present.clear()
    this.#beganAfter = this.#order
  }

  /** What the broker of now has given out itself. */
  remembered(channel: string): Entry[] {
    return this.entries(channel).filter(({ order }) => order > this.#beganAfter)
  }

  #checkNext(channel: string, entry: Entry): void {
    const last = this.entries(channel).findLast(({ epoch, offset }) => epoch === entry.epoch && offset > 0)
    const before = last?.offset ?? 0
    const isNext = entry.after === before && entry.offset > before
    this.judge.hold(isNext, `${channel}: the broker gave offset ${entry.offset} after ${entry.after} where it stood at ${before}`)
  }
}

function placeOf(channel: string, epoch: string, offset: number): string {
  return `${channel} ${epoch}/${offset}`
}
