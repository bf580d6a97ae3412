import type { Queries } from '../../../store/index.ts'
import type { MayAdd } from '../model/wire.ts'
import type { Change } from './ledger.ts'
import type { Consent, MemberRow } from './log.ts'
import { pairKey } from './pair.ts'

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
}

/**
 * Whoever left by own choice comes back by own choice only, and whoever is not to be put into groups by this user is asked. Who has blocked the
 * one who asks, or one who leads the group, looks like somebody who does not answer: nobody is brought to whom they have blocked by a second account.
 */
export async function sortOut(tx: Queries, author: string, users: readonly string[], conversation: string): Promise<Sorted> {
  const welcome: string[] = []
  const asked: string[] = []
  const told: string[] = []
  for (const user of new Set(users)) {
    const { may_add, blocks, consent, answered } = await termsOf(tx, author, user, conversation)
    const mayAdd = may_add ?? 'everyone'
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
         where c.pair = ?4) as integer) as answered`,
    author,
    user,
    conversation,
    pairKey(author, user),
  )
  return terms ?? { may_add: null, blocks: 0, consent: null, answered: 0 }
}

/** Whoever says or does something in a conversation takes part in it: the others may know of them. Their own devices see that by what was said. */
export async function giveConsent({ tx, opened }: Change, { conversation, person, consent }: MemberRow): Promise<void> {
  if (consent === 'given') return
  await tx.run("update chat_member set consent = 'given' where conversation = ?1 and person = ?2", conversation, person)
  opened.push({ conversation, person })
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
