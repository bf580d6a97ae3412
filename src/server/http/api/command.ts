import type { z } from 'zod'
import type { NodeReport } from '../../../cluster/index.ts'
import type { Node, Revocation } from '../../../hub/index.ts'
import type { Json } from '../../../kit/index.ts'
import { CommandError, describeIssue, errors, type ProtocolError } from '../../../protocol/index.ts'

/** The context of a command of the server API. */
export interface ApiContext {
  readonly node: Node
  /** Unix milliseconds. */
  readonly startedAt: number
  /** This node and all that hang on it. */
  nodes(): readonly NodeReport[]
  /** Makes tokens void, on all nodes and for good. */
  revoke(revocation: Revocation): Promise<void>
  /** How many subscriptions each channel has whose name matches the pattern, on all nodes. @throws CommandError 107 */
  survey(pattern: string): Promise<Readonly<Record<string, number>>>
}

/** One command of the server API: its parameters are checked, then it runs, in the caller's turn as far as it can. */
export interface ApiCommand {
  /** A sentence on what it does. */
  readonly about: string
  readonly schema: z.ZodType
  /** @param path where the parameters stand in the request, for what is said of them @returns the result as JSON text */
  call(params: Json | undefined, context: ApiContext, path?: string): Promise<string>
}

export function apiCommand<S extends z.ZodType>(
  about: string,
  schema: S,
  run: (input: z.output<S>, context: ApiContext) => string | Promise<string>,
): ApiCommand {
  return {
    about,
    schema,
    async call(params, context, path) {
      const parsed = schema.safeParse(params ?? {})
      if (!parsed.success) throw new CommandError(errors.badRequest, describeIssue(parsed.error, path))
      return run(parsed.data, context)
    },
  }
}

/** How a command ended. */
export type Outcome = { readonly kind: 'done'; readonly result: string } | { readonly kind: 'failed'; readonly error: ProtocolError }

/** An unexpected error is logged, and answered as error 100. */
export async function settle(running: Promise<string>, { log, counters }: Node): Promise<Outcome> {
  try {
    return { kind: 'done', result: await running }
  } catch (error) {
    counters.countError(error instanceof CommandError ? error.code : errors.internal.code)
    if (error instanceof CommandError) return { kind: 'failed', error: error.toReply() }
    log.error({ err: error }, 'a call to the server API failed unexpectedly')
    return { kind: 'failed', error: errors.internal }
  }
}
