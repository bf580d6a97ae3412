import { z } from 'zod'
import type { ServiceHost } from '../../service.ts'
import type { Chat } from './chat.ts'
import { command, conversation } from './command.ts'
import { answerInvited, invitedOf } from './store/index.ts'

/** What waits for a yes: what others began with somebody, and groups that they are asked into. */
export function addConsentCommands(server: ServiceHost, chat: Chat): void {
  const { unitsOfWork, groups, parts } = chat
  command(server, chat, 'chat.accept', z.object({ conversation }), async (input, actor) => {
    const summary = await unitsOfWork.commit(change => groups.accept(change, actor.user, input.conversation))
    return { conversation: summary.id, summary }
  })
  const answering = z.object({ conversation: conversation.optional(), accept: z.boolean().optional() })
  command(server, chat, 'chat.invited', answering, async ({ conversation: id, accept = true }, actor) => {
    if (id === undefined) return { invited: await invitedOf(parts.sql, actor.user) }
    if (accept) chat.peopleRates.spend(actor.user)
    return unitsOfWork.commit(async change => {
      const summary = await answerInvited(change, groups, actor.user, id, accept)
      const invited = await invitedOf(change.tx, actor.user)
      return summary === undefined ? { invited } : { invited, summary }
    })
  })
}
