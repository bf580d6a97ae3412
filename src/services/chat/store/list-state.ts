import type { Queries } from '../../../service.ts'
import type { MemberRow } from './log.ts'
import { visibleTo } from './visible.ts'

/** Where a conversation stands in its user's list. */
export interface ListState {
  readonly isArchived: boolean
  readonly isDeleted: boolean
}

/** SQL: whether something was said in the conversation of member row `m` from a place on, that the member may see. */
function isSaidFrom(place: string, person: string): string {
  return `exists (select 1 from chat_entry e where e.conversation = m.conversation and e.seq >= ${place} and e.kind = 'message' and ${visibleTo(person)})`
}

/** SQL: whether the conversation of member row `m` is in the archive: put there, and nothing has brought it back. */
export function isArchived(person: string, now: string): string {
  return `(m.archived_below > 0 and (m.muted_until > ${now} or not ${isSaidFrom('m.archived_below', person)}))`
}

/** SQL: whether it was deleted, and nothing has been said since. */
export function isDeleted(person: string): string {
  return `(m.deleted_below > 0 and not ${isSaidFrom('m.deleted_below', person)})`
}

export async function listStateOf(queries: Queries, { conversation, person }: MemberRow, now: number): Promise<ListState> {
  const [row] = await queries.all<{ archived: number; deleted: number }>(
    `select case when ${isArchived('?2', '?3')} then 1 else 0 end as archived, case when ${isDeleted('?2')} then 1 else 0 end as deleted
     from chat_member m where m.conversation = ?1 and m.person = ?2`,
    conversation,
    person,
    now,
  )
  return { isArchived: row?.archived === 1, isDeleted: row?.deleted === 1 }
}

/** What brought a conversation back has done so, also where its user deletes that for themselves: a list does not move back. */
export async function stayListed(tx: Queries, conversation: string, person: string, seq: number, now: number): Promise<void> {
  await tx.run(
    `update chat_member set deleted_below = 0, archived_below = case when muted_until > ?4 or archived_below > ?3 then archived_below else 0 end
     where conversation = ?1 and person = ?2 and (deleted_below > 0 or archived_below > 0)`,
    conversation,
    person,
    seq,
    now,
  )
}
