import { type Clock, systemClock } from '../../../kit/index.ts'
import { CommandError, errors } from '../../../protocol/index.ts'
import type { Sql } from '../../../service.ts'
import {
  type NotePreview,
  type OwedCursor,
  type OwedMessage,
  type PushRows,
  type PushSubscription,
  pushLimits,
  type ShownNote,
} from '../push/index.ts'
import { type EntryRow, entryOf } from './entry-row.ts'
import { isArchived } from './list-state.ts'
import { previewOf } from './preview.ts'
import { unreadOf } from './unread.ts'
import { visibleTo } from './visible.ts'

interface PushRow {
  readonly person: string
  readonly device: string
  readonly endpoint: string
  readonly p256dh: string
  readonly auth: string
}

/** SQL: whether a message names a person who wants to hear of that through a mute. */
function mentioned(person: string, conversation: string, seq: string): string {
  return `(exists (select 1 from chat_mention n where n.person = ${person} and n.conversation = ${conversation} and n.seq = ${seq})
    and not exists (select 1 from chat_profile f where f.person = ${person} and f.mentions = 0))`
}

const unread = `i.kind = 'log' and e.kind = 'message' and e.deleted = 0 and e.author <> i.person and m.read_to < e.seq and m.cleared < e.seq and m.consent not in ('held', 'silent')
  and (m.muted_until <= ?5 or ${mentioned('i.person', 'i.conversation', 'e.seq')})`

/** Milliseconds for which it is believed that no device anywhere is notified. */
const emptyMs = 1000

/** What pushes need to know, as rows. */
export class PushStore implements PushRows {
  /** Until then it is believed that nobody is subscribed; of whoever subscribes here it is known. */
  #emptyUntil = 0

  constructor(
    readonly sql: Sql,
    readonly clock: Pick<Clock, 'now'> = systemClock,
  ) {}

  async subscriptions(user: string): Promise<readonly PushSubscription[]> {
    const rows = await this.sql.all<PushRow>(
      'select person, device, endpoint, p256dh, auth from chat_push where person = ?1 order by created, device',
      user,
    )
    return rows.map(subscriptionOf)
  }

  /**
   * Keeps where a device takes its notifications. A browser has one such place, whoever is logged in: who subscribes last has it.
   * @throws CommandError 106 where the user has too many
   */
  async subscribe({ user, device, endpoint, p256dh, auth }: PushSubscription, now: number): Promise<void> {
    this.#emptyUntil = Number.NEGATIVE_INFINITY
    await this.sql.transaction(async tx => {
      await tx.run('delete from chat_push where endpoint = ?1 and (person <> ?2 or device <> ?3)', endpoint, user, device)
      const others = await tx.all('select device from chat_push where person = ?1 and device <> ?2', user, device)
      if (others.length >= pushLimits.subscriptionsMax)
        throw new CommandError(errors.limitExceeded, `a user has at most ${pushLimits.subscriptionsMax} subscriptions`)
      await tx.run(
        `insert into chat_push (person, device, endpoint, p256dh, auth, created) values (?1, ?2, ?3, ?4, ?5, ?6)
         on conflict (person, device) do update set endpoint = excluded.endpoint, p256dh = excluded.p256dh, auth = excluded.auth`,
        user,
        device,
        endpoint,
        p256dh,
        auth,
        now,
      )
    })
  }

  async unsubscribe(user: string, device: string): Promise<void> {
    await this.sql.run('delete from chat_push where person = ?1 and device = ?2', user, device)
  }

  async forget(subscriptions: readonly PushSubscription[]): Promise<void> {
    await this.sql.transaction(async tx => {
      for (const { user, device, endpoint } of subscriptions)
        await tx.run('delete from chat_push where person = ?1 and device = ?2 and endpoint = ?3', user, device, endpoint)
    })
  }

  async badge(user: string): Promise<number> {
    const [row] = await this.sql.all<{ count: number | null }>(
      `select cast(sum(case when m.muted_until <= ?2 then ${unreadOf('m')} else
           (select count(*) from chat_mention n where n.person = m.person and n.conversation = m.conversation and n.seq > m.read_to and n.seq > m.cleared
              and not exists (select 1 from chat_profile f where f.person = m.person and f.mentions = 0)) end) as integer) as count
       from chat_member m where m.person = ?1 and m.consent not in ('held', 'silent') and ${unreadOf('m')} > 0 and not ${isArchived('?1', '?2')}`,
      user,
      this.clock.now(),
    )
    return row?.count ?? 0
  }

  async unaware(
    user: string,
    { conversation, seq, offset }: Pick<OwedMessage, 'conversation' | 'seq' | 'offset'>,
  ): Promise<readonly PushSubscription[]> {
    const rows = await this.sql.all<PushRow>(
      `select p.person, p.device, p.endpoint, p.p256dh, p.auth from chat_push p
       where p.person = ?1 and exists (select 1 from chat_member m where m.conversation = ?2 and m.person = ?1 and m.read_to < ?3 and m.cleared < ?3)
         and not exists (select 1 from chat_device d where d.person = p.person and d.device = p.device and d.acked_place >= ?4)
       order by p.created, p.device`,
      user,
      conversation,
      seq,
      offset,
    )
    return rows.map(subscriptionOf)
  }

  async wanted(user: string, conversation: string, from: number, to: number): Promise<ReadonlySet<number>> {
    const rows = await this.sql.all<{ seq: number }>(
      `select e.seq from chat_entry e join chat_member m on m.conversation = e.conversation and m.person = ?1
       where e.conversation = ?2 and e.seq >= ?3 and e.seq <= ?4 and e.kind = 'message' and e.deleted = 0 and ${visibleTo('?1')}
         and m.active = 1 and m.consent not in ('held', 'silent') and (m.muted_until <= ?5 or ${mentioned('?1', 'e.conversation', 'e.seq')})
         and not exists (select 1 from chat_block b where b.person = ?1 and b.blocked = e.author)`,
      user,
      conversation,
      from,
      to,
      this.clock.now(),
    )
    return new Set(rows.map(({ seq }) => seq))
  }

  preview(user: string, conversation: string, seq: number): Promise<NotePreview | undefined> {
    return previewOf(this.sql, user, conversation, seq)
  }

  async owed(
    since: number,
    limit: number,
    after: OwedCursor = { user: '', offset: 0 },
  ): Promise<readonly (OwedMessage & { readonly user: string })[]> {
    const rows = await this.sql.all<EntryRow & { person: string }>(
      `select i.person, e.conversation, e.seq, e.kind, e.author, e.ts, e.target, e.body, e.rev, e.deleted, e.original, e.place
       from chat_item i join chat_entry e on e.conversation = i.conversation and e.seq = i.seq
         join chat_member m on m.conversation = i.conversation and m.person = i.person
       where i.ts >= ?1 and (i.person > ?2 or (i.person = ?2 and i.place > ?3)) and ${unread}
         and not exists (select 1 from chat_block b where b.person = i.person and b.blocked = e.author)
         and exists (select 1 from chat_push p where p.person = i.person
           and not exists (select 1 from chat_device d where d.person = p.person and d.device = p.device and d.acked_place >= i.place))
       order by i.person, i.place limit ?4`,
      since,
      after.user,
      after.offset,
      limit,
      this.clock.now(),
    )
    return rows.map(row => ({ user: row.person, ...owedMessage(row) }))
  }

  /**
   * Members whose devices are to be told of what an author says in a conversation: not those who have blocked them, nor those who have muted it and
   * are not named in it.
   */
  async wanting(conversation: string, author = '', seq = 0): Promise<ReadonlySet<string>> {
    if (await this.#isNobodySubscribed()) return new Set()
    const rows = await this.sql.all<{ person: string }>(
      `select distinct m.person from chat_member m join chat_push p on p.person = m.person where m.conversation = ?1 and m.active = 1
         and m.consent not in ('held', 'silent') and (m.muted_until <= ?3 or ${mentioned('m.person', 'm.conversation', '?4')})
         and not exists (select 1 from chat_block b where b.person = m.person and b.blocked = ?2)`,
      conversation,
      author,
      this.clock.now(),
      seq,
    )
    return new Set(rows.map(({ person }) => person))
  }

  /** As it was seen a moment ago: where nobody is, a message need not look at everyone who gets it. */
  async #isNobodySubscribed(): Promise<boolean> {
    const now = this.clock.now()
    if (now < this.#emptyUntil) return true
    const rows = await this.sql.all('select person from chat_push limit 1')
    if (rows.length === 0) this.#emptyUntil = now + emptyMs
    return rows.length === 0
  }

  async shown(user: string, conversation: string): Promise<readonly ShownNote[]> {
    const rows = await this.sql.all<Omit<ShownNote, 'user'>>(
      'select device, conversation, seq from chat_shown where person = ?1 and conversation = ?2',
      user,
      conversation,
    )
    return rows.map(row => ({ user, ...row }))
  }

  async show(notes: readonly ShownNote[]): Promise<void> {
    await this.sql.transaction(async tx => {
      for (const { user, device, conversation, seq } of notes)
        await tx.run(
          `insert into chat_shown (person, device, conversation, seq) values (?1, ?2, ?3, ?4)
           on conflict (person, device, conversation) do update set seq = case when chat_shown.seq > excluded.seq then chat_shown.seq else excluded.seq end`,
          user,
          device,
          conversation,
          seq,
        )
    })
  }

  async unshow(notes: readonly ShownNote[]): Promise<void> {
    await this.sql.transaction(async tx => {
      for (const { user, device, conversation, seq } of notes)
        await tx.run(
          'delete from chat_shown where person = ?1 and device = ?2 and conversation = ?3 and seq <= ?4',
          user,
          device,
          conversation,
          seq,
        )
    })
  }
}

function subscriptionOf({ person, ...row }: PushRow): PushSubscription {
  return { user: person, ...row }
}

function owedMessage(row: EntryRow): OwedMessage {
  const entry = entryOf(row, '')
  const enc = entry.kind === 'message' ? entry.enc : undefined
  return {
    conversation: row.conversation,
    offset: row.place,
    seq: row.seq,
    mid: entry.kind === 'message' ? entry.mid : '',
    ...(enc === undefined ? {} : { enc }),
  }
}
