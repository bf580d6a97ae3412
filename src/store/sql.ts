/**
 * What goes into a column. Numbers are finite; texts hold no NUL, and half a surrogate pair is stored as U+FFFD: what may hold either is
 * kept as JSON, which escapes both.
 */
export type SqlValue = string | number | null

/**
 * Statements in the SQL that SQLite and Postgres share, with `?1`, `?2` for the values. Columns are `text`, `integer` (32 bits) or
 * `double precision`; sums and counts are cast to `integer`. A value has the type of its column. Where nothing else tells a parameter's type,
 * it is cast: `cast(?1 as text) is null`. `/*lock*\/` at the end of a select holds its rows until the transaction ends.
 *
 * What differs is left out: comparisons as columns, `max` of two values, patterns without their `escape`, `lower`. Texts are ordered by the
 * rules of the database, so an order may be followed from page to page, but says nothing to people.
 */
export interface Queries {
  /** The rows as plain objects. `T` is what the text says that they are: it is taken at its word. */
  all<T>(text: string, ...values: SqlValue[]): Promise<T[]>
  /** The number of rows that were changed. */
  run(text: string, ...values: SqlValue[]): Promise<number>
}

export interface TransactionOptions {
  /** Waits for each of its statements as long as it takes: for migrations. */
  readonly patient?: boolean
}

/** Rows in SQLite or in Postgres. What fails does so with `SqlError`. */
export interface Sql extends Queries {
  readonly dialect: 'sqlite' | 'postgres'
  /**
   * Commits what the body does as a whole, and nothing of it where it throws, or where one of its statements failed. The body asks through
   * `queries` alone and waits for nothing else. On Postgres it may run again, from the beginning, and it sees what others commit meanwhile
   * except in rows that it holds: what a decision depends on is read with a lock.
   */
  transaction<T>(body: (queries: Queries) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Refuses new calls at once, and closes when those on their way are done. */
  close(): Promise<void>
}
