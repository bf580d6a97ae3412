import type { ConversationView } from '../client/index.ts'
import type { Role } from '../model/wire.ts'

export function roleIn(conversation: ConversationView | undefined, user: string): Role | undefined {
  return conversation?.members.find(member => member.user === user)?.role
}

/** Whether a user may change members, title and invitations, and delete what others wrote. */
export function mayModerate(conversation: ConversationView | undefined, user: string): boolean {
  const role = roleIn(conversation, user)
  return conversation?.kind === 'group' && (role === 'owner' || role === 'admin')
}

/** Whether a user may write there. */
export function maySend(conversation: ConversationView, user: string): boolean {
  return conversation.active && (conversation.send === 'all' || conversation.kind === 'direct' || mayModerate(conversation, user))
}

export function mayRename(conversation: ConversationView, user: string): boolean {
  return conversation.kind === 'group' && conversation.active && (conversation.edit === 'all' || mayModerate(conversation, user))
}

/** The other one of a direct conversation. */
export function otherIn({ kind, members, title }: ConversationView, me: string): string | undefined {
  return kind === 'direct' ? (members.find(({ user }) => user !== me)?.user ?? title) : undefined
}
