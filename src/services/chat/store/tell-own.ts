import { conversationOf } from './listing.ts'
import { type MemberRow, postConversation } from './log.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Tells a user's devices what a conversation is to them now. */
export async function tellOwn(change: UnitOfWork, person: string, id: string): Promise<void> {
  const { tx, now, inboxAppends } = change
  const conversation = await conversationOf(tx, id, person, now)
  if (conversation !== undefined)
    inboxAppends.push(await postConversation(change, person, { kind: 'conversation', conversation: id, summary: conversation }))
}

/** It was read: it is not to be shown as unread any longer. */
export async function unmark(change: UnitOfWork, { conversation, person }: MemberRow): Promise<void> {
  await change.tx.run('update chat_member set marked = 0 where conversation = ?1 and person = ?2', conversation, person)
  await tellOwn(change, person, conversation)
}
