import { limits } from './limits.ts'
import { type Range, Ranges } from './ranges.ts'
import { joinSlots, type Slot } from './slot.ts'

/** What is known of a conversation's log: slots, and which stretches of it are complete. */
export class Thread {
  readonly #slots = new Map<number, Slot>()
  readonly #covered = new Ranges()
  #sorted: readonly Slot[] | undefined

  get size(): number {
    return this.#slots.size
  }

  get covered(): readonly Range[] {
    return this.#covered.list
  }

  /** By `seq`. The same array until something changed. */
  get slots(): readonly Slot[] {
    this.#sorted ??= [...this.#slots.values()].toSorted((left, right) => left.seq - right.seq)
    return this.#sorted
  }

  slot(seq: number): Slot | undefined {
    return this.#slots.get(seq)
  }

  /** @returns whether it was news */
  join(slot: Slot): boolean {
    const known = this.#slots.get(slot.seq)
    // Joining with itself brings a slot into the form that all others are in.
    const joined = joinSlots(known ?? slot, slot)
    if (joined === known) return false
    this.#slots.set(slot.seq, joined)
    this.#sorted = undefined
    return true
  }

  /** Everything from `from` to `to` that can be seen is known. @returns whether that is news */
  cover(from: number, to: number): boolean {
    return this.#covered.add(from, to)
  }

  covers(from: number, to: number): boolean {
    return this.#covered.covers(from, to)
  }

  /** Parts that are known, ascending: between two of them lies a hole that is too large to be filled unasked. */
  get parts(): readonly Range[] {
    const parts: [from: number, to: number][] = []
    for (const [from, to] of this.#covered.list) {
      const last = parts.at(-1)
      if (last !== undefined && from - last[1] - 1 <= limits.holeMax) last[1] = to
      else parts.push([from, to])
    }
    return parts
  }

  /** What is missing in a part, lowest first; in the newest, up to the newest place. */
  holes(newest: number, part = this.parts.at(-1)): Range[] {
    if (part === undefined) return []
    const end = part[1] === this.#covered.list.at(-1)?.[1] ? newest : part[1]
    const inside = this.#covered.list.filter(([from, to]) => from >= part[0] && to <= part[1])
    return inside.map(([, to], index): Range => [to + 1, (inside[index + 1]?.[0] ?? end + 1) - 1]).filter(([from, to]) => from <= to)
  }

  /** Keeps the newest slots; what is older can be paged again. A quarter more is let be, so that not every new one sorts them all. @returns whether any went */
  trim(slotsMax: number): boolean {
    if (this.#slots.size <= slotsMax * 1.25) return false
    const dropped = this.slots.slice(0, -slotsMax)
    for (const { seq } of dropped) this.#slots.delete(seq)
    this.#covered.dropBelow((dropped.at(-1)?.seq ?? 0) + 1)
    this.#sorted = undefined
    return true
  }
}
