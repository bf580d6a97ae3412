import type { CommandContext, Node } from '../hub/index.ts'
import type { Json } from '../kit/index.ts'
import { CommandError } from '../protocol/index.ts'
import type { SlotTerm } from './placement/index.ts'

/** Something that runs at the owner of a key. @throws CommandError 421 where this node is not the owner any more */
export type OwnedCall = (key: string, data: Json | undefined, context: CommandContext) => Promise<Json | undefined>

/** Hears which slots are this node's. */
export interface OwnershipListener {
  gained(slots: readonly SlotTerm[]): void
  /** Resolves when everything that was begun for them has ended. */
  lost(slots: readonly SlotTerm[]): void | Promise<void>
}

/** What a node's own code does for the keys that the node owns. Other nodes may call it; clients cannot. */
export class OwnedCalls {
  readonly #calls = new Map<string, OwnedCall>()
  readonly #listeners = new Set<OwnershipListener>()

  /** @returns what ends it. @throws Error where there is one of its name */
  answer(method: string, call: OwnedCall): () => void {
    if (this.#calls.has(method)) throw new Error(`${method} is answered already`)
    this.#calls.set(method, call)
    return () => void this.#calls.delete(method)
  }

  /** @returns what ends it */
  listen(listener: OwnershipListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Own code's call, else the command that clients know. @throws CommandError 503, temporary, where nothing of that name has started here yet */
  async run(node: Node, method: string, [key, data, context]: Parameters<OwnedCall>): Promise<Json | undefined> {
    const call = this.#calls.get(method)
    if (call !== undefined) return await call(key, data, context)
    if (node.methods.has(method)) return await node.call(method, data, context)
    throw new CommandError({ code: 503, message: `${method} has not started on this node yet`, temporary: true })
  }

  gained(slots: readonly SlotTerm[]): void {
    for (const listener of this.#listeners) listener.gained(slots)
  }

  async lost(slots: readonly SlotTerm[]): Promise<void> {
    await Promise.all([...this.#listeners].map(listener => listener.lost(slots)))
  }
}
