import type { Log } from '../../hub/index.ts'
import { type Clock, LogThrottle } from '../../kit/index.ts'
import type { HookName } from '../config/index.ts'
import { hookLimits } from './limits.ts'

/** Logs failures of hooks: at most one line an interval for each hook, with the number of lines left out. */
export class HookLog {
  readonly #throttle: LogThrottle

  constructor(
    clock: Clock,
    readonly log: Log,
  ) {
    this.#throttle = new LogThrottle(clock, hookLimits.hookLogMs)
  }

  warn(hook: HookName, fields: object, message: string): void {
    const suppressed = this.#throttle.pass(hook)
    if (suppressed !== undefined) this.log.warn({ hook, ...fields, ...(suppressed === 0 ? {} : { suppressed }) }, message)
  }
}
