import { afterAll, beforeAll, describe } from 'bun:test'
import { SQL } from 'bun'
import { SimClock } from '../../sim/core/clock.ts'
import { MemoryLeaseStore } from '../../src/cluster/placement/index.ts'
import { lacks, Postgres, until } from '../kit/index.ts'
import { leaseStoreContract } from './lease-store.ts'
import { placementDatabase, storeAt } from './placement-database.ts'

leaseStoreContract('in memory', async () => {
  const clock = new SimClock()
  return {
    store: new MemoryLeaseStore(clock),
    tellsAtFirst: false,
    done: work => work,
    pass: async ms => clock.advance(ms),
    until: (what, holds) =>
      until(what, () => {
        clock.settle()
        return holds()
      }).then(() => undefined),
    close: async () => undefined,
  }
})

describe.skipIf(lacks('postgres', 'leases in Postgres'))('Postgres', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await Postgres.start()
  })
  afterAll(() => postgres?.[Symbol.asyncDispose]())

  leaseStoreContract('in Postgres', async () => {
    const url = await placementDatabase(postgres)
    const store = storeAt(url)
    const admin = new SQL(url, { max: 1 })
    return {
      store,
      tellsAtFirst: true,
      done: work => work,
      // Its clock cannot be moved: what it compares with it is.
      pass: async ms => void (await admin.unsafe(`update cluster_member set until = until - interval '${ms} milliseconds'`)),
      until: (what, holds) => until(what, holds).then(() => undefined),
      close: async () => {
        await store.close()
        await admin.close({ timeout: 0 })
      },
    }
  })
})
