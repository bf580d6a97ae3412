import { takeBack } from './invited.ts'
import type { Change } from './ledger.ts'
import { conversationOf } from './listing.ts'
import { findMember, holdAs, memberOf, postConversation } from './log.ts'
import { pairKey } from './pair.ts'
import { block } from './profiles.ts'

/** What a conversation is to one user alone. */
export interface Own {
  readonly muted?: boolean | undefined
  readonly pinned?: boolean | undefined
}

export async function setOwn(change: Change, person: string, conversation: string, { muted, pinned }: Own): Promise<void> {
  const member = await memberOf(change.tx, conversation, person)
  await change.tx.run(
    'update chat_member set muted = ?3, pinned = ?4 where conversation = ?1 and person = ?2',
    conversation,
    person,
    (muted ?? member.muted === 1) ? 1 : 0,
    (pinned ?? member.pinned === 1) ? 1 : 0,
  )
  await tellOwn(change, person, conversation)
}

/**
 * Everything that is there now is gone for this user, on all devices (chat M19). Nothing of it is unread any longer, but it was not read either:
 * what authors are told is up to devices, which still get it and acknowledge it.
 */
export async function clearConversation(change: Change, person: string, conversation: string): Promise<{ cleared: number }> {
  const { row } = await holdAs(change.tx, conversation, person)
  await change.tx.run(
    'update chat_member set cleared = ?3, unread = 0 where conversation = ?1 and person = ?2',
    conversation,
    person,
    row.seq,
  )
  await tellOwn(change, person, conversation)
  return { cleared: row.seq }
}

/** Whom one does not want to hear from, on all devices. @returns everyone of whom that is so */
export async function setBlocked(change: Change, person: string, other: string, isOn: boolean): Promise<string[]> {
  const blocked = await block(change.tx, person, other, isOn, change.now)
  if (isOn) await takeBack(change, { person, author: other })
  const [pair] = await change.tx.all<{ id: string }>('select id from chat_conversation where pair = ?1', pairKey(person, other))
  if (pair === undefined) return blocked
  // What the other one began meanwhile has said nothing to this user, and appears now.
  if (!isOn)
    await change.tx.run(
      "update chat_member set consent = 'none' where conversation = ?1 and person = ?2 and consent = 'silent'",
      pair.id,
      person,
    )
  const member = await findMember(change.tx, pair.id, person)
  if (member?.consent !== 'silent') await tellOwn(change, person, pair.id)
  return blocked
}

async function tellOwn({ tx, now, posted }: Change, person: string, id: string): Promise<void> {
  const conversation = await conversationOf(tx, id, person)
  if (conversation !== undefined)
    posted.push(await postConversation(tx, person, { kind: 'conversation', conversation: id, summary: conversation }, now))
}
