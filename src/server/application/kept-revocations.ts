import { join } from 'node:path'
import { z } from 'zod'
import { isOver, keyOf, type Revocation, Revocations } from '../../hub/index.ts'
import type { Clock } from '../../kit/index.ts'
import { SqliteRevocations } from '../../store/index.ts'
import type { Config } from '../config/index.ts'

const schema = z.union([
  z.object({ kind: z.literal('token'), uid: z.string(), expireAt: z.number() }),
  z.object({ kind: z.literal('user'), user: z.string(), channel: z.string(), issuedBefore: z.number(), expireAt: z.number() }),
])

/** The revocations of the central node: in memory for those who ask, and in the data folder for after a restart. */
export class KeptRevocations {
  readonly #rows: SqliteRevocations

  constructor(
    readonly revocations: Revocations,
    { store, data }: Config,
    readonly clock: Clock,
  ) {
    this.#rows = new SqliteRevocations(store.path === ':memory:' ? ':memory:' : join(data, 'revocations.sqlite'))
    for (const body of this.#rows.load()) this.#take(schema.parse(JSON.parse(body)))
  }

  /** Keeps it before anyone is told. @throws CommandError 106 where there are too many */
  keep(revocation: Revocation): void {
    const known = new Revocations(this.clock)
    const before = this.revocations.find(keyOf(revocation))
    if (before !== undefined) known.add(before)
    else this.revocations.makeRoomForOne()
    const joined = known.add(revocation)
    if (joined !== undefined) this.#rows.put(keyOf(joined), JSON.stringify(joined))
  }

  close(): void {
    this.#rows.close()
  }

  #take(revocation: Revocation): void {
    if (isOver(revocation, this.clock.now())) this.#rows.remove(keyOf(revocation))
    else this.revocations.add(revocation)
  }
}
