import { SimClock } from '../../sim/core/clock.ts'
import { MemoryLeaseStore } from '../../src/cluster/placement/index.ts'
import { leaseStoreContract } from './lease-store.ts'

leaseStoreContract('in memory', async () => {
  const clock = new SimClock()
  return {
    store: new MemoryLeaseStore(clock),
    done: work => work,
    pass: async ms => clock.advance(ms),
    close: async () => undefined,
  }
})
