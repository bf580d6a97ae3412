import { z } from 'zod'
import type { ServiceHost } from '../../../service.ts'
import type { Chat } from '../chat.ts'
import { command } from '../command.ts'
import type { Files } from './files.ts'
import { limits } from './limits.ts'

const id = z.string().regex(/^[\w-]{1,64}$/, 'expected the id of a file')

/** The fields of a message for the files that it carries. */
export const references = z
  .array(z.object({ id, name: z.string().max(limits.nameMax), alt: z.string().max(limits.altMax).optional() }))
  .min(1)
  .max(limits.filesMax)

export function addFileCommands(server: ServiceHost, chat: Chat, files: Files): void {
  command(server, chat, 'chat.links', z.object({ files: z.array(id).min(1).max(limits.linksMax) }), async (input, actor) => ({
    links: input.files.map(file => files.link(actor.user, file)),
  }))
}
