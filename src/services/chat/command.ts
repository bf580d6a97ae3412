import { z } from 'zod'
import { isVisible, type Json } from '../../kit/index.ts'
import { CommandError, errors } from '../../protocol/index.ts'
import type { RunningContext, ServiceHost } from '../../service.ts'
import type { Chat } from './chat.ts'
import { limits } from './limits.ts'
import { isConversationId, isLine } from './model/text.ts'
import type { ChatCommands } from './model/wire.ts'
import type { Actor } from './store/index.ts'
import { tellingOfStore } from './store-failure.ts'
import { weights } from './weights.ts'

/** A line of whole characters, without those that control something: what no database can hold is among them. */
export const line = (max: number) =>
  z
    .string()
    .max(max)
    .refine(text => isLine(text, max), 'expected a line without control characters')
export const user = line(limits.nameMax)
const seen = 'expected something that can be seen, and nothing that turns text around'
export const title = line(limits.titleMax).refine(isVisible, seen)
/** A user who is to come in: one whose name can be told from others. */
export const newcomer = user.refine(isVisible, seen)
export const newcomers = z.array(newcomer).min(1).max(1024)
export const users = z.array(user).min(1).max(1024)
export const conversation = z.string().max(64).refine(isConversationId, 'expected the id of a conversation')
/** Each command is of a known user, who has a rate for all of them; a conversation that was left can be seen in what it pushes. */
export function command<K extends keyof ChatCommands, S extends z.ZodType<unknown>>(
  server: ServiceHost,
  chat: Chat,
  name: K,
  schema: S,
  run: (input: z.output<S>, actor: Actor, context: RunningContext) => Promise<ChatCommands[K]['out']>,
): void {
  const answer = async (input: z.output<S>, context: RunningContext) => {
    if (context.user === '') throw new CommandError(errors.unauthorized, 'chat is between users')
    if (!isLine(context.user, limits.nameMax)) throw new CommandError(errors.badRequest, 'user: not a name that chat can use')
    chat.commandRates.spend(context.user)
    await chat.presence.acts(context.user, context.client)
    const given = deviceOf(input)
    const actor: Actor = { user: context.user, device: given ?? chat.connections.deviceOf(context.client) ?? '' }
    const answered = await run(input, actor, context)
    await chat.presence.stillHere(context.user)
    return answered as unknown as Json
  }
  const told = (input: z.output<S>, context: RunningContext) => tellingOfStore(server.log, () => answer(input, context))
  server.command(name, schema, told, { weight: weights[name] ?? 1 })
}

function deviceOf(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || !('device' in input)) return undefined
  return typeof input.device === 'string' ? input.device : undefined
}
