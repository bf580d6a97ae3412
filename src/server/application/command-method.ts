import type { z } from 'zod'
import { type CommandMethod, type RunningContext, weightMax } from '../../hub/index.ts'
import { type Answer, answered } from '../../kit/index.ts'
import type { CommandOptions } from '../server-calls.ts'

/** A command of own code as a node runs it. @throws RangeError for a weight that no command has */
export function commandMethod<S extends z.ZodType, R>(
  name: string,
  schema: S,
  run: (input: z.output<S>, context: RunningContext) => Answer<R>,
  { anonymous = false, weight = 1, key }: CommandOptions<z.output<S>>,
): CommandMethod {
  if (!(weight >= 1 && weight <= weightMax)) throw new RangeError(`${name}: expected a weight from 1 to ${weightMax}, got ${weight}`)
  // The schema has been passed by the time these are called, which the map of methods cannot say in types.
  return {
    ...{ schema, anonymous, weight },
    ...(key === undefined ? {} : { keyOf: input => key(input as z.output<S>) }),
    run: (input, context) => answered<R>(run(input as z.output<S>, context)),
  }
}
