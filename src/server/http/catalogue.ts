import { z } from 'zod'
import type { CommandMethod } from '../../hub/index.ts'

/** All methods with the schemas of their input as JSON, made again only when there are others: it takes milliseconds, and anyone may ask. */
export class Catalogue {
  /** How often it was made. */
  made = 0
  #listed: readonly CommandMethod[] = []
  #json = '{"methods":[]}'

  constructor(readonly methods: ReadonlyMap<string, CommandMethod>) {}

  json(): string {
    if (!this.#isCurrent()) this.#make()
    return this.#json
  }

  #isCurrent(): boolean {
    if (this.#listed.length !== this.methods.size) return false
    let index = 0
    for (const method of this.methods.values()) if (this.#listed[index++] !== method) return false
    return true
  }

  #make(): void {
    this.made++
    this.#listed = [...this.methods.values()]
    const methods = [...this.methods].map(([method, { schema, anonymous }]) => ({
      method,
      anonymous,
      input: z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }),
    }))
    this.#json = JSON.stringify({ methods })
  }
}
