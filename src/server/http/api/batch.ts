import { z } from 'zod'
import type { Json } from '../../../kit/index.ts'
import { CommandError, errors } from '../../../protocol/index.ts'
import { type ApiCommand, type ApiContext, settle } from './command.ts'
import { optional } from './fields.ts'

/** The body of a batch: commands by name, one each. */
export const batchSchema = z.strictObject({
  commands: z.array(
    z.record(
      z.string(),
      z.unknown().transform(value => value as Json),
    ),
  ),
  parallel: optional(z.boolean()),
})

type Batch = z.output<typeof batchSchema>

const publishing: ReadonlySet<string> = new Set(['publish', 'broadcast'])

/**
 * Runs the commands one after the other, or all at once where the batch is parallel. Publications that follow each other start in one turn
 * either way, so that they reach each subscriber in one write; the broker keeps their order.
 * @returns the replies as JSON texts, in the order of the commands
 */
export async function runBatch({ commands, parallel }: Batch, table: ReadonlyMap<string, ApiCommand>, context: ApiContext) {
  const replies: Promise<string>[] = []
  let wasPublishing = false
  for (const [index, command] of commands.entries()) {
    const [name = ''] = Object.keys(command)
    const isPublishing = publishing.has(name)
    if (!parallel && !(wasPublishing && isPublishing)) await Promise.all(replies)
    wasPublishing = isPublishing
    replies.push(replyTo(command, `commands[${index}]`, table, context))
  }
  return Promise.all(replies)
}

async function replyTo(command: Batch['commands'][number], path: string, table: ReadonlyMap<string, ApiCommand>, context: ApiContext) {
  const outcome = await settle(call(command, path, table, context), context.node)
  return outcome.kind === 'done' ? outcome.result : `{"error":${JSON.stringify(outcome.error)}}`
}

async function call(command: Batch['commands'][number], path: string, table: ReadonlyMap<string, ApiCommand>, context: ApiContext) {
  const [name, ...others] = Object.keys(command)
  if (name === undefined || others.length > 0) throw new CommandError(errors.badRequest, `${path}: expected one command`)
  const known = table.get(name)
  if (known === undefined) throw new CommandError(errors.methodNotFound, `${path}.${name}`)
  return `{${JSON.stringify(name)}:${await known.call(command[name], context, `${path}.${name}`)}}`
}
