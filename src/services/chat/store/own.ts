import { receptionOf } from './consent.ts'
import { takeBack } from './invited.ts'
import { listStateOf } from './list-state.ts'
import { findMember, holdKnown, newestFor } from './log.ts'
import { type Muting, mutedUntil } from './mute.ts'
import { pairKey } from './pair.ts'
import { block } from './profiles.ts'
import { tellOwn } from './tell-own.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import { ownNumberOf } from './unread.ts'
import { read, recountUnread } from './watermarks.ts'

/** What a conversation is to one user alone. */
export interface OwnChange extends Muting {
  readonly pinned?: boolean | undefined
  readonly archived?: boolean | undefined
  /** Marks it as unread; false reads it. */
  readonly unread?: boolean | undefined
  /** The newest that the user knew of; all there is unless given. */
  readonly seq?: number | undefined
}

/**
 * Also of a conversation that was left. What is archived is not pinned, and what is pinned is not archived.
 * @returns up to where the user knew it
 */
export async function setOwn(change: UnitOfWork, person: string, conversation: string, own: OwnChange): Promise<number> {
  const { tx } = change
  const held = await holdKnown(tx, conversation, person)
  const known = Math.min(own.seq ?? Number.POSITIVE_INFINITY, await newestFor(tx, held))
  if (own.unread === false) await read(change, person, conversation, known)
  const { member } = held
  const { isArchived } = await listStateOf(tx, member, change.now)
  const archived = own.archived ?? (own.pinned === true ? false : isArchived)
  const pinned = own.pinned ?? (own.archived === true ? false : member.pinned === 1)
  // Set anew with every change, so that muting what has come back does not take it away again, nor does it come back by being heard again.
  const below = own.archived === undefined && archived ? await newestFor(tx, held) : known
  await tx.run(
    'update chat_member set muted_until = ?3, pinned = ?4, archived_below = ?5, marked = ?6 where conversation = ?1 and person = ?2',
    conversation,
    person,
    mutedUntil(member.muted_until, own, change.now),
    pinned ? 1 : 0,
    archived ? below + 1 : 0,
    own.unread === undefined ? member.marked : own.unread ? 1 : 0,
  )
  await tellOwn(change, person, conversation)
  return known
}

/**
 * Everything that is there now is gone for this user, on all devices (chat M19). Nothing of it is unread any longer, but it was not read either:
 * what authors are told is up to devices, which still get it and acknowledge it.
 */
export async function clearConversation(change: UnitOfWork, person: string, conversation: string): Promise<{ cleared: number }> {
  const { tx, now } = change
  const held = await holdKnown(tx, conversation, person)
  const cleared = Math.max(await newestFor(tx, held), held.member.cleared)
  // What has come back stays in the list, though nothing is left of what brought it.
  const { isArchived, isDeleted } = await listStateOf(tx, held.member, now)
  await tx.run(
    `update chat_member set cleared = ?3, unread = ${ownNumberOf('0')}, archived_below = case when ?4 = 1 then archived_below else 0 end,
       deleted_below = case when ?5 = 1 then deleted_below else 0 end where conversation = ?1 and person = ?2`,
    conversation,
    person,
    cleared,
    isArchived ? 1 : 0,
    isDeleted ? 1 : 0,
  )
  await tellOwn(change, person, conversation)
  return { cleared }
}

/** The same, and out of the list until something is said in it, also of one that was left: then it is not seen again. */
export async function deleteConversation(
  change: UnitOfWork,
  person: string,
  conversation: string,
  seq = Number.POSITIVE_INFINITY,
): Promise<{ cleared: number }> {
  const { tx } = change
  const held = await holdKnown(tx, conversation, person)
  const newest = await newestFor(tx, held)
  const cleared = Math.max(Math.min(seq, newest), held.member.cleared)
  await tx.run(
    `update chat_member set cleared = ?3, deleted_below = ?4, archived_below = 0, pinned = 0, marked = 0
     where conversation = ?1 and person = ?2`,
    conversation,
    person,
    cleared,
    cleared + 1,
  )
  const unread = cleared >= newest ? 0 : await recountUnread(tx, conversation, person)
  await tx.run(
    `update chat_member set unread = ${ownNumberOf('cast(?3 as integer)')} where conversation = ?1 and person = ?2`,
    conversation,
    person,
    unread,
  )
  await tellOwn(change, person, conversation)
  return { cleared }
}

/** Whom one does not want to hear from, on all devices. @returns everyone of whom that is so */
export async function setBlocked(change: UnitOfWork, person: string, other: string, isOn: boolean): Promise<string[]> {
  const blocked = await block(change.tx, person, other, isOn, change.now)
  if (isOn) await takeBack(change, { person, author: other })
  const [pair] = await change.tx.all<{ id: string }>('select id from chat_conversation where pair = ?1', pairKey(person, other))
  if (pair === undefined) return blocked
  // What the other one began meanwhile has said nothing to this user, and appears now.
  if (!isOn)
    await change.tx.run(
      "update chat_member set consent = ?3 where conversation = ?1 and person = ?2 and consent = 'silent'",
      pair.id,
      person,
      await receptionOf(change.tx, other, person),
    )
  const member = await findMember(change.tx, pair.id, person)
  if (member?.consent !== 'silent') await tellOwn(change, person, pair.id)
  return blocked
}
