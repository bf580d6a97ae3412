import type { z } from 'zod'
import { CommandError, describeIssue, errors } from '../protocol/index.ts'
import type { LinkNotification, Request } from './row.ts'

type Maybe<T> = T | Promise<T>
/** The result of a handler; it may be nothing if the answer may be nothing. */
type Answered<Out> = Maybe<Out> | (null extends Out ? Maybe<Out | undefined> | Maybe<void> : never)

/** What a node does with what other nodes ask and say. A node that does not handle a request says so; a notification is passed over. */
export class Handlers<Context> {
  readonly #requests = new Map<string, (context: Context, input: unknown) => unknown>()
  readonly #notifications = new Map<string, (context: Context, input: unknown) => void>()

  handle<In, Out>(row: Request<In, Out>, run: (context: Context, input: In) => Answered<Out>): this
  handle<In>(row: LinkNotification<In>, run: (context: Context, input: In) => void): this
  handle<In>(row: Request<In, unknown> | LinkNotification<In>, run: (context: Context, input: In) => unknown): this {
    const { kind, name, input } = row
    if (kind === 'notification') this.#notifications.set(name, (context, given) => void run(context, read(input, given, name, unreadable)))
    else this.#requests.set(name, (context, given) => run(context, read(input, given, name, badRequest)))
    return this
  }

  /** @throws CommandError 104 for what this node does not answer, 107 for what cannot be read, and whatever the handler throws */
  request(context: Context, name: string, input: unknown): unknown {
    const run = this.#requests.get(name)
    if (run === undefined) throw new CommandError(errors.methodNotFound, name)
    return run(context, input)
  }

  /** @throws TypeError for what no node says */
  notified(context: Context, name: string, input: unknown): void {
    this.#notifications.get(name)?.(context, input)
  }
}

function read<In>(schema: z.ZodType<In>, given: unknown, name: string, failure: (reason: string) => Error): In {
  const { success, data, error } = schema.safeParse(given)
  if (success) return data
  throw failure(`${name}: ${describeIssue(error)}`)
}

function unreadable(reason: string): Error {
  return new TypeError(reason)
}

function badRequest(reason: string): Error {
  return new CommandError(errors.badRequest, reason)
}
