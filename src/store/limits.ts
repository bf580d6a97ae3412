/** Limits of the store, each with its unit and its reason. */

/** Milliseconds that a statement of SQLite waits for another process that writes to the same file. */
export const sqliteBusyMs = 5000

/**
 * How often a statement lets the rest of the process have its turn before it waits like that. A transaction of another connection of this
 * process takes some turns per statement, and each turn costs microseconds.
 */
export const sqliteTurnsMax = 1000

/** Statements that are kept prepared, or translated, per store. Texts are written in the source; lists of placeholders make a few more. */
export const statementsMax = 1000

/** After so many commits the log of a SQLite file is moved into the file: often enough to stay far below `logPagesMax`, and not on end. */
export const commitsPerCheckpoint = 200

/** Pages of that log at which whoever commits moves it, and everyone waits: 32 MiB, which take a tenth of a second. */
export const logPagesMax = 8192

/** Connections of one node to Postgres. Its own default allows 100 in all, and more than a few per core do not make it faster. */
export const postgresConnectionsMax = 10

/** Calls that may be on their way to Postgres or wait for a connection. Beyond: refused, as the memory that they hold has no other bound. */
export const callsMax = 20_000

/** Milliseconds that Postgres waits for a row that another transaction holds: as long as SQLite waits for its file. */
export const postgresLockMs = 5000

/** Milliseconds after which Postgres breaks a statement off, which is longer than any but those of a migration take: beyond, `contended`. */
export const postgresStatementMs = 8000

/** Milliseconds that an answer of Postgres is waited for: longer than it takes to break a statement off. Beyond: `unavailable`. */
export const postgresAnswerMs = 10_000

/** The same once it has kept silent, until it answers: nobody waits long for what hangs. */
export const postgresSilentMs = 1000

/** Seconds that closing waits for calls that Postgres does not answer. */
export const postgresCloseSeconds = 5

/** Milliseconds after which Postgres ends a transaction that says nothing: a node that hangs must not hold rows for ever. */
export const postgresIdleInTransactionMs = 30_000

/** Seconds that a connection to Postgres may take. */
export const postgresConnectSeconds = 10

/** How often a transaction is tried that Postgres broke off in favour of another one. */
export const attemptsMax = 10

/** How long such a transaction waits before it is tried again, in milliseconds. */
export const retryBackoff = { baseMs: 4, capMs: 500 }
