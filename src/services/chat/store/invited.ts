import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { limits } from '../limits.ts'
import { type ConversationSummary, chatErrors, type Invited } from '../model/wire.ts'
import type { Groups } from './groups.ts'
import { conversationOf } from './listing.ts'
import { holdConversation, post } from './log.ts'
import type { UnitOfWork } from './unit-of-work.ts'

interface InvitedRow extends Invited {
  readonly person: string
}

const columns = `select i.conversation, i.person, c.title, i.author, i.ts,
    (select cast(count(*) as integer) from chat_member m where m.conversation = i.conversation and m.active = 1) as members
  from chat_invited i join chat_conversation c on c.id = i.conversation`

/** Asks users into a group, each once: whoever said no is not asked again. */
export async function ask(change: UnitOfWork, conversation: string, author: string, users: readonly string[]): Promise<void> {
  const { tx, now, inboxAppends } = change
  // In the order of their names, as all inboxes are taken.
  for (const person of users.toSorted()) {
    const [open] = await tx.all<{ count: number }>(
      'select cast(count(*) as integer) as count from chat_invited where person = ?1 and declined = 0',
      person,
    )
    // As if they did not answer: whether somebody is asked a lot is not for others to know.
    if ((open?.count ?? 0) >= limits.invitedMax) continue
    const isNew = await tx.run(
      'insert into chat_invited (conversation, person, author, ts, declined) values (?1, ?2, ?3, ?4, 0) on conflict do nothing',
      conversation,
      person,
      author,
      now,
    )
    const [row] =
      isNew === 0 ? [] : await tx.all<InvitedRow>(`${columns} where i.conversation = ?1 and i.person = ?2`, conversation, person)
    if (row !== undefined) inboxAppends.push(await post(change, person, { kind: 'invited', ...shown(row), open: true }))
  }
}

/** The groups that one is asked into, the newest first. */
export async function invitedOf(queries: Queries, person: string): Promise<Invited[]> {
  const rows = await queries.all<InvitedRow>(`${columns} where i.person = ?1 and i.declined = 0 order by i.ts desc, i.conversation`, person)
  return rows.map(shown)
}

/** Comes in by own choice, or says no. What one once said no to one may still come into. */
export async function answerInvited(
  change: UnitOfWork,
  groups: Groups,
  person: string,
  conversation: string,
  isAccepted: boolean,
): Promise<ConversationSummary | undefined> {
  const { tx } = change
  const [row] = await tx.all<InvitedRow>(`${columns} where i.conversation = ?1 and i.person = ?2`, conversation, person)
  if (row === undefined) throw new CommandError(chatErrors.notFound, 'no such invitation')
  if (!isAccepted) {
    await tx.run('update chat_invited set declined = 1 where conversation = ?1 and person = ?2', conversation, person)
    await tellClosed(change, [row])
    return undefined
  }
  await groups.bring(change, await holdConversation(tx, conversation), person, 'joined', [person])
  return conversationOf(tx, conversation, person, change.now)
}

/** They are in, or are not asked any longer: by one of a group, or all of them. */
export async function takeBack(
  change: UnitOfWork,
  where: { readonly conversation?: string; readonly person?: string; readonly author?: string },
): Promise<void> {
  const { conversation = '', person = '', author = '' } = where
  const meant = "(?1 = '' or i.conversation = ?1) and (?2 = '' or i.person = ?2) and (?3 = '' or i.author = ?3)"
  const key = person === '' ? 'i.conversation = ?1' : 'i.person = ?2'
  const rows = await change.tx.all<InvitedRow & { declined: number }>(
    `${columns.replace('i.ts,', 'i.ts, i.declined,')} where ${key} and ${meant} order by i.person, i.conversation`,
    conversation,
    person,
    author,
  )
  for (const row of rows)
    await change.tx.run('delete from chat_invited where conversation = ?1 and person = ?2', row.conversation, row.person)
  await tellClosed(
    change,
    rows.filter(({ declined }) => declined === 0),
  )
}

async function tellClosed(change: UnitOfWork, rows: readonly InvitedRow[]): Promise<void> {
  for (const row of rows) change.inboxAppends.push(await post(change, row.person, { kind: 'invited', ...shown(row), open: false }))
}

function shown({ conversation, title, author, members, ts }: InvitedRow): Invited {
  return { conversation, title, author, members, ts }
}
