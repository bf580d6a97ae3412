import { parseDuration } from '../kit/index.ts'
import { CommandError, errors } from './codes.ts'

/** The longest that a viewer may be behind (sports S12). */
export const delayMaxMs = 60_000
/** Delays are whole seconds, so that viewers who ask for nearly the same share one channel. Rounded up: nothing is seen earlier than asked. */
const stepMs = 1000

/** Reads how far behind a viewer wants to be, as whole seconds in milliseconds. @throws CommandError 107 that names where it stood */
export function readDelay(text: unknown, path: string): number {
  const ms = typeof text === 'string' ? parseDuration(text) : undefined
  if (ms === undefined || ms > delayMaxMs)
    throw new CommandError(errors.badRequest, `${path}: expected a duration from "0s" to "60s", like "30s", got ${JSON.stringify(text)}`)
  return Math.ceil(ms / stepMs) * stepMs
}
