import { SQLiteError } from 'bun:sqlite'
import { SQL } from 'bun'

/**
 * Why a store did not do what it was asked:
 * - `unavailable`: it cannot be reached, the connection was lost, or its disk failed. Whether a commit on its way took place is not known
 * - `contended`: others kept what was needed for too long
 * - `constraint`: a row breaks a rule of its table
 * - `value`: a value that no column takes, such as a text with a NUL
 * - `statement`: the text is not understood
 * - `overloaded`: too many calls are waiting
 * - `closed`: the store was closed
 */
export type SqlReason = 'unavailable' | 'contended' | 'constraint' | 'value' | 'statement' | 'overloaded' | 'closed'

/** A failure of a store. The message never holds a password, and `cause` is the database's error. */
export class SqlError extends Error {
  override readonly name = 'SqlError'

  constructor(
    readonly reason: SqlReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** A database's error as a `SqlError`; any other error stays as it is. */
export function sqlErrorOf(error: unknown): unknown {
  if (error instanceof SQLiteError) return new SqlError(sqliteReason(error.code ?? ''), error.message, { cause: error })
  if (!(error instanceof SQL.PostgresError)) return error
  const reason = postgresReason(error)
  return new SqlError(reason, reason === 'unavailable' ? `postgres cannot be reached: ${error.message}` : error.message, { cause: error })
}

/** True where Postgres broke off one of two transactions that could not both go on, so that trying again is the answer. */
export function isBrokenOff(error: unknown): boolean {
  return error instanceof SqlError && error.cause instanceof SQL.PostgresError && /^(40001|40P01)$/.test(error.cause.errno ?? '')
}

/** By https://www.sqlite.org/rescode.html */
function sqliteReason(code: string): SqlReason {
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return 'contended'
  if (/^SQLITE_CONSTRAINT/.test(code)) return 'constraint'
  if (/^SQLITE_(CANTOPEN|NOTADB|IOERR|FULL|READONLY|CORRUPT|PERM|NOMEM)/.test(code)) return 'unavailable'
  return /^SQLITE_(TOOBIG|MISMATCH|RANGE)/.test(code) ? 'value' : 'statement'
}

/** By https://www.postgresql.org/docs/current/errcodes-appendix.html; without a code of the server it is one of the driver's own. */
function postgresReason({ errno, code }: SQL.PostgresError): SqlReason {
  const state = errno ?? ''
  if (/^(40|55P03|57014)/.test(state)) return 'contended'
  if (/^23/.test(state)) return 'constraint'
  if (/^22/.test(state)) return 'value'
  if (/^(08|25P03|28|3D|53|57P|58|XX)/.test(state)) return 'unavailable'
  return state === '' && /CONNECTION|TIMEOUT|AUTHENTICATION|TLS|SSL/.test(code) ? 'unavailable' : 'statement'
}
