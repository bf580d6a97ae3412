import type { Clock } from '../../../kit/index.ts'
import { CommandError } from '../../../protocol/index.ts'
import { type Queries, type Sql, SqlError } from '../../../service.ts'
import type { InboxAppend } from './inbox-append.ts'
import { type PlaceClock, type PlaceRange, takeClock } from './place-clock.ts'

/** One chat transaction: its queries, its time, and what happens once it is committed. */
export interface UnitOfWork {
  readonly tx: Queries
  readonly now: number
  /** Gives places in the order of all that comes into inboxes. */
  readonly clock: PlaceClock
  /** Entries appended to inboxes, in the order in which they are delivered. */
  readonly inboxAppends: InboxAppend[]
  /** Conversations whose authors are due a receipt, since somebody received or read more. */
  readonly receiptsDue: Set<string>
  /** New participants of conversations: from now on the others may see their presence. */
  readonly opened: { readonly conversation: string; readonly person: string }[]
}

/** Is called once a unit of work is durable. */
export interface CommitListener {
  /** Called in the order of commits. `stretch` are the places that it took. */
  deliver(inboxAppends: readonly InboxAppend[], stretch: PlaceRange): void
  receiptsDue(conversation: string): void
  opened?(conversation: string, person: string): void
}

/** Units of work that share one transaction. An urgent one waits behind at most so many that may wait. */
const togetherMax = 16

/** A unit of work that waits for its turn. */
interface Waiting {
  /** Whether it changes nothing before it has found that it may, so that it can share a transaction with others. */
  readonly isMild: boolean
  /** Notes what comes of it. What a user did wrong is an outcome where it shares a transaction; anything else is thrown. */
  run(change: UnitOfWork, isShared: boolean): Promise<void>
  /** Tells whoever waits, once what was noted is durable. */
  settle(): void
  fail(error: unknown): void
}

interface Gathered<I, O> {
  readonly input: I
  resolve(outcome: O): void
  reject(error: unknown): void
}

/**
 * Runs units of work, one transaction after another: all of one is durable before anything of it is published. What waits meanwhile shares the
 * next transaction.
 */
export class UnitsOfWork {
  readonly #urgent: Waiting[] = []
  readonly #patient: Waiting[] = []
  #isWorking = false

  constructor(
    readonly sql: Sql,
    readonly clock: Clock,
    readonly reader: CommitListener,
  ) {}

  /** The body may run again if the store asks for it, and then starts with an empty unit of work. */
  commit<T>(body: (change: UnitOfWork) => Promise<T>): Promise<T> {
    return this.#wait(this.#urgent, false, body)
  }

  /** The same for a body that changes nothing before it has found that it may. */
  commitTogether<T>(body: (change: UnitOfWork) => Promise<T>): Promise<T> {
    return this.#wait(this.#urgent, true, body)
  }

  /** The same for what may wait a moment, as acknowledgements, which come from everyone at once: what cannot wait is let in between. */
  commitLater<T>(body: (change: UnitOfWork) => Promise<T>): Promise<T> {
    return this.#wait(this.#patient, true, body)
  }

  /** What comes before its turn is done in one go, by one body: the outcome of each, in their order. */
  gather<I, O>(
    most: number,
    run: (change: UnitOfWork, given: readonly I[]) => Promise<readonly (O | CommandError)[]>,
  ): (input: I) => Promise<O> {
    const waiting: Gathered<I, O>[] = []
    const queue = (each: () => readonly Gathered<I, O>[]) => {
      const body = async (change: UnitOfWork) => {
        const some = each()
        if (some.length === 0) return []
        const outcomes = await run(
          change,
          some.map(({ input }) => input),
        )
        return some.map((one, index) => ({ one, outcome: outcomes[index] }))
      }
      return this.#wait(this.#patient, false, body).then(outcomes => {
        for (const { one, outcome } of outcomes) {
          if (outcome === undefined || outcome instanceof CommandError) one.reject(outcome)
          else one.resolve(outcome)
        }
      })
    }
    const queueAll = () => {
      let taken: readonly Gathered<I, O>[] | undefined
      const take = () => {
        taken ??= waiting.splice(0, most)
        return taken
      }
      queue(take).catch((error: unknown) => {
        // Whichever of them it was: each finds out for itself.
        const some = take()
        if (some.length === 1 || isAway(error)) for (const one of some) one.reject(error)
        else for (const one of some) queue(() => [one]).catch(one.reject)
      })
    }
    return input => {
      const { promise, resolve, reject } = Promise.withResolvers<O>()
      waiting.push({ input, resolve, reject })
      // As many turns as there are full ones, each taken by the first that is in it.
      if (waiting.length % most === 1 || most === 1) queueAll()
      return promise
    }
  }

  #wait<T>(waiting: Waiting[], isMild: boolean, body: (change: UnitOfWork) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let settle = () => {}
    waiting.push({
      isMild,
      run: async (change, isShared) => {
        try {
          const result = await body(change)
          settle = () => resolve(result)
        } catch (error) {
          if (!isShared || !(error instanceof CommandError)) throw error
          settle = () => reject(error)
        }
      },
      settle: () => settle(),
      fail: reject,
    })
    if (!this.#isWorking) void this.#work()
    return promise
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    for (let turn = 0; ; turn++) {
      // Neither keeps the other from its turn.
      const [first, second] = turn % 2 === 0 ? [this.#urgent, this.#patient] : [this.#patient, this.#urgent]
      const together = next(first.length > 0 ? first : second)
      if (together.length === 0) break
      await this.#settled(together)
    }
    this.#isWorking = false
  }

  async #settled(together: readonly Waiting[]): Promise<void> {
    try {
      await this.#transact(together)
    } catch (error) {
      // Whoever came while a store that is away was waited for has waited long enough.
      if (isAway(error)) for (const each of [...together, ...this.#urgent.splice(0), ...this.#patient.splice(0)]) each.fail(error)
      else if (together.length === 1) together[0]?.fail(error)
      // Whichever of them it was: each finds out for itself, and whoever waits for it is told.
      else for (const each of together) await this.#settled([each])
    }
  }

  async #transact(together: readonly Waiting[]): Promise<void> {
    const change = await this.sql.transaction(async tx => {
      const clock = await takeClock(tx, this.sql.dialect)
      const change: UnitOfWork = { tx, now: this.clock.now(), clock, inboxAppends: [], receiptsDue: new Set(), opened: [] }
      for (const { run } of together) await run(change, together.length > 1)
      await clock.keep()
      return change
    })
    this.reader.deliver(change.inboxAppends, change.clock.stretch)
    for (const { settle } of together) settle()
    for (const conversation of change.receiptsDue) this.reader.receiptsDue(conversation)
    for (const { conversation, person } of change.opened) this.reader.opened?.(conversation, person)
  }
}

function isAway(error: unknown): boolean {
  return error instanceof SqlError && error.reason === 'unavailable'
}

/** The first that wait, as far as they go into one transaction. */
function next(waiting: Waiting[]): Waiting[] {
  if (waiting[0]?.isMild !== true) return waiting.splice(0, 1)
  const others = waiting.findIndex(({ isMild }) => !isMild)
  return waiting.splice(0, Math.min(others === -1 ? waiting.length : others, togetherMax))
}
