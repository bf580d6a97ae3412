type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** The same object without the entries that are undefined: an optional property is absent, never undefined. */
export function defined<T extends object>(entries: T): { [K in keyof Defined<T>]: Defined<T>[K] } {
  // The type says for each entry what the filter does to it, which the compiler cannot conclude.
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Defined<T>
}
