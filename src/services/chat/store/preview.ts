import type { Queries } from '../../../service.ts'
import { captionedLine } from '../model/file.ts'
import type { Previews } from '../model/wire.ts'
import { type NotePreview, pushLimits } from '../push/index.ts'
import type { EntryBody } from './entry-row.ts'
import type { Consent } from './log.ts'
import { unreadOf } from './unread.ts'

interface PreviewRow {
  readonly kind: 'direct' | 'group'
  readonly title: string
  readonly author: string
  readonly body: string | null
  readonly unread: number
  readonly consent: Consent
  readonly previews: Previews | null
}

/** What a notification of a message says to a user, as far as they allow it: of what waits for their yes, who it is from. */
export async function previewOf(queries: Queries, user: string, conversation: string, seq: number): Promise<NotePreview | undefined> {
  const [row] = await queries.all<PreviewRow>(
    `select c.kind, c.title, e.author, e.body, ${unreadOf('m')} as unread, m.consent, (select p.previews from chat_profile p where p.person = m.person) as previews
     from chat_member m join chat_conversation c on c.id = m.conversation
       join chat_entry e on e.conversation = m.conversation and e.seq = ?3 and e.kind = 'message' and e.deleted = 0
     where m.person = ?1 and m.conversation = ?2`,
    user,
    conversation,
    seq,
  )
  if (row === undefined || row.previews === 'none') return undefined
  // Written by this service alone, from checked input.
  const { text, files, mentions = [] }: EntryBody = row.body === null ? {} : JSON.parse(row.body)
  const line = files === undefined ? text : captionedLine(files, text)
  const isRequest = row.consent === 'none' && row.kind === 'direct'
  const isShown = row.previews !== 'name' && !isRequest && line !== undefined
  return {
    from: row.author,
    ...(row.kind === 'group' && { group: row.title }),
    ...(isShown && { text: lineOf(line) }),
    count: row.unread,
    ...(mentions.some(mention => mention.user === user) && { mention: true as const }),
    ...(isRequest && { request: true as const }),
  }
}

function lineOf(text: string): string {
  return text.slice(0, pushLimits.previewMax).replace(/\s+/gu, ' ').trim().toWellFormed()
}
