import type { z } from 'zod'
import type { CommandContext } from '../../hub/index.ts'
import type { Answer, Json } from '../../kit/index.ts'
import type { Queries } from '../../store/index.ts'

/** A node's right to a key, from when it gained the key's slot to when it lost it. Whoever owns the key next has a higher term. */
export interface Ownership {
  readonly key: string
  readonly term: number
  /** False for good once another node may own the key, by this node's own clock: nothing more is told or acknowledged then. */
  readonly isHeld: boolean
  /**
   * Commits rows of the service as the owner: nothing of it where another node has become the owner meanwhile, however late it arrives.
   * The body keeps to what `Sql.transaction` asks of it. @throws CommandError 421, which the caller's node takes to the present owner
   */
  write<T>(body: (queries: Queries) => Promise<T>): Promise<T>
}

/** How a service keeps things of one kind in the memory of their owners: games, rooms, queues. */
export interface OwnedOptions<T> {
  /**
   * Makes the one of a key, at its owner, when it is first called for. All that earlier owners committed is in the rows that it reads here;
   * what they had under way never will be.
   */
  open(key: string, ownership: Ownership): T | Promise<T>
  /**
   * Ends it: the key has another owner, the service ends, or it was idle and there were too many. Resolves when nothing goes on. Rows can be
   * written as long as the ownership is held.
   */
  close?(one: T, key: string): void | Promise<void>
  /** Keys that must be open without a call, such as queues. Asked at the start and whenever slots were gained; others' keys are passed over. */
  keys?(): Iterable<string> | Promise<Iterable<string>>
  /** How many may be open while some are idle; no bound where absent. Beyond, the idle one that was called for least lately is closed. */
  readonly openMax?: number
  isIdle?(one: T): boolean
}

/** A method of owned things: called at any node, runs at the owner of the key. */
export type OwnedMethod<I> = (key: string, input: I, caller?: CommandContext) => Promise<Json>

/** The things of one kind, each in the memory of the one node that owns its key. */
export interface Owned<T> {
  /**
   * Adds a method. Clients cannot call it; what it is called with and returns crosses between nodes as JSON. Calls of one key may overlap.
   * The method that is returned throws CommandError 100, temporary, while the key has no owner, and whatever `run` throws.
   */
  method<S extends z.ZodType, R>(
    name: string,
    schema: S,
    run: (one: T, input: z.output<S>, caller: CommandContext) => Answer<R>,
  ): OwnedMethod<z.input<S>>
  /** The one of a key that this node owns, opened where it was not. @throws CommandError 421 where another node owns it */
  at(key: string): Promise<T>
  /** The one that is open here, while this node owns it. */
  here(key: string): T | undefined
}
