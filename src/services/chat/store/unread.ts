/**
 * SQL: how much is unread for a member row. A message counts once, for all who are there, and not once for each of them: what a member has is what
 * was counted and a number of their own. Whoever has left keeps a number by itself.
 */
export function unreadOf(member: string): string {
  return `(${member}.unread + case when ${member}.active = 1 then (select c.counted from chat_conversation c where c.id = ${member}.conversation) else 0 end)`
}

/** SQL: what a member's own number is when so much is unread. */
export function ownNumberOf(unread: string): string {
  return `${unread} - case when chat_member.active = 1 then (select c.counted from chat_conversation c where c.id = chat_member.conversation) else 0 end`
}
