import { z } from 'zod'
import type { SlotTerm } from '../../../src/cluster/index.ts'
import { CommandError } from '../../../src/protocol/index.ts'
import type { Application } from '../../../src/server/index.ts'
import type { LeaseLine } from './lease-line.ts'

/** A command that runs at the owner of a key. */
export const writeCommand = 'sim.write'
export const writeSchema = z.object({ key: z.string(), n: z.number() })

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

  has(key: string, n: number): boolean {
    return this.#known.has(`${key} ${n}`)
  }

  /** Lets a node write as the owner of a key, under the fence: what a former owner writes late is not there. */
  addTo(application: Application, leases: LeaseLine): void {
    application.command(
      writeCommand,
      writeSchema,
      async ({ key, n }) => {
        const owner = application.topology.ownerOf(key)
        if (owner.kind !== 'here') throw new CommandError({ code: 421, message: 'another node owns it', temporary: true })
        const { slot, term } = owner
        const isWritten = await leases.fenced({ slot, term }, () => this.#write({ slot, term, key, n, node: application.node.id }))
        if (isWritten !== true) throw new CommandError({ code: 421, message: 'another node owns it by now', temporary: true })
        return { key, n }
      },
      { anonymous: true },
    )
  }

  /** The same again is written already. */
  #write(row: Written): boolean {
    if (!this.has(row.key, row.n)) this.written.push(row)
    this.#known.add(`${row.key} ${row.n}`)
    return true
  }
}
