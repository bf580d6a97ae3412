import type { z } from 'zod'
import { formatDuration } from '../../../kit/index.ts'
import { option } from '../../../service.ts'

/** Bounds of chat that an operator may move. */
export interface ChatBounds {
  /** Members of one group. Beyond: 409 `group_full` (chat M15). */
  readonly membersMax: number
  /** A user's messages: so many at once, then so many a second (chat M24). Beyond: 429 with the time to wait. */
  readonly messageRate: { readonly perSecond: number; readonly burst: number }
  /** All other commands of a user. */
  readonly commandRate: { readonly perSecond: number; readonly burst: number }
  /** New conversations of a user in a day (chat M24). */
  readonly conversationsPerDay: number
  /** Users that one user brings into conversations in a day: each leaves rows. */
  readonly peoplePerDay: number
  /** Entries in others' inboxes that a user's reactions, deletions and changes of groups come to: each costs as many as there are members. */
  readonly entryRate: { readonly perSecond: number; readonly burst: number }
  /** How old a message may be that its author edits, and one that its author deletes for everyone (chat M17, M18). */
  readonly editMs: number
  readonly deleteMs: number
}

const minute = 60_000

export const chatDefaults: ChatBounds = {
  membersMax: 256,
  messageRate: { perSecond: 1, burst: 20 },
  commandRate: { perSecond: 20, burst: 200 },
  conversationsPerDay: 100,
  peoplePerDay: 2_000,
  entryRate: { perSecond: 512, burst: 4_096 },
  editMs: 15 * minute,
  deleteMs: 48 * 60 * minute,
}

function rate(meaning: string, { perSecond, burst }: ChatBounds['messageRate']) {
  return option
    .group({
      per_second: option.integer(`${meaning}: how many a second, sustained.`, perSecond, 1, 10_000_000),
      burst: option.integer(`${meaning}: how many at once.`, burst, 1, 10_000_000),
    })
    .prefault({})
}

/** The options of chat but for files and pushes, which have groups of their own. */
export const boundOptions = {
  member_limit: option.integer('Members of one group.', chatDefaults.membersMax, 2, 1024),
  message_rate: rate('Messages of one user', chatDefaults.messageRate),
  command_rate: rate('All chat commands of one user', chatDefaults.commandRate),
  new_conversation_limit: option.integer('Conversations that one user begins in a day.', chatDefaults.conversationsPerDay, 1, 1_000_000),
  new_member_limit: option.integer('Users that one user brings into conversations in a day.', chatDefaults.peoplePerDay, 1, 10_000_000),
  entry_rate: rate('Entries in inboxes by the reactions, deletions and group changes of one user', chatDefaults.entryRate),
  edit_window: option.duration('How long authors may edit a message.', formatDuration(chatDefaults.editMs)),
  delete_window: option.duration(
    'How long authors may delete a message for everyone; admins of a group always may.',
    formatDuration(chatDefaults.deleteMs),
  ),
}

export function boundsOf(given: z.output<z.ZodObject<typeof boundOptions>>): ChatBounds {
  const toRate = ({ per_second, burst }: { per_second: number; burst: number }) => ({ perSecond: per_second, burst })
  return {
    membersMax: given.member_limit,
    messageRate: toRate(given.message_rate),
    commandRate: toRate(given.command_rate),
    conversationsPerDay: given.new_conversation_limit,
    peoplePerDay: given.new_member_limit,
    entryRate: toRate(given.entry_rate),
    editMs: given.edit_window,
    deleteMs: given.delete_window,
  }
}
