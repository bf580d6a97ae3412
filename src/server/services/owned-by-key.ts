import type { z } from 'zod'
import { movedError, type Owner, type SlotTerm, type Topology } from '../../cluster/index.ts'
import type { CommandContext, Log } from '../../hub/index.ts'
import { type Answer, answered, type Clock, type Json, type Timer } from '../../kit/index.ts'
import { CommandError, describeIssue, errors } from '../../protocol/index.ts'
import type { Queries, Sql } from '../../store/index.ts'
import type { Owned, OwnedMethod, OwnedOptions, Ownership } from './owned.ts'

/** The parts of a node's place among others that its owned things need. */
export type OwnedTopology = Pick<Topology, 'callOwner' | 'fence' | 'isShared' | 'owned' | 'ownerOf'>

export interface OwnedContext {
  readonly clock: Clock
  readonly log: Log
  readonly topology: OwnedTopology
  /** The rows of the service. @throws Error where it has none */
  sql(): Sql
}

/** After keys could not be opened, for example because the store does not answer. */
const retryMs = 1000
const nobody: CommandContext = { user: '' }

interface Entry<T> {
  readonly ownership: HeldOwnership
  readonly opening: Promise<T>
  one?: { readonly value: T }
}

/** Opens things at the node that owns them, and closes them when it does not any more. */
export class OwnedByKey<T> implements Owned<T> {
  /** In the order in which they were called for. */
  readonly #entries = new Map<string, Entry<T>>()
  /** By key, those that are ending: another one waits for that. */
  readonly #closing = new Map<string, Promise<void>>()
  readonly #ends: (() => void)[]
  #state: 'made' | 'begun' | 'closed' = 'made'
  #waking: Promise<void> | undefined
  #isWokenAgain = false
  #retry: Timer | undefined

  /** @param kind the first part of its keys and methods: no other has it */
  constructor(
    readonly kind: string,
    readonly options: OwnedOptions<T>,
    readonly context: OwnedContext,
  ) {
    this.#ends = [context.topology.owned.listen({ gained: () => this.#wake(), lost: slots => this.#lose(slots) })]
  }

  /** The service has started. Resolves when the keys that need no call have been opened here, or could not be. */
  async begin(): Promise<void> {
    this.#state = 'begun'
    this.#wake()
    await this.#waking
  }

  method<S extends z.ZodType, R>(
    name: string,
    schema: S,
    run: (one: T, input: z.output<S>, caller: CommandContext) => Answer<R>,
  ): OwnedMethod<z.input<S>> {
    const { topology } = this.context
    const method = `${this.kind}.${name}`
    const call = async (full: string, data: Json | undefined, caller: CommandContext) => {
      const { success, data: input, error } = schema.safeParse(data)
      if (!success) throw new CommandError(errors.badRequest, describeIssue(error))
      try {
        return await answered<R>(run(await this.at(full.slice(this.kind.length + 1)), input, caller))
      } catch (thrown) {
        throw forNow(thrown)
      }
    }
    this.#ends.push(topology.owned.answer(method, call))
    return async (key, input, caller = nobody) => {
      // What crosses to another node is JSON, as the schema says.
      return (await topology.callOwner(this.#full(key), method, input as Json, caller)) ?? null
    }
  }

  here(key: string): T | undefined {
    const entry = this.#entries.get(key)
    return entry?.ownership.isHeld ? entry.one?.value : undefined
  }

  async close(): Promise<void> {
    this.#state = 'closed'
    this.#retry?.cancel()
    for (const end of this.#ends) end()
    await Promise.all([...this.#entries].map(([key, entry]) => this.#end(key, entry)))
    await Promise.all(this.#closing.values())
  }

  async at(key: string): Promise<T> {
    if (this.#state === 'closed') throw new CommandError({ code: 503, message: 'this node is shutting down', temporary: true })
    const owner = this.#ownerOf(key)
    if (owner.kind !== 'here') throw new CommandError(movedError)
    const known = this.#entries.get(key)
    if (known !== undefined && known.ownership.term === owner.term) {
      this.#entries.delete(key)
      this.#entries.set(key, known)
      return await known.opening
    }
    if (known !== undefined) void this.#end(key, known)
    return await this.#open(key, owner)
  }

  async #open(key: string, slot: SlotTerm): Promise<T> {
    const ownership = new HeldOwnership(key, this.#full(key), slot, this.context)
    const opening = (this.#closing.get(key) ?? Promise.resolve()).then(() => this.options.open(key, ownership))
    const entry: Entry<T> = { ownership, opening }
    this.#entries.set(key, entry)
    try {
      const value = await opening
      entry.one = { value }
      this.#closeIdle()
      return value
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
      throw error
    }
  }

  #end(key: string, entry: Entry<T>): Promise<void> {
    if (this.#entries.get(key) === entry) this.#entries.delete(key)
    const { close } = this.options
    const closing = entry.opening
      .then(
        one => close?.call(this.options, one, key),
        () => undefined,
      )
      .catch((error: unknown) => this.context.log.error({ kind: this.kind, key, err: error }, 'it could not be closed'))
      .finally(() => {
        entry.ownership.end()
        if (this.#closing.get(key) === closing) this.#closing.delete(key)
      })
    this.#closing.set(key, closing)
    return closing
  }

  #closeIdle(): void {
    const { openMax = Number.POSITIVE_INFINITY, isIdle } = this.options
    if (this.#entries.size <= openMax) return
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= openMax) return
      if (entry.one !== undefined && isIdle?.call(this.options, entry.one.value)) void this.#end(key, entry)
    }
  }

  async #lose(slots: readonly SlotTerm[]): Promise<void> {
    const lost = new Set(slots.map(({ slot }) => slot))
    const ending = [...this.#entries].filter(([, { ownership }]) => lost.has(ownership.slot.slot))
    await Promise.all(ending.map(([key, entry]) => this.#end(key, entry)))
  }

  /** Opens what must be open here. Slots that come meanwhile are looked at as well. */
  #wake(): void {
    if (this.#state !== 'begun' || this.options.keys === undefined) return
    this.#isWokenAgain = true
    this.#waking ??= this.#openKeys().finally(() => {
      this.#waking = undefined
    })
  }

  async #openKeys(): Promise<void> {
    while (this.#isWokenAgain && this.#state === 'begun') {
      this.#isWokenAgain = false
      try {
        for (const key of (await this.options.keys?.()) ?? []) if (this.#ownerOf(key).kind === 'here') await this.at(key)
      } catch (error) {
        this.context.log.warn({ kind: this.kind, err: error }, 'what this node owns could not be opened; trying again')
        this.#retry?.cancel()
        this.#retry = this.context.clock.after(retryMs, () => this.#wake())
        return
      }
    }
  }

  #ownerOf(key: string): Owner {
    return this.context.topology.ownerOf(this.#full(key))
  }

  #full(key: string): string {
    return `${this.kind}:${key}`
  }
}

/** Reasons of a `SqlError` that pass. */
const passing: ReadonlySet<string> = new Set(['unavailable', 'contended', 'overloaded'])

/** A store that does not answer passes, wherever the call came from. */
function forNow(error: unknown): unknown {
  const passes = error instanceof Error && error.name === 'SqlError' && passing.has(String(Reflect.get(error, 'reason')))
  return passes ? new CommandError(errors.internal, `the rows cannot be reached: ${error.message}`) : error
}

class HeldOwnership implements Ownership {
  #isOver = false

  constructor(
    readonly key: string,
    readonly full: string,
    readonly slot: SlotTerm,
    readonly context: OwnedContext,
  ) {}

  get term(): number {
    return this.slot.term
  }

  get isHeld(): boolean {
    if (this.#isOver) return false
    const owner = this.context.topology.ownerOf(this.full)
    return owner.kind === 'here' && owner.term === this.term
  }

  async write<T>(body: (queries: Queries) => Promise<T>): Promise<T> {
    const { fence } = this.context.topology
    if (!this.isHeld) throw new CommandError(movedError)
    return await this.context.sql().transaction(async queries => {
      if (fence !== undefined && !(await fence.holds(queries, this.slot))) throw new CommandError(movedError)
      return await body(queries)
    })
  }

  end(): void {
    this.#isOver = true
  }
}
