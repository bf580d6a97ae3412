import type { Queries } from '../../../service.ts'
import { activeMembers, type ConversationRow } from './log.ts'

/** Conversations whose members are remembered; beyond, the one that was used longest ago is forgotten. */
const rostersMax = 2_000

interface Roster {
  readonly version: number
  readonly people: readonly string[]
}

/** Who is in a conversation, remembered until that changes: a message to a large group need not read hundreds of rows. */
export class Rosters {
  readonly #known = new Map<string, Roster>()

  /** Of a conversation that is held, and whose members this transaction has not changed. */
  async of(tx: Queries, { id, version }: ConversationRow): Promise<readonly string[]> {
    const known = this.#known.get(id)
    this.#known.delete(id)
    const roster = known?.version === version ? known : { version, people: await activeMembers(tx, id) }
    this.#known.set(id, roster)
    if (this.#known.size > rostersMax) for (const oldest of this.#known.keys()) return this.#forget(oldest, roster)
    return roster.people
  }

  #forget(id: string, { people }: Roster): readonly string[] {
    this.#known.delete(id)
    return people
  }
}
