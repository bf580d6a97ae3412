import { type Random, randomId } from '../../../kit/index.ts'
import { CommandError, errors } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { limits } from '../limits.ts'
import { type ConversationSummary, chatErrors, type Invitation } from '../model/wire.ts'
import type { Groups } from './groups.ts'
import { conversationOf, membersOf } from './listing.ts'
import { findMember, holdConversation, postConversation } from './log.ts'
import { hasBlocked } from './profiles.ts'
import type { UnitOfWork } from './unit-of-work.ts'

interface InviteRow {
  readonly conversation: string
  readonly author: string
  readonly uses: number
  readonly uses_max: number
  readonly approval: number
}

/** How strangers come into a group: by a code that somebody who leads it passes on (chat M16). */
export class Invitations {
  constructor(
    readonly groups: Groups,
    readonly random: Random,
  ) {}

  /** @returns the code, to be passed on to whoever may join */
  async invite(
    change: UnitOfWork,
    user: string,
    conversation: string,
    { uses, ttlMs, approval }: { uses: number; ttlMs: number; approval: boolean },
  ): Promise<{ code: string; expires: number; uses: number }> {
    const { tx, now } = change
    await this.groups.led(tx, conversation, user)
    await sweepEnded(tx, conversation, now)
    const [open] = await tx.all<{ count: number }>(
      'select cast(count(*) as integer) as count from chat_invite where conversation = ?1',
      conversation,
    )
    if ((open?.count ?? 0) >= limits.invitesMax) throw new CommandError(errors.limitExceeded, `at most ${limits.invitesMax} invitations`)
    const code = randomId(this.random, 16)
    const expires = now + Math.min(ttlMs, limits.inviteMs)
    await tx.run(
      'insert into chat_invite (code, conversation, author, uses, uses_max, expires, approval) values (?1, ?2, ?3, 0, ?4, ?5, ?6)',
      code,
      conversation,
      user,
      uses,
      expires,
      approval ? 1 : 0,
    )
    return { code, expires, uses }
  }

  /** Those that can still be used; the first to end comes first. */
  async live({ tx, now }: UnitOfWork, user: string, conversation: string): Promise<Invitation[]> {
    await this.groups.led(tx, conversation, user)
    const rows = await tx.all<InviteRow & { code: string; expires: number }>(
      `select code, conversation, author, uses, uses_max, expires, approval from chat_invite
       where conversation = ?1 and expires > ?2 and (uses_max = 0 or uses < uses_max) order by expires, code`,
      conversation,
      now,
    )
    return rows.map(({ code, author, uses, uses_max, expires, approval }) => ({
      code,
      author,
      expires,
      uses: uses_max,
      used: uses,
      approval: approval === 1,
    }))
  }

  async revoke(change: UnitOfWork, user: string, conversation: string, code: string): Promise<void> {
    await this.groups.led(change.tx, conversation, user)
    await change.tx.run('delete from chat_invite where conversation = ?1 and code = ?2', conversation, code)
    await change.tx.run('delete from chat_invite_use where code = ?1', code)
  }

  /**
   * By an invitation. Of any number that come at once, exactly as many get in as there is room for. Whoever comes back by it uses it once, and
   * whoever was removed comes in when somebody adds them.
   * @returns undefined where those who lead the group are asked first
   */
  async join(change: UnitOfWork, user: string, code: string): Promise<ConversationSummary | undefined> {
    const { tx, now } = change
    const [invite] = await tx.all<InviteRow>('select conversation, author, uses, uses_max, approval from chat_invite where code = ?1', code)
    // To whoever is blocked by its author it is as one that was revoked.
    if (invite === undefined || (await hasBlocked(tx, invite.author, user)))
      throw new CommandError(chatErrors.notFound, 'no such invitation')
    const row = await holdConversation(tx, invite.conversation)
    const member = await findMember(tx, row.id, user)
    if (member?.active === 1) return await conversationOf(tx, row.id, user)
    if (member?.consent === 'removed') throw new CommandError(chatErrors.forbidden, 'whoever was removed comes in when somebody adds them')
    const isFirst = (await tx.run('insert into chat_invite_use (code, person) values (?1, ?2) on conflict do nothing', code, user)) > 0
    const used = await tx.run(
      `update chat_invite set uses = uses + ?3 where code = ?1 and expires > ?2 and (?3 = 0 or uses_max = 0 or uses < uses_max)`,
      code,
      now,
      isFirst ? 1 : 0,
    )
    if (used === 0) throw new CommandError(chatErrors.gone, 'the invitation has ended')
    if (invite.approval === 1) {
      await this.#request(change, row.id, user)
      return undefined
    }
    await this.groups.bring(change, row, user, 'joined', [user])
    return await conversationOf(tx, row.id, user)
  }

  /** Lets somebody in who asked to be, or not. */
  async answer(change: UnitOfWork, user: string, conversation: string, asker: string, isAccepted: boolean): Promise<void> {
    const { row } = await this.groups.led(change.tx, conversation, user)
    const asked = await change.tx.run('delete from chat_request where conversation = ?1 and person = ?2', conversation, asker)
    if (asked === 0) throw new CommandError(chatErrors.notFound, 'user: does not ask to be let in')
    if (isAccepted) await this.groups.bring(change, row, user, 'added', [asker], 'given')
    await this.#tellLeaders(change, conversation)
  }

  /** Those who ask to be let in, the first one first. */
  async requests(tx: Queries, user: string, conversation: string): Promise<{ user: string; ts: number }[]> {
    await this.groups.led(tx, conversation, user)
    const rows = await tx.all<{ person: string; ts: number }>(
      `select r.person, r.ts from chat_request r where r.conversation = ?1
         and not exists (select 1 from chat_block b where b.person = ?2 and b.blocked = r.person) order by r.ts, r.person`,
      conversation,
      user,
    )
    return rows.map(({ person, ts }) => ({ user: person, ts }))
  }

  async #request(change: UnitOfWork, conversation: string, user: string): Promise<void> {
    const { tx, now } = change
    const rows = await tx.all('select person from chat_request where conversation = ?1', conversation)
    if (rows.length >= limits.requestsMax) throw new CommandError(errors.limitExceeded, `at most ${limits.requestsMax} requests`)
    await tx.run('insert into chat_request (conversation, person, ts) values (?1, ?2, ?3) on conflict do nothing', conversation, user, now)
    await this.#tellLeaders(change, conversation)
  }

  /** That the number of requests changed. */
  async #tellLeaders(change: UnitOfWork, id: string): Promise<void> {
    const { tx, inboxAppends } = change
    for (const { user, role } of await membersOf(tx, id)) {
      const conversation = role === 'member' ? undefined : await conversationOf(tx, id, user)
      if (conversation !== undefined)
        inboxAppends.push(await postConversation(change, user, { kind: 'conversation', conversation: id, summary: conversation }))
    }
  }
}

async function sweepEnded(tx: Queries, conversation: string, now: number): Promise<void> {
  const ended = 'conversation = ?1 and (expires <= ?2 or (uses_max > 0 and uses >= uses_max))'
  await tx.run(`delete from chat_invite_use where code in (select code from chat_invite where ${ended})`, conversation, now)
  await tx.run(`delete from chat_invite where ${ended}`, conversation, now)
}
