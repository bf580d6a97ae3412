import type { z } from 'zod'
import type { Owner } from '../../cluster/index.ts'
import type { Namespace } from '../../hub/index.ts'
import type { KeyedRate } from '../../kit/index.ts'
import type { MigrationStep, Sql } from '../../store/index.ts'
import type { ServiceOptions } from '../config/index.ts'
import type { Page, ServerCalls } from '../server-calls.ts'
import type { Owned, OwnedOptions } from './owned.ts'

/** Limits how often each key may do something. A key that was not used for a while costs nothing. */
export interface RateLimit {
  /** @throws CommandError 429 with the time to wait */
  spend(key: string, count?: number): void
}

/** The store of a service, for data that outlives the process. */
export interface ServiceStore {
  /** The data folder, for files. */
  readonly folder: string
  /** The SQLite file of this machine, for `openTables`; `:memory:` where nothing is kept. */
  readonly path: string
  /** Rows in SQLite or Postgres, as configured. The service's `migrations` have run. @throws Error where it has none */
  readonly sql: Sql
  /** Whether other nodes have the same rows, and change them as well. */
  readonly isShared: boolean
}

/** What a service is given: all that own code has, and what belongs to the service alone. */
export interface ServiceHost extends ServerCalls {
  readonly store: ServiceStore
  /** Recorded matches and the like are to be replayed at so many times their speed; undefined outside of development mode. */
  readonly demo: { readonly speed: number } | undefined
  /** Recordings to replay: a service takes those that it knows. */
  readonly feeds: readonly { readonly kind: 'replay'; readonly path: string; readonly speed: number }[]
  /** A limit of its own for each key, on all nodes of a fleet together. */
  rate(rate: KeyedRate): RateLimit
  /** The node that owns a key, such as the name of a room; this one where there is but one. */
  owner(key: string): Owner
  /**
   * Things of one kind that are each in the memory of one node at a time, such as rooms: opened there when they are called for, from whichever
   * node, and closed when another node becomes their owner. @param kind a name that no other of this server has
   */
  owned<T>(kind: string, options: OwnedOptions<T>): Owned<T>
  /** Ends what the service began, when the server closes or `start` fails. The last that was given is called first. */
  onClose(end: () => void | Promise<void>): void
}

/** A part of the server on top of what it offers to own code. `defineService` makes it. */
export interface Service<O extends z.ZodObject = z.ZodObject, N extends string = string, T extends string = string>
  extends ServiceOptions<O, N, T> {
  readonly namespaces?: readonly Namespace[]
  /** Statements that make its tables, each run once. Steps are only ever added. */
  readonly migrations?: readonly MigrationStep[]
  /** Pages by path. The first is where the service's entry in the navigation leads. */
  readonly pages?: Readonly<Record<string, Page>>
  /** Its name in the navigation; absent where it has no entry. */
  readonly nav?: string
  /** A sentence on what it is for, on the home page. */
  readonly about?: string
  /** Resolves when it can serve. No client is let in before. */
  start(host: ServiceHost, options: z.output<O>): void | Promise<void>
}

const nameForm = /^[a-z][a-z0-9_]*$/

/** @throws RangeError where options cannot stand under the name */
export function defineService<O extends z.ZodObject = z.ZodObject, const N extends string = string, const T extends string = never>(
  service: Service<O, N, T>,
): Service<O, N, T> {
  if (!nameForm.test(service.name)) throw new RangeError(`name: expected lower case letters, digits and "_", got "${service.name}"`)
  return service
}
