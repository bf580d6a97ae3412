import type { Queries } from '../../../service.ts'
import { bareEmoji, wholeEmoji } from '../model/text.ts'
import type { Reaction } from '../model/wire.ts'
import type { ConversationLogEntry } from './entry-row.ts'

interface ReactionRow {
  readonly seq: number
  readonly emoji: string
  readonly count: number
  readonly mine: number
}

/** Puts their reactions on the messages of one conversation, the most frequent first. Those of whom the reader has blocked are not there. */
export async function withReactions(
  queries: Queries,
  entries: readonly ConversationLogEntry[],
  reader: string,
): Promise<ConversationLogEntry[]> {
  const messages = entries.filter(entry => entry.kind === 'message')
  const [first] = messages
  if (first === undefined) return [...entries]
  const seqs = messages.map(({ seq }) => seq)
  const rows = await queries.all<ReactionRow>(
    `select seq, emoji, cast(count(*) as integer) as count, cast(sum(case when person = ?4 then 1 else 0 end) as integer) as mine
     from chat_reaction where conversation = ?1 and seq >= ?2 and seq <= ?3
       and person not in (select blocked from chat_block where person = ?4) group by seq, emoji order by count desc, emoji`,
    first.conversation,
    Math.min(...seqs),
    Math.max(...seqs),
    reader,
  )
  if (rows.length === 0) return [...entries]
  return entries.map(entry => {
    const reactions: Reaction[] = rows
      .filter(row => row.seq === entry.seq)
      .map(({ emoji, count, mine }) => ({ emoji: wholeEmoji(emoji), count, mine: mine > 0 }))
    return entry.kind === 'message' && reactions.length > 0 ? { ...entry, reactions } : entry
  })
}

export async function reactionOf(tx: Queries, conversation: string, seq: number, person: string): Promise<string> {
  const [row] = await tx.all<{ emoji: string }>(
    'select emoji from chat_reaction where conversation = ?1 and seq = ?2 and person = ?3',
    conversation,
    seq,
    person,
  )
  return row?.emoji ?? ''
}

/** Where somebody reacted to a message last; 0 where they never did. */
export async function reactedAt(tx: Queries, conversation: string, seq: number, person: string): Promise<number> {
  const [row] = await tx.all<{ seq: number | null }>(
    "select max(seq) as seq from chat_entry where conversation = ?1 and target = ?2 and kind = 'reaction' and author = ?3",
    conversation,
    seq,
    person,
  )
  return row?.seq ?? 0
}

export async function setReaction(tx: Queries, conversation: string, seq: number, person: string, emoji: string): Promise<void> {
  if (emoji === '') {
    await tx.run('delete from chat_reaction where conversation = ?1 and seq = ?2 and person = ?3', conversation, seq, person)
    return
  }
  await tx.run(
    `insert into chat_reaction (conversation, seq, person, emoji) values (?1, ?2, ?3, ?4)
     on conflict (conversation, seq, person) do update set emoji = excluded.emoji`,
    conversation,
    seq,
    person,
    bareEmoji(emoji),
  )
}
