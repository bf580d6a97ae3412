import { z } from 'zod'
import { isOver, keyOf, type Revocation, Revocations } from '../../hub/index.ts'
import type { Clock } from '../../kit/index.ts'

const schema = z.union([
  z.object({ kind: z.literal('token'), uid: z.string(), expireAt: z.number() }),
  z.object({ kind: z.literal('user'), user: z.string(), channel: z.string(), issuedBefore: z.number(), expireAt: z.number() }),
])

/** Revocations as texts by key, which outlive the process. */
export interface RevocationRows {
  load(): readonly string[]
  put(key: string, body: string): void | Promise<void>
  /** One that is over: whether it is there does not matter any more. */
  remove(key: string, body: string): void
}

/** The revocations of the central node: in memory for those who ask, and in rows for after a restart. */
export class KeptRevocations {
  constructor(
    readonly revocations: Revocations,
    readonly rows: RevocationRows,
    readonly clock: Clock,
  ) {
    for (const body of rows.load()) this.#take(body)
  }

  /** Keeps it before anyone is told. @throws CommandError 106 where there are too many, and as the rows do */
  async keep(revocation: Revocation): Promise<void> {
    const known = new Revocations(this.clock)
    const before = this.revocations.find(keyOf(revocation))
    if (before !== undefined) known.add(before)
    else this.revocations.makeRoomForOne()
    const joined = known.add(revocation)
    if (joined !== undefined) await this.rows.put(keyOf(joined), JSON.stringify(joined))
  }

  #take(body: string): void {
    const revocation: Revocation = schema.parse(JSON.parse(body))
    if (isOver(revocation, this.clock.now())) this.rows.remove(keyOf(revocation), body)
    else this.revocations.add(revocation)
  }
}
