import type { Clock } from '../../kit/index.ts'
import type { Queries } from '../../store/index.ts'
import type { ClusterMember, Fence, Lease, LeaseStore, Placement, SlotTerm, Watching } from './lease-store.ts'
import type { RowFence } from './row-fence.ts'

/** Leases in the memory of one process: for a node alone, and for nodes that a simulation has in one process. */
export class MemoryLeaseStore implements LeaseStore, Fence, RowFence {
  readonly #members = new Map<string, { readonly member: ClusterMember; readonly until: number }>()
  readonly #leases = new Map<number, Lease>()
  readonly #watching = new Set<{ readonly node: string; readonly changed: () => void }>()

  constructor(readonly clock: Clock) {}

  async renew(member: ClusterMember, ttlMs: number): Promise<void> {
    const known = this.#members.get(member.node)
    this.#members.set(member.node, { member, until: this.clock.now() + ttlMs })
    const isKnown = known !== undefined && known.member.isDraining === member.isDraining && known.member.address === member.address
    if (!isKnown) this.#tell(member.node)
  }

  async leave(node: string): Promise<void> {
    this.#members.delete(node)
    for (const lease of this.#leases.values()) if (lease.owner === node) this.#leases.set(lease.slot, { ...lease, owner: '' })
    this.#tell(node)
  }

  async read(): Promise<Placement> {
    const now = this.clock.now()
    for (const node of [...this.#members.keys()]) if (!this.#isAlive(node)) this.#members.delete(node)
    const members = [...this.#members.values()].map(({ member, until }) => ({ ...member, leftMs: until - now }))
    return { members: members.sort((left, right) => (left.node < right.node ? -1 : 1)), leases: [...this.#leases.values()] }
  }

  async take(node: string, slots: readonly SlotTerm[]): Promise<readonly SlotTerm[]> {
    if (!this.#isAlive(node)) return []
    const taken = slots.filter(({ slot, term }) => {
      const lease = this.#leases.get(slot)
      return term === (lease?.term ?? 0) && (lease === undefined || !this.#isAlive(lease.owner))
    })
    for (const { slot, term } of taken) this.#leases.set(slot, { slot, owner: node, term: term + 1 })
    if (taken.length > 0) this.#tell(node)
    return taken.map(({ slot, term }) => ({ slot, term: term + 1 }))
  }

  async release(node: string, slots: readonly SlotTerm[]): Promise<void> {
    const owned = slots.filter(({ slot, term }) => {
      const lease = this.#leases.get(slot)
      return lease?.owner === node && lease.term === term
    })
    for (const { slot, term } of owned) this.#leases.set(slot, { slot, owner: '', term })
    if (owned.length > 0) this.#tell(node)
  }

  watch(node: string, changed: () => void): Watching {
    const watching = { node, changed }
    this.#watching.add(watching)
    return { close: () => this.#watching.delete(watching) }
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

  /** Later, as over a connection. */
  #tell(by: string): void {
    this.clock.soon(() => {
      for (const { node, changed } of [...this.#watching]) if (node !== by) changed()
    })
  }
}
