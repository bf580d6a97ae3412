import type { Log } from '../../hub/index.ts'
import type { Clock } from '../../kit/index.ts'
import type { HookName } from '../config/index.ts'
import { hookLimits } from './limits.ts'

/** Logs failures of hooks: at most one line an interval for each hook, with the number of lines left out. */
export class HookLog {
  readonly #byHook = new Map<HookName, { quietUntil: number; suppressed: number }>()

  constructor(
    readonly clock: Clock,
    readonly log: Log,
  ) {}

  warn(hook: HookName, fields: object, message: string): void {
    const now = this.clock.now()
    const before = this.#byHook.get(hook)
    if (before !== undefined && now < before.quietUntil) {
      before.suppressed++
      return
    }
    this.#byHook.set(hook, { quietUntil: now + hookLimits.hookLogMs, suppressed: 0 })
    const suppressed = before?.suppressed ?? 0
    this.log.warn({ hook, ...fields, ...(suppressed === 0 ? {} : { suppressed }) }, message)
  }
}
