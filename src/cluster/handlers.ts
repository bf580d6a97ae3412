import { CommandError, describeIssue, errors } from '../protocol/index.ts'
import type { LinkNotification, Request } from './row.ts'

type Maybe<T> = T | Promise<T>
/** What a handler may give: nothing as well, where the answer may be nothing. */
type Answered<Out> = Maybe<Out> | (null extends Out ? Maybe<Out | undefined> | Maybe<void> : never)

/** What a node does with what other nodes ask and say. A node that does not handle a request says so; a notice is passed over. */
export class Handlers<Context> {
  readonly #requests = new Map<string, (context: Context, input: unknown) => unknown>()
  readonly #notices = new Map<string, (context: Context, input: unknown) => void>()

  handle<In, Out>(row: Request<In, Out>, run: (context: Context, input: In) => Answered<Out>): this {
    this.#requests.set(row.name, (context, input) => {
      const read = row.input.safeParse(input)
      if (!read.success) throw new CommandError(errors.badRequest, `${row.name}: ${describeIssue(read.error)}`)
      return run(context, read.data)
    })
    return this
  }

  hear<In>(row: LinkNotification<In>, run: (context: Context, input: In) => void): this {
    this.#notices.set(row.name, (context, input) => {
      const read = row.input.safeParse(input)
      if (!read.success) throw new TypeError(`${row.name}: ${describeIssue(read.error)}`)
      run(context, read.data)
    })
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
    this.#notices.get(name)?.(context, input)
  }
}
