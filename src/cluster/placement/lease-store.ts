/** A node that is alive, and where others reach it. */
export interface ClusterMember {
  /** Its id, another one with every start. */
  readonly node: string
  /** Where others link to it, such as `ws://10.0.0.4:7400`. */
  readonly address: string
  /** It is about to end: it gives its slots to others and takes none. */
  readonly isDraining?: boolean
}

export interface LivingMember extends ClusterMember {
  /** For how long it counts as alive, by the store's clock when it was read. */
  readonly leftMs: number
}

/** The owner of a slot. The term grows by one with every owner, so that writes under an older term are recognised. */
export interface Lease {
  readonly slot: number
  /** '' where its last owner gave it back. */
  readonly owner: string
  readonly term: number
}

/** A slot and the term that is expected of it, 0 where nobody ever had it. */
export type SlotTerm = Pick<Lease, 'slot' | 'term'>

export interface Placement {
  /** Those alive by the clock of the store, by their ids. */
  readonly members: readonly LivingMember[]
  /** Of every slot that ever had an owner. */
  readonly leases: readonly Lease[]
}

export interface Watching {
  close(): void
}

/**
 * Where nodes agree on who owns what. A lease lasts as long as its owner's membership, so that renewing costs one row a node; leases
 * change by compare-and-set on their term. Time is the store's own: clocks of nodes need not agree.
 * Every implementation passes `leaseStoreContract` of `test/contract/lease-store.ts`.
 */
export interface LeaseStore {
  /** The member is alive for `ttlMs` from now on. */
  renew(member: ClusterMember, ttlMs: number): Promise<void>
  /** The member ends: what it owned is free at once. */
  leave(node: string): Promise<void>
  read(): Promise<Placement>
  /**
   * Takes each slot whose term is still the given one and whose owner is gone; the term is one more then. A member that is not alive takes
   * nothing, and a slot that a write under way holds may be left out. @returns the slots that were taken, with their new terms
   */
  take(node: string, slots: readonly SlotTerm[]): Promise<readonly SlotTerm[]>
  /** Gives back each slot that is owned by the node under the given term. */
  release(node: string, slots: readonly SlotTerm[]): Promise<void>
  /**
   * Calls when others than this node have changed who is there or who owns what, and whenever that may have been missed. A member whose time
   * is over is no change.
   */
  watch(node: string, changed: () => void): Watching
}

/** Guards writes by the term of a slot, where the rows are: what a former owner writes late must not be there. */
export interface Fence {
  /** Runs the write if the term is the slot's present one, so that no take-over comes between. @returns undefined where it is not */
  fenced<T>(slot: SlotTerm, write: () => T): T | undefined
}
