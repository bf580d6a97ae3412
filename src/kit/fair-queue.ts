import { RingBuffer } from './ring-buffer.ts'

export interface FairQueueBounds {
  /** Units under way at the same time, over all keys. */
  readonly unitsMax: number
  /** Units of one key under way at the same time. */
  readonly unitsPerKeyMax: number
  /** Entries that wait, over all keys. Beyond: turned away. */
  readonly waitingMax: number
  /** Entries of one key that wait. Beyond: turned away. */
  readonly waitingPerKeyMax: number
}

interface Entry {
  readonly units: number
  readonly begin: () => void
}

interface Line {
  underWay: number
  readonly waiting: RingBuffer<Entry>
}

/**
 * Lets a bounded number through at a time. Those who wait are served round robin by key, each key's in the order in which they came: one key's
 * thousand entries delay another's by one of them. No key has more than its own bound under way, so that slow ones leave room for the others.
 */
export class FairQueue {
  readonly #lines = new Map<string, Line>()
  /** Keys whose first entry may begin as soon as there is room, in the order of their turns. */
  readonly #turns = new Set<string>()
  #underWay = 0
  #waiting = 0

  constructor(readonly bounds: FairQueueBounds) {}

  get waiting(): number {
    return this.#waiting
  }

  get underWay(): number {
    return this.#underWay
  }

  /** Begins at once where nobody has to be waited for; false otherwise. Whoever has begun must `leave` with the same units. */
  take(key: string, units = 1): boolean {
    const needed = this.#needed(units)
    const line = this.#lineOf(key)
    const hasRoom = line.underWay + needed <= this.bounds.unitsPerKeyMax && this.#underWay + needed <= this.bounds.unitsMax
    // Nobody passes those who wait for room, or a large entry would wait for ever.
    if (!hasRoom || line.waiting.size > 0 || this.#turns.size > 0) return false
    this.#lines.set(key, line)
    this.#begin(line, needed)
    return true
  }

  /** Resolves when it is the caller's turn, who then must `leave` with the same units; undefined where too many wait already. */
  enter(key: string, units = 1): Promise<void> | undefined {
    if (this.take(key, units)) return Promise.resolve()
    const { waitingMax, waitingPerKeyMax } = this.bounds
    const line = this.#lineOf(key)
    if (this.#waiting >= waitingMax || line.waiting.size >= waitingPerKeyMax) return undefined
    this.#lines.set(key, line)
    this.#waiting++
    return new Promise(resolve => {
      line.waiting.push({ units: this.#needed(units), begin: resolve })
      if (this.#mayBegin(line)) this.#turns.add(key)
    })
  }

  leave(key: string, units = 1): void {
    const line = this.#lines.get(key)
    if (line === undefined) return
    const freed = this.#needed(units)
    line.underWay -= freed
    this.#underWay -= freed
    if (this.#mayBegin(line)) this.#turns.add(key)
    else if (line.underWay === 0 && line.waiting.size === 0) this.#lines.delete(key)
    this.#serve()
  }

  #needed(units: number): number {
    return Math.min(units, this.bounds.unitsMax, this.bounds.unitsPerKeyMax)
  }

  #lineOf(key: string): Line {
    return this.#lines.get(key) ?? { underWay: 0, waiting: new RingBuffer<Entry>() }
  }

  #serve(): void {
    for (const key of this.#turns) {
      const line = this.#lines.get(key)
      const first = line?.waiting.at(0)
      if (line === undefined || first === undefined) continue
      if (this.#underWay + first.units > this.bounds.unitsMax) return
      this.#turns.delete(key)
      line.waiting.shift()
      this.#waiting--
      this.#begin(line, first.units)
      // Behind all others whose turn it is: a set is walked to its end, whatever is added meanwhile.
      if (this.#mayBegin(line)) this.#turns.add(key)
      first.begin()
    }
  }

  #begin(line: Line, units: number): void {
    line.underWay += units
    this.#underWay += units
  }

  #mayBegin({ underWay, waiting }: Line): boolean {
    const first = waiting.at(0)
    return first !== undefined && underWay + first.units <= this.bounds.unitsPerKeyMax
  }
}
