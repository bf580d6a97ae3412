import type { Log } from '../../hub/index.ts'
import type { Clock } from '../../kit/index.ts'
import { SqlError } from '../../store/index.ts'

/** Between two lines on the same failure: a full disk fails every command. */
const calmMs = 10_000
/** Failures that are told apart. Beyond: the oldest is said anew, since strangers may have a part in what an error says. */
const failuresMax = 256

interface Told {
  /** The failures since the last line. */
  suppressed: number
}

/**
 * A log that says a failure once in ten seconds, however often it happens, and then how often. What the store could not do has no stack: it lies at
 * the disk or the database, and not at the line that asked.
 */
export function calmLog(log: Log, clock: Clock): Log {
  const told = new Map<string, Told>()
  const calmly = (level: 'warn' | 'error') => (fields: object, message: string) => {
    const { err, ...rest }: { readonly err?: unknown } = fields
    if (!(err instanceof Error)) {
      log[level](fields, message)
      return
    }
    const key = `${message}\n${err.message}`
    const before = told.get(key)
    if (before !== undefined) {
      before.suppressed++
      return
    }
    const now: Told = { suppressed: 0 }
    told.set(key, now)
    for (const oldest of told.keys()) if (told.size > failuresMax) told.delete(oldest)
    clock.after(calmMs, () => {
      if (told.get(key) === now) told.delete(key)
      if (now.suppressed > 0) log[level]({ reason: err.message, suppressed: now.suppressed }, message)
    })
    log[level](isOfStore(err) ? { ...rest, reason: err.message } : fields, message)
  }
  return { debug: log.debug, info: log.info, warn: calmly('warn'), error: calmly('error') }
}

function isOfStore(error: Error): boolean {
  return (error instanceof SqlError && error.reason === 'unavailable') || Reflect.get(error, 'code') === 'ENOSPC'
}
