/** SQL: whether entry `e` may be seen by a person: said while they were there, not cleared or deleted by them for themselves (chat M15, M19). */
export function visibleTo(person: string): string {
  return `exists (select 1 from chat_stay s where s.conversation = e.conversation and s.person = ${person}
      and s.from_seq <= e.seq and (s.to_seq is null or e.seq <= s.to_seq))
    and e.seq > (select v.cleared from chat_member v where v.conversation = e.conversation and v.person = ${person})
    and not exists (select 1 from chat_hidden h where h.conversation = e.conversation and h.person = ${person} and h.seq = e.seq)`
}

/** SQL: whether entry `e` counts as unread for a person who has not read so far (chat M22). */
export function countsFor(person: string): string {
  return `e.kind = 'message' and e.deleted = 0 and e.author <> ${person} and ${visibleTo(person)}`
}

/** SQL: the same for a whole conversation, coarsely: bounds that an index is followed between, so that what a person cannot see is not looked at. */
export function isWithin(conversation: string, person: string): string {
  return `e.seq > (select w.cleared from chat_member w where w.conversation = ${conversation} and w.person = ${person})
    and e.seq <= (select max(coalesce(w.to_seq, 2147483647)) from chat_stay w where w.conversation = ${conversation} and w.person = ${person})`
}
