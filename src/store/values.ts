import type { SqlValue } from './sql.ts'
import { SqlError } from './sql-error.ts'

/**
 * Refuses what the databases would each treat in their own way: Postgres takes no text with a NUL, and SQLite makes null of what is no number.
 * @throws SqlError `value`
 */
export function checkValues(values: readonly SqlValue[]): void {
  for (const [index, value] of values.entries()) {
    if (typeof value === 'string' && value.includes('\0')) throw new SqlError('value', `?${index + 1} is a text with a NUL`)
    if (typeof value === 'number' && !Number.isFinite(value)) throw new SqlError('value', `?${index + 1} is no finite number`)
  }
}
