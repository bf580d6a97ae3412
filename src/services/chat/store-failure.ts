import { CommandError } from '../../protocol/index.ts'
import { type Log, SqlError } from '../../service.ts'
import { chatErrors } from './model/wire.ts'

/** What passes by itself, of what a store fails at. */
const passing: readonly string[] = ['unavailable', 'contended', 'overloaded', 'closed']

/** Whoever asks while the store does not answer is told so, and may ask again; what failed otherwise stays as it is. */
export async function tellingOfStore<T>(log: Log, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof SqlError) || !passing.includes(error.reason)) throw error
    log.warn({ err: error }, 'the store did not answer')
    throw new CommandError(chatErrors.unavailable, 'the store does not answer, try again')
  }
}
