import { type ChatOptions, chatWith } from '../../src/services/chat/index.ts'
import { openSql } from '../../src/store/index.ts'
import { testServer, until } from '../kit/api.ts'
import { ChatPerson } from './chat-person.ts'
import { Device } from './device.ts'

export const generous = {
  messageRate: { perSecond: 10_000, burst: 10_000 },
  entryRate: { perSecond: 100_000, burst: 100_000 },
  commandRate: { perSecond: 10_000, burst: 10_000 },
  receiptsMs: 20,
}

export async function serveChat(bounds: ChatOptions['bounds'] = generous) {
  return testServer({}, { services: [chatWith({ openSql: () => openSql('sqlite::memory:'), bounds })] })
}

/** Two who have each other in their lists. */
export async function pair(bounds?: ChatOptions['bounds']) {
  const server = await serveChat(bounds)
  const ann = await ChatPerson.start(server, 'ann')
  const bob = await ChatPerson.start(server, 'bob')
  const { id } = await ann.client.direct('bob')
  await bob.has(id)
  return { server, ann, bob, id }
}

export function numbers(count: number, from = 1): string[] {
  return Array.from({ length: count }, (_, index) => `${from + index}`)
}

/** Waits until the server has from a device that it holds everything, and says where that is. */
export async function acknowledged(server: { readonly url: string }, person: ChatPerson): Promise<{ acked: number; top: number }> {
  const { user, options } = person.client
  let inboxState = { acked: 0, top: -1 }
  await until('everything is acknowledged', async () => {
    using probe = await Device.connect(server, user, options.device)
    inboxState = { acked: probe.inboxState?.acked ?? 0, top: probe.inboxState?.top ?? -1 }
    return inboxState.acked === inboxState.top
  })
  return inboxState
}
