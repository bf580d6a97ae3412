import { unreachable } from '../../../kit/index.ts'
import type { ItemView, MembershipView, MessageView } from '../client/index.ts'
import { captionedLine } from '../model/file.ts'
import type { Allowed } from '../model/wire.ts'
import type { People } from './people.ts'
import { plainOf } from './styled-text.ts'

/** A message in a line: in the list, in a quote, in a notification. */
export interface Preview {
  /** Who stands in front of it; absent where it is plain. */
  readonly who?: string
  readonly text: string
  /** What the words say of a message rather than its own words. */
  readonly aside: boolean
}

/** Beyond, a line shows nothing more anyway, and long texts cost time to lay out. */
const previewMax = 200

export function previewOf(item: ItemView, people: People, isGroup: boolean): Preview {
  if (item.kind === 'membership') return { text: membershipText(item, people), aside: true }
  const { text, aside } = messageLine(item)
  if (item.deleted || !(isGroup || item.mine)) return { text, aside }
  return { who: people.subject(item.author), text, aside }
}

/** The text of a message in one line. */
export function messageLine(item: Pick<MessageView, 'text' | 'enc' | 'files' | 'deleted' | 'mine'>): {
  readonly text: string
  readonly aside: boolean
} {
  if (item.deleted) return { text: item.mine ? 'You deleted this message' : 'This message was deleted', aside: true }
  if (item.files !== undefined) {
    const caption = plainOf((item.text ?? '').slice(0, previewMax))
    return { text: captionedLine(item.files, caption).replace(/\s+/gu, ' ').trim(), aside: false }
  }
  if (item.text === undefined) return { text: item.enc === undefined ? 'Empty message' : 'Encrypted message', aside: true }
  return { text: plainOf(item.text.slice(0, previewMax)).replace(/\s+/gu, ' ').trim(), aside: false }
}

export function membershipText(item: MembershipView, people: People): string {
  const who = people.subject(item.author)
  const whom = people.listed(item.users)
  switch (item.change) {
    case 'created':
      return `${who} created the group “${item.title}”`
    case 'added':
      return `${who} added ${whom}`
    case 'joined':
      return `${who} joined by the invite link`
    case 'removed':
      return `${who} removed ${whom}`
    case 'left':
      return `${who} left`
    case 'role':
      return roleText(who, whom, item.role)
    case 'renamed':
      return `${who} named the group “${item.title}”`
    case 'modes':
      return modesText(who, item)
    default:
      return unreachable(item)
  }
}

function roleText(who: string, whom: string, role: 'owner' | 'admin' | 'member'): string {
  return role === 'member' ? `${who} made ${whom} a member again` : `${who} made ${whom} an ${role}`
}

function modesText(who: string, { send, edit }: { readonly send: Allowed; readonly edit: Allowed }): string {
  const writers = send === 'admins' ? 'Only admins write here now' : 'Everyone may write here'
  return `${who} changed the rules. ${writers}; ${edit === 'admins' ? 'admins name the group' : 'everyone may name the group'}`
}
