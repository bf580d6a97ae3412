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

/** The other one of a direct conversation. */
export function otherIn({ kind, members, title }: ConversationView, me: string): string | undefined {
  return kind === 'direct' ? (members.find(({ user }) => user !== me)?.user ?? title) : undefined
}
