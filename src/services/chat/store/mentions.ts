import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { limits } from '../limits.ts'
import { type Mention, mentionProblem } from '../model/mentions.ts'
import { chatErrors } from '../model/wire.ts'
import type { MemberRow } from './log.ts'

/**
 * Those whom a text names: in order, within it, and of the conversation. Whoever has left may be named: a message that waited does not fail by that.
 * @throws CommandError 422 with the path
 */
export async function checkMentions(
  tx: Queries,
  conversation: string,
  text: string | undefined,
  mentions: readonly Mention[] = [],
): Promise<void> {
  if (mentions.length === 0) return
  const problem = text === undefined ? 'mentions: need a text' : mentionProblem(text, mentions)
  if (problem !== undefined) throw new CommandError(chatErrors.unprocessable, problem)
  const rows = await tx.all<Pick<MemberRow, 'person'>>('select person from chat_member where conversation = ?1', conversation)
  const known = new Set(rows.map(({ person }) => person))
  const stranger = mentions.findIndex(({ user }) => !known.has(user))
  if (stranger >= 0) throw new CommandError(chatErrors.unprocessable, `mentions.${stranger}.user: not a member`)
}

/** Whom a message names has it among their unread mentions: nobody who has blocked its author, nor the author. */
export async function noteMentions(
  tx: Queries,
  { conversation, seq, author }: { readonly conversation: string; readonly seq: number; readonly author: string },
  mentions: readonly Mention[] = [],
): Promise<void> {
  for (const person of new Set(mentions.map(({ user }) => user))) {
    if (person === author) continue
    await tx.run(
      `insert into chat_mention (person, conversation, seq) select m.person, m.conversation, ?3 from chat_member m
       where m.conversation = ?2 and m.person = ?1 and m.active = 1
         and not exists (select 1 from chat_block b where b.person = ?1 and b.blocked = ?4)
       on conflict do nothing`,
      person,
      conversation,
      seq,
      author,
    )
  }
}

/** An edit names others than before. */
export async function changeMentions(
  tx: Queries,
  message: { readonly conversation: string; readonly seq: number; readonly author: string },
  mentions: readonly Mention[] = [],
): Promise<void> {
  await forgetMentions(tx, message.conversation, message.seq)
  await noteMentions(tx, message, mentions)
}

/** Nobody is named by a message any longer; or one user is not. */
export async function forgetMentions(tx: Queries, conversation: string, seq: number, person = ''): Promise<void> {
  await tx.run("delete from chat_mention where conversation = ?1 and seq = ?2 and (?3 = '' or person = ?3)", conversation, seq, person)
}

/** Places of the unread messages that name a member, the oldest first, as far as they are told. */
export async function unreadMentions(
  queries: Queries,
  member: Pick<MemberRow, 'conversation' | 'person' | 'read_to' | 'cleared'>,
): Promise<number[]> {
  const rows = await queries.all<{ seq: number }>(
    'select seq from chat_mention where person = ?1 and conversation = ?2 and seq > ?3 and seq > ?4 order by seq limit ?5',
    member.person,
    member.conversation,
    member.read_to,
    member.cleared,
    limits.mentionsToldMax,
  )
  return rows.map(({ seq }) => seq)
}
