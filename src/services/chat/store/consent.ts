import type { Queries } from '../../../service.ts'
import type { MayAdd, MayWrite } from '../model/wire.ts'
import { type Consent, type ConversationRow, type MemberRow, memberColumnsOf } from './log.ts'
import { pairKey } from './pair.ts'
import { tellOwn } from './tell-own.ts'
import type { UnitOfWork } from './unit-of-work.ts'

/** Users whom somebody wants in a group: those who may be put there, and those who are asked, of whom some do not even learn of it. */
export interface Sorted {
  readonly welcome: readonly string[]
  readonly asked: readonly string[]
  /** Of those asked, who have not blocked the one who asks. */
  readonly told: readonly string[]
}

interface Terms {
  readonly may_add: MayAdd | null
  readonly blocks: number
  readonly consent: Consent | null
  readonly answered: number
  /** Users whom they have blocked, whoever that is. */
  readonly blocked: number
}

/**
 * Whoever left by own choice comes back by own choice only, and whoever is not to be put into groups by this user is asked. Who has blocked the
 * one who asks, or one who leads the group, looks like somebody who does not answer: nobody is brought to whom they have blocked by a second account.
 * Whoever has blocked anybody is asked by all whom they have not answered: else the one would learn it from how the others fare.
 */
export async function sortOut(tx: Queries, author: string, users: readonly string[], conversation: string): Promise<Sorted> {
  const welcome: string[] = []
  const asked: string[] = []
  const told: string[] = []
  for (const user of new Set(users)) {
    const { may_add, blocks, consent, answered, blocked } = await termsOf(tx, author, user, conversation)
    const chosen = may_add ?? 'everyone'
    const mayAdd = chosen === 'everyone' && blocked > 0 ? 'answered' : chosen
    const isOpen = mayAdd === 'everyone' || (mayAdd === 'answered' && answered > 0)
    if (blocks === 0 && isOpen && consent !== 'left') welcome.push(user)
    else {
      asked.push(user)
      if (blocks === 0) told.push(user)
    }
  }
  return { welcome, asked, told }
}

async function termsOf(tx: Queries, author: string, user: string, conversation: string): Promise<Terms> {
  const [terms] = await tx.all<Terms>(
    `select (select may_add from chat_profile where person = ?2) as may_add,
       (select consent from chat_member where conversation = ?3 and person = ?2) as consent,
       cast((select count(*) from chat_block b where b.person = ?2 and (b.blocked = ?1 or b.blocked in
         (select person from chat_member where conversation = ?3 and active = 1 and role <> 'member'))) as integer) as blocks,
       cast((select count(*) from chat_conversation c join chat_member m on m.conversation = c.id and m.person = ?2 and m.consent = 'given'
         where c.pair = ?4) as integer) as answered,
       cast((select count(*) from chat_block n where n.person = ?2) as integer) as blocked`,
    author,
    user,
    conversation,
    pairKey(author, user),
  )
  return terms ?? { may_add: null, blocks: 0, consent: null, answered: 0, blocked: 0 }
}

/** Somebody to whom another begins to write, or goes on without an answer. */
interface Addressee {
  readonly may_write: MayWrite | null
  readonly blocks: number
  readonly shared: number
}

/**
 * What a conversation of two is to somebody while they have not answered the one who writes there: `silent` where they have blocked them, `held` where
 * those may not write to them unasked. To the one who writes both look alike: nothing comes back. Whoever shares a group with them, of which they are
 * by own choice, is known.
 */
export async function receptionOf(tx: Queries, author: string, person: string): Promise<'none' | 'held' | 'silent'> {
  const [addressee] = await tx.all<Addressee>(
    `select (select may_write from chat_profile where person = ?2) as may_write,
       cast((select count(*) from chat_block b where b.person = ?2 and b.blocked = ?1) as integer) as blocks,
       cast((select count(*) from chat_member m join chat_conversation c on c.id = m.conversation and c.kind = 'group'
         join chat_member o on o.conversation = m.conversation and o.person = ?1 and o.active = 1
         where m.person = ?2 and m.active = 1 and m.consent = 'given') as integer) as shared`,
    author,
    person,
  )
  const { may_write, blocks, shared } = addressee ?? { may_write: null, blocks: 0, shared: 0 }
  if (blocks > 0) return 'silent'
  const mayWrite = may_write ?? 'everyone'
  return mayWrite === 'everyone' || (mayWrite === 'answered' && shared > 0) ? 'none' : 'held'
}

/** Who of two is not to hear of a message, where they have blocked its author; else ''. Whoever has not answered may ask not to be written to. */
export async function reach(change: UnitOfWork, { id, kind }: ConversationRow, author: string): Promise<string> {
  if (kind !== 'direct') return ''
  const [other] = await change.tx.all<MemberRow & { readonly blocks: number }>(
    `select ${memberColumnsOf('m')}, cast((select count(*) from chat_block b where b.person = m.person and b.blocked = ?2) as integer) as blocks
     from chat_member m where m.conversation = ?1 and m.person <> ?2`,
    id,
    author,
  )
  if (other === undefined) return ''
  if (other.blocks > 0) return other.person
  await receive(change, other, author)
  return ''
}

/** Each message that is not answered counts anew: whoever may write meanwhile, or may not any longer. */
async function receive(change: UnitOfWork, { conversation, person, consent }: MemberRow, author: string): Promise<void> {
  if (consent !== 'none' && consent !== 'held') return
  const reception = await receptionOf(change.tx, author, person)
  if (reception === consent || reception === 'silent') return
  await change.tx.run('update chat_member set consent = ?3 where conversation = ?1 and person = ?2', conversation, person, reception)
  await tellOwn(change, person, conversation)
}

/**
 * Whoever says or does something in a conversation takes part in it: the others may know of them, and of what was held back until then. Their own
 * devices see that by what was said.
 */
export async function giveConsent({ tx, opened, receiptsDue }: UnitOfWork, { conversation, person, consent }: MemberRow): Promise<void> {
  if (consent === 'given') return
  await tx.run("update chat_member set consent = 'given', receipt_due = 1 where conversation = ?1 and person = ?2", conversation, person)
  opened.push({ conversation, person })
  receiptsDue.add(conversation)
}

/** Those in a conversation between whom and the person there is a block, whoever of both made it. */
export async function apartIn(queries: Queries, conversation: string, person: string): Promise<ReadonlySet<string>> {
  const rows = await queries.all<{ other: string }>(
    `select b.blocked as other from chat_block b join chat_member m on m.conversation = ?1 and m.person = b.blocked where b.person = ?2
     union select b.person from chat_block b join chat_member m on m.conversation = ?1 and m.person = b.person where b.blocked = ?2`,
    conversation,
    person,
  )
  return new Set(rows.map(({ other }) => other))
}

/** How each of those who are in a conversation came to be there. */
export async function consentsIn(tx: Queries, conversation: string): Promise<ReadonlyMap<string, Consent>> {
  const rows = await tx.all<Pick<MemberRow, 'person' | 'consent'>>(
    'select person, consent from chat_member where conversation = ?1 and active = 1',
    conversation,
  )
  return new Map(rows.map(({ person, consent }) => [person, consent]))
}
