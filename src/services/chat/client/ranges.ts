/** Whole numbers from one to another, both included. */
export type Range = readonly [from: number, to: number]

/** A set of whole numbers, kept as what is contiguous in it, ascending. */
export class Ranges {
  #list: Range[]

  constructor(list: readonly Range[] = []) {
    this.#list = []
    for (const [from, to] of list) this.add(from, to)
  }

  get list(): readonly Range[] {
    return this.#list
  }

  /** @returns whether anything of it was new */
  add(from: number, to: number): boolean {
    if (to < from || this.covers(from, to)) return false
    const before = this.#list.filter(range => range[1] < from - 1)
    const after = this.#list.filter(range => range[0] > to + 1)
    const touched = this.#list.filter(range => range[1] >= from - 1 && range[0] <= to + 1)
    const low = Math.min(from, ...touched.map(range => range[0]))
    const high = Math.max(to, ...touched.map(range => range[1]))
    this.#list = [...before, [low, high], ...after]
    return true
  }

  /** Forgets everything below. */
  dropBelow(floor: number): void {
    this.#list = this.#list.filter(range => range[1] >= floor).map(([from, to]) => [Math.max(from, floor), to])
  }

  covers(from: number, to: number): boolean {
    return to < from || this.#list.some(range => range[0] <= from && to <= range[1])
  }

  /** The end of what is contiguous from `from` on, or `from - 1`. */
  endFrom(from: number): number {
    return this.#list.find(range => range[0] <= from && from <= range[1])?.[1] ?? from - 1
  }
}
