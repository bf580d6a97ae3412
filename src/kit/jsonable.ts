import type { Json } from './safe-json.ts'

/** Values of code that have no form in JSON. */
type Formless = bigint | symbol | undefined | ((...args: never[]) => unknown) | ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>

/**
 * `T` where JSON can carry it, and `never` in each place where it cannot. `Json` itself has no place for values of interfaces, which have no
 * index signature: ask for `T & Jsonable<T>` wherever others give what becomes JSON.
 */
export type Jsonable<T> = T extends Json
  ? T
  : T extends Formless
    ? never
    : T extends { toJSON(): infer Form }
      ? Form extends Json | undefined
        ? T
        : never
      : T extends object
        ? { readonly [K in keyof T]: Jsonable<Exclude<T[K], undefined>> | Extract<T[K], undefined> }
        : never

// biome-ignore lint/suspicious/noConfusingVoidType: functions without a return give it.
type Said<T> = Exclude<Awaited<T>, undefined | void>

/** The return value of a function that is answered as JSON, now or as a promise; it may be nothing. */
export type Answer<T> = Json | undefined | Promise<Json | undefined> | ([Said<T>] extends [Jsonable<Said<T>>] ? T : never)

/** A value of an interface as `Json`; the compiler refuses what JSON cannot carry, and it is the same value. */
export function json<T>(value: T & Jsonable<T>): Json {
  // Its type has just been compared, part by part, which the compiler cannot conclude from the comparison.
  return value as unknown as Json
}

/** The same for what a function returned. */
export function answered<T>(value: Answer<T>): Json | undefined | Promise<Json | undefined> {
  return value as Json | undefined | Promise<Json | undefined>
}
