import type { Clock } from '../../kit/index.ts'
import type { Queries } from '../../store/index.ts'
import type { ClusterMember, Fence, Lease, LeaseStore, Placement, SlotTerm } from './lease-store.ts'
import type { RowFence } from './row-fence.ts'

/** Leases in the memory of one process: for a node alone, and for nodes that a simulation has in one process. */
export class MemoryLeaseStore implements LeaseStore, Fence, RowFence {
  readonly #members = new Map<string, { readonly member: ClusterMember; readonly until: number }>()
  readonly #leases = new Map<number, Lease>()

  constructor(readonly clock: Clock) {}

  async renew(member: ClusterMember, ttlMs: number): Promise<void> {
    this.#members.set(member.node, { member, until: this.clock.now() + ttlMs })
  }

  async leave(node: string): Promise<void> {
    this.#members.delete(node)
  }

  async read(): Promise<Placement> {
    for (const node of [...this.#members.keys()]) if (!this.#isAlive(node)) this.#members.delete(node)
    return { members: [...this.#members.values()].map(({ member }) => member), leases: [...this.#leases.values()] }
  }

  async take(node: string, slots: readonly SlotTerm[]): Promise<readonly SlotTerm[]> {
    if (!this.#isAlive(node)) return []
    const taken = slots.filter(({ slot, term }) => {
      const lease = this.#leases.get(slot)
      return term === (lease?.term ?? 0) && (lease === undefined || !this.#isAlive(lease.owner))
    })
    for (const { slot, term } of taken) this.#leases.set(slot, { slot, owner: node, term: term + 1 })
    return taken.map(({ slot, term }) => ({ slot, term: term + 1 }))
  }

  async release(node: string, slots: readonly SlotTerm[]): Promise<void> {
    for (const { slot, term } of slots) {
      const lease = this.#leases.get(slot)
      if (lease?.owner === node && lease.term === term) this.#leases.set(slot, { slot, owner: '', term })
    }
  }

  fenced<T>({ slot, term }: SlotTerm, write: () => T): T | undefined {
    return this.#leases.get(slot)?.term === term ? write() : undefined
  }

  /** True of rows that lie in memory as well: transactions in them follow one another. */
  async holds(_: Queries, { slot, term }: SlotTerm): Promise<boolean> {
    return this.#leases.get(slot)?.term === term
  }

  #isAlive(node: string): boolean {
    return (this.#members.get(node)?.until ?? Number.NEGATIVE_INFINITY) > this.clock.now()
  }
}
