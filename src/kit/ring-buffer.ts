/** A queue over a growing circle of slots: O(1) at both ends, no shifting; the caller bounds it. */
export class RingBuffer<T> {
  #slots: (T | undefined)[] = []
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    if (this.#size === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#size) & (this.#slots.length - 1)] = item
    this.#size++
  }

  /** Takes the oldest item out. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#size--
    return item
  }

  /** The item `index` places after the oldest. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#size) return undefined
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)]
  }

  /** Puts another item in the place of one. */
  put(index: number, item: T): void {
    if (index >= 0 && index < this.#size) this.#slots[(this.#head + index) & (this.#slots.length - 1)] = item
  }

  /** Copies `count` items, starting `from` places after the oldest. */
  slice(from: number, count = this.#size - from): T[] {
    const items: T[] = []
    for (let index = from; index < from + count && index < this.#size; index++) {
      const item = this.at(index)
      if (item !== undefined) items.push(item)
    }
    return items
  }

  clear(): void {
    this.#slots = []
    this.#head = 0
    this.#size = 0
  }

  #grow(): void {
    const grown = new Array<T | undefined>(Math.max(4, this.#slots.length * 2))
    for (let index = 0; index < this.#size; index++) grown[index] = this.at(index)
    this.#slots = grown
    this.#head = 0
  }
}
