import type { ClusterMember, Fence, LeaseStore, Placement, SlotTerm, Watching } from '../../../src/cluster/index.ts'
import { between } from '../../../src/kit/index.ts'
import type { End, Network } from '../../core/network.ts'

/** A share of writes that are late, and by how much. */
const lateShare = 0.05
const lateMs = { from: 500, to: 6000 } as const

/** A node's way to the store of leases: what is asked may be lost, or its answer, or arrive late. */
export class LeaseLine implements LeaseStore {
  constructor(
    readonly store: LeaseStore & Fence,
    readonly network: Network,
    readonly node: End,
    readonly at: End,
  ) {}

  renew(member: ClusterMember, ttlMs: number): Promise<void> {
    return this.ask(() => this.store.renew(member, ttlMs))
  }

  leave(node: string): Promise<void> {
    return this.ask(() => this.store.leave(node))
  }

  read(): Promise<Placement> {
    return this.ask(() => this.store.read())
  }

  take(node: string, slots: readonly SlotTerm[]): Promise<readonly SlotTerm[]> {
    return this.ask(() => this.store.take(node, slots))
  }

  release(node: string, slots: readonly SlotTerm[]): Promise<void> {
    return this.ask(() => this.store.release(node, slots))
  }

  /** What changes is told over the same way. */
  watch(node: string, changed: () => void): Watching {
    // What runs on the machine later knows nothing of it.
    const { clock } = this.node
    return this.store.watch(node, () => {
      this.network.send(this.at, this.node, () => {
        if (this.node.clock === clock) changed()
      })
    })
  }

  /**
   * Writes where the rows are, if the term is the slot's present one. Some writes are long on their way, so that another may own the slot when
   * they arrive.
   * @returns undefined where it is not */
  fenced<T>(slot: SlotTerm, write: () => T): Promise<T | undefined> {
    const { random, time } = this.network
    if (random.next() >= lateShare) return this.ask(async () => this.store.fenced(slot, write))
    return new Promise((resolve, reject) => {
      time.after(between(random, lateMs.from, lateMs.to), () => {
        this.ask(async () => this.store.fenced(slot, write)).then(resolve, reject)
      })
    })
  }

  /** Done once, however often the question arrives; what is lost never comes to an end. */
  ask<T>(work: () => Promise<T>): Promise<T> {
    let outcome: Promise<T> | undefined
    return new Promise((resolve, reject) => {
      this.network.send(this.node, this.at, () => {
        if (outcome !== undefined) return
        outcome = work()
        const answer = () => this.network.send(this.at, this.node, () => outcome?.then(resolve, reject))
        outcome.then(answer, answer)
      })
    })
  }
}
