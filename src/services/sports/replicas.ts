import { type Clock, Rounds } from '../../kit/index.ts'
import { limits } from './limits.ts'
import type { Before } from './match.ts'
import { Match } from './match.ts'
import type { KeptChange, SportsStore } from './store.ts'
import type { UndoEntry } from './undo-log.ts'

type Rows = Pick<SportsStore, 'changeOf' | 'match'>

/** Games of other nodes, as their rows say. Each is read again when it is asked for, and of that only what has changed. */
export class Replicas {
  /** In the order in which they were asked for. */
  readonly #replicas = new Map<string, Replica>()

  constructor(
    readonly clock: Clock,
    readonly store: Rows,
  ) {}

  /** The match with everything that was kept before this call; undefined where there is no such game. */
  async match(id: string): Promise<Match | undefined> {
    const replica = this.#replicas.get(id) ?? new Replica(id, this.clock, this.store)
    this.#replicas.delete(id)
    this.#replicas.set(id, replica)
    for (const oldest of this.#replicas.keys()) {
      if (this.#replicas.size <= limits.loadedMax) break
      this.#replicas.delete(oldest)
    }
    const match = await replica.match()
    if (match === undefined && this.#replicas.get(id) === replica) this.#replicas.delete(id)
    return match
  }
}

class Replica {
  #match: Match | undefined
  #change = 0
  readonly #rounds = new Rounds(() => this.#catchUp())

  constructor(
    readonly id: string,
    readonly clock: Clock,
    readonly store: Rows,
  ) {}

  async match(): Promise<Match | undefined> {
    await this.#rounds.ask()
    return this.#match
  }

  async #catchUp(): Promise<void> {
    const { id, store } = this
    if (this.#match !== undefined && (await store.changeOf(id)) === this.#change) return
    const kept = await store.match(id, this.#match === undefined ? 0 : this.#change)
    if (kept === undefined) return
    if (this.#match?.run === kept.run) this.#match.catchUp(kept)
    else {
      // Begun again: what was before is in its past, and none of its events.
      const whole = this.#match === undefined ? kept : await store.match(id)
      if (whole === undefined) return
      this.#match = new Match({ ...whole, seen: [], undoLog: whole.past.flatMap(entryOf) }, this.clock.now())
      this.#change = whole.change
      return
    }
    this.#change = kept.change
  }
}

export function entryOf({ atMs, before }: KeptChange): UndoEntry<Before>[] {
  return before === undefined ? [] : [{ atMs, before }]
}
