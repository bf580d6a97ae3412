import { CommandError, errors } from '../../protocol/index.ts'
import type { ClusterMember, SlotTerm } from './lease-store.ts'
import type { Leases } from './leases.ts'
import { slotCount, slotOf } from './slots.ts'

/** The owner of a key. */
export type Owner =
  | ({ readonly kind: 'here' } & SlotTerm)
  | { readonly kind: 'there'; readonly slot: number; readonly member: ClusterMember }
  /** Its owner is gone, and nobody has taken it yet. */
  | { readonly kind: 'nobody'; readonly slot: number }

/** A node was asked for a key that it does not own, or not any more. Crosses links as it is. */
export const movedError = { code: 421, message: 'another node owns it', temporary: true } as const

export interface Routes<T> {
  here(owned: SlotTerm): T | Promise<T>
  there(member: ClusterMember, slot: number): T | Promise<T>
}

/** How long a key that nobody owns is waited for: longer than it takes to hand it over in order, and far less than to find that a node died. */
const settleMs = 500

/** Routes a command about a key to the node that owns the key's slot. */
export class SlotRouter {
  constructor(
    readonly leases: Pick<Leases, 'termOf' | 'ownerOf' | 'refresh' | 'settled' | 'atRest'>,
    readonly node: string,
    readonly slots = slotCount,
  ) {}

  ownerOf(key: string): Owner {
    const slot = slotOf(key, this.slots)
    const term = this.leases.termOf(slot)
    if (term !== undefined) return { kind: 'here', slot, term }
    const member = this.leases.ownerOf(slot)
    return member === undefined || member.node === this.node ? { kind: 'nobody', slot } : { kind: 'there', slot, member }
  }

  /** Runs here or there. What has moved is looked up again, waited for while nobody owns it, and tried once more. @throws CommandError 100, temporary, where nobody owns the key */
  async route<T>(key: string, routes: Routes<T>): Promise<T> {
    try {
      return await this.#once(key, routes)
    } catch (error) {
      if (!isMoved(error)) throw error
    }
    // If the store does not answer, nothing new is known.
    await this.leases.refresh().catch(() => undefined)
    await this.leases.settled(slotOf(key, this.slots), settleMs)
    try {
      return await this.#once(key, routes)
    } catch (error) {
      throw isMoved(error) ? new CommandError(errors.internal, 'it is moving to another node') : error
    }
  }

  /** For what another node asked: runs it where this node owns the key, or is just taking it. @throws CommandError 421 where it does not */
  async serve<T>(key: string, run: (owned: SlotTerm) => T | Promise<T>): Promise<T> {
    if (this.ownerOf(key).kind !== 'here') await this.leases.atRest()
    const owner = this.ownerOf(key)
    if (owner.kind === 'here') return await run(owner)
    throw new CommandError(movedError)
  }

  async #once<T>(key: string, { here, there }: Routes<T>): Promise<T> {
    const owner = this.ownerOf(key)
    if (owner.kind === 'here') return await here(owner)
    if (owner.kind === 'nobody') throw new CommandError(movedError)
    return await there(owner.member, owner.slot)
  }
}

function isMoved(error: unknown): boolean {
  return error instanceof CommandError && error.code === movedError.code
}
