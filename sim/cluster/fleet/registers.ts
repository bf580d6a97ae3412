import { z } from 'zod'
import type { SlotTerm } from '../../../src/cluster/index.ts'
import { request } from '../../../src/cluster/row.ts'

/** A write that only the owner of a key may do, asked of another node. */
export const writeRow = request('sim.write', z.object({ key: z.string(), n: z.number() }), z.object({ key: z.string(), n: z.number() }))

export interface Written extends SlotTerm {
  readonly key: string
  readonly n: number
  /** The node that wrote it as the owner. */
  readonly node: string
}

/** Rows that owners write, at the store of leases, in the order in which they were written. */
export class Registers {
  readonly written: Written[] = []
  readonly #known = new Set<string>()

  /** The same again is written already. */
  write(row: Written): void {
    const name = `${row.key} ${row.n}`
    if (this.#known.has(name)) return
    this.#known.add(name)
    this.written.push(row)
  }

  has(key: string, n: number): boolean {
    return this.#known.has(`${key} ${n}`)
  }
}
