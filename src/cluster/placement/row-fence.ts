import type { Queries } from '../../store/index.ts'
import type { SlotTerm } from './lease-store.ts'

/** Guards rows that the owners of slots share: it lies where they are, so that what a former owner writes late is refused there. */
export interface RowFence {
  /** Asked first in a transaction: whether the term is the slot's present one. If so it stays that until the transaction ends. */
  holds(queries: Queries, slot: SlotTerm): Promise<boolean>
}
