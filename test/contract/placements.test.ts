import { afterAll, beforeAll, describe } from 'bun:test'
import { SimClock } from '../../sim/core/clock.ts'
import { MemoryLeaseStore } from '../../src/cluster/placement/index.ts'
import { lacks, Postgres, TurnClock, until } from '../kit/index.ts'
import { placementContract } from './placement.ts'
import { patientTtlMs, placementDatabase, storeAt } from './placement-database.ts'

/** Within which everything must have happened in memory: beats are further apart, so that no node waited for its own. */
const withinMs = 300

placementContract('in memory', async () => {
  const clock = new SimClock()
  const store = new MemoryLeaseStore(clock)
  return {
    clock,
    ttlMs: 1500,
    store: () => store,
    done: async work => {
      clock.advance(withinMs)
      return await work
    },
    until: async (what, holds) => {
      for (let ms = 0; !holds(); ms++) {
        if (ms > withinMs) throw new Error(`in vain for ${withinMs} ms until ${what}`)
        clock.advance(1)
      }
    },
    close: async () => undefined,
  }
})

describe.skipIf(lacks('postgres', 'placement over Postgres'))('Postgres', () => {
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await Postgres.start()
  })
  afterAll(() => postgres?.[Symbol.asyncDispose]())

  // Beats are minutes apart, so that nodes act on what they are told alone; and time is slow, so that nothing is late on a busy machine.
  placementContract('over Postgres', async () => {
    const url = await placementDatabase(postgres)
    return {
      clock: new TurnClock(0.01),
      ttlMs: patientTtlMs,
      store: () => storeAt(url),
      done: work => work,
      until: (what, holds) => until(what, holds).then(() => undefined),
      close: async () => undefined,
    }
  })
})
