import { CommandError } from '../../protocol/index.ts'
import { type Log, SqlError } from '../../service.ts'
import { chatErrors } from './model/wire.ts'

/** Failures of a store that pass by themselves. */
const passing: readonly string[] = ['unavailable', 'contended', 'overloaded', 'closed']

/** While the store does not answer, a caller is told so and may try again; other errors stay as they are. */
export async function tellingOfStore<T>(log: Log, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof SqlError) || !passing.includes(error.reason)) throw error
    log.warn({ err: error }, 'the store did not answer')
    throw new CommandError(chatErrors.unavailable, 'the store does not answer, try again')
  }
}
