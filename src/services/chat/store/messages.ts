import { createHash } from 'node:crypto'
import { CommandError } from '../../../protocol/index.ts'
import type { Queries } from '../../../service.ts'
import { bareEmoji, byteLength, saysNothing, wholeEmoji } from '../model/text.ts'
import { type ChatCommands, chatErrors, type Encrypted } from '../model/wire.ts'
import type { ChatBounds } from '../options/index.ts'
import { giveConsent, reach } from './consent.ts'
import { checkDevices } from './devices.ts'
import { type EntryBody, type EntryRow, entryColumns, midOf } from './entry-row.ts'
import { holdFiles, releaseFiles, useFiles } from './file-rows.ts'
import { stayListed } from './list-state.ts'
import {
  type Appended,
  append,
  type ConversationRow,
  fanOut,
  fanOutToOpen,
  findMember,
  type Held,
  holdAs,
  type MemberRow,
  memberCount,
  noConversation,
  post,
} from './log.ts'
import { changeMentions, checkMentions, forgetMentions, noteMentions } from './mentions.ts'
import { reactedAt, reactionOf, setReaction } from './reactions.ts'
import { Rosters } from './rosters.ts'
import { unindex } from './search-index.ts'
import type { UnitOfWork } from './unit-of-work.ts'
import { visibleTo } from './visible.ts'

export type Sending = ChatCommands['chat.send']['in'] & { readonly device: string }
export type Sent = ChatCommands['chat.send']['out']

/** Who does something, and by which device. */
export interface Actor {
  readonly user: string
  readonly device: string
}

export interface MessageRules {
  readonly bounds: Pick<ChatBounds, 'editMs' | 'deleteMs'>
  /** @throws CommandError 429 where a new message is one too many */
  spend(user: string): void
  /** @throws CommandError 429 where so many entries are too many */
  spendEntries?(user: string, entries: number): void
}

/** What users say, and what they change about it. */
export class Messages {
  readonly #rosters = new Rosters()

  constructor(readonly rules: MessageRules) {}

  /** Once for each `cid` of a device: the same again gets the same answer, and costs nothing (chat M1). */
  async send(change: UnitOfWork, actor: Actor, sending: Sending): Promise<Sent> {
    const { tx, now, inboxAppends } = change
    const held = await heldFor(tx, actor, sending)
    if ('answer' in held) return held.answer
    const { row, member } = held
    if (row.kind === 'group' && row.send_by === 'admins' && member.role === 'member')
      throw new CommandError(chatErrors.forbidden, 'only owners and admins send here')
    this.rules.spend(actor.user)
    if (sending.version !== undefined && sending.version !== row.version)
      throw new CommandError(chatErrors.membershipChanged, `the members are of version ${row.version}`)
    await checkAnswered(tx, row, actor.user, sending.reply_to)
    if (sending.enc?.perDevice !== undefined) await checkDevices(tx, row.id, actor, Object.keys(sending.enc.perDevice))
    const { text, enc, mentions, reply_to, cid } = sending
    await checkMentions(tx, row.id, text, mentions)
    const files = sending.files === undefined ? undefined : await holdFiles(tx, actor.user, sending.files)
    const body: EntryBody = { text, enc, files, mentions: someOf(mentions), reply_to, origin: { device: actor.device, cid } }
    const blocker = await reach(change, row, actor.user)
    const entry = await append(change, row.id, { kind: 'message', author: actor.user, body })
    if (files !== undefined) await useFiles(tx, row.id, entry.seq, files)
    // Who blocked the author never learns of it, and the author never learns that (chat M16).
    if (blocker !== '') await hide(tx, row.id, blocker, entry.seq)
    inboxAppends.push(...(await fanOut(change, entry.row, blocker, await this.#rosters.of(tx, row))))
    if (blocker !== '') await uncountFor(tx, row.id, blocker)
    await noteMentions(tx, entry.row, mentions)
    await readOwn(change, member, entry)
    await giveConsent(change, member)
    const answer: Sent = { conversation: row.id, cid, seq: entry.seq, mid: midOf(row.id, entry.seq), ts: entry.ts }
    await tx.run(
      'insert into chat_sent (person, device, cid, hash, answer, ts) values (?1, ?2, ?3, ?4, ?5, ?6)',
      actor.user,
      actor.device,
      cid,
      hashOf(sending),
      JSON.stringify(answer),
      now,
    )
    return answer
  }

  /** By its author, for a while; the newest is the one that counts (chat M17). */
  async edit(change: UnitOfWork, actor: Actor, edit: ChatCommands['chat.edit']['in']): Promise<ChatCommands['chat.edit']['out']> {
    const { tx, now, inboxAppends } = change
    const { target, row } = await this.#own(change, actor, edit.conversation, edit.seq)
    if (target.author !== actor.user) throw new CommandError(chatErrors.forbidden, 'only its author edits a message')
    if (target.deleted === 1) throw new CommandError(chatErrors.gone, 'the message was deleted')
    const before: EntryBody = target.body === null ? {} : JSON.parse(target.body)
    const { enc, mentions } = edit
    const text = edit.text !== undefined && saysNothing(edit.text) ? undefined : edit.text
    if (text === undefined && enc === undefined && before.files === undefined)
      throw new CommandError(chatErrors.unprocessable, 'text: says nothing')
    const made = await editOf(tx, target, before, { ...edit, text })
    if (made !== undefined) return made
    if (now - target.ts > this.rules.bounds.editMs) throw new CommandError(chatErrors.windowClosed, 'the message is too old to be edited')
    this.rules.spend(actor.user)
    await checkMentions(tx, edit.conversation, text, mentions)
    const rev = target.rev + 1
    await tx.run(
      'update chat_entry set original = coalesce(original, body), body = ?3, plain = null, rev = ?4 where conversation = ?1 and seq = ?2',
      edit.conversation,
      edit.seq,
      JSON.stringify({ ...before, text, enc, mentions: someOf(mentions) } satisfies EntryBody),
      rev,
    )
    if (before.mentions !== undefined || mentions !== undefined) await changeMentions(tx, target, mentions)
    const body: EntryBody = { text, enc, mentions: someOf(mentions) }
    const entry = await append(change, edit.conversation, { kind: 'edit', author: actor.user, target: edit.seq, rev, body })
    const blocker = (await blockerIn(tx, row, actor.user)) || (await blockerOfEntry(tx, edit.conversation, edit.seq, actor.user))
    // To whoever has blocked the author, the message stays what it was.
    if (blocker !== '') await hide(tx, edit.conversation, blocker, entry.seq)
    inboxAppends.push(...(await fanOut(change, entry.row, blocker)))
    return { seq: entry.seq, rev, ts: entry.ts }
  }

  /** What it said is gone from the log, from every inbox and from search; its place stays (chat M18). Once more changes nothing. */
  async deleteForEveryone(change: UnitOfWork, actor: Actor, conversation: string, seq: number): Promise<{ seq: number }> {
    const { tx, now, inboxAppends } = change
    const { target, member, row } = await this.#own(change, actor, conversation, seq)
    if (target.deleted === 1) return { seq: await deletionOf(tx, conversation, seq) }
    const isAuthor = target.author === actor.user
    if (!isAuthor && (row.kind === 'direct' || member.role === 'member'))
      throw new CommandError(chatErrors.forbidden, 'only its author and admins delete a message')
    const leads = row.kind === 'group' && member.role !== 'member'
    if (!leads && now - target.ts > this.rules.bounds.deleteMs)
      throw new CommandError(chatErrors.windowClosed, 'the message is too old to be deleted for everyone')
    this.rules.spendEntries?.(actor.user, await memberCount(tx, conversation))
    await uncountUnread(tx, target)
    await tx.run(
      "update chat_entry set body = null, original = null, plain = null, deleted = 1 where conversation = ?1 and (seq = ?2 or (target = ?2 and kind in ('edit', 'reaction')))",
      conversation,
      seq,
    )
    await tx.run('delete from chat_reaction where conversation = ?1 and seq = ?2', conversation, seq)
    await unindex(tx, conversation, seq)
    await releaseFiles(tx, conversation, seq, now)
    await forgetMentions(tx, conversation, seq)
    const entry = await append(change, conversation, { kind: 'delete', author: actor.user, target: seq, body: {} })
    inboxAppends.push(...(await fanOut(change, entry.row, await blockerOfEntry(tx, conversation, seq, target.author))))
    return { seq: entry.seq }
  }

  /** On one's own devices alone (chat M19). */
  async deleteForMe(change: UnitOfWork, actor: Actor, conversation: string, seq: number): Promise<{ seq: number }> {
    const { tx, now, inboxAppends } = change
    if ((await findMember(tx, conversation, actor.user)) === undefined) throw noConversation()
    const target = await seenEntry(tx, conversation, seq, actor.user)
    if (target === undefined) return { seq: 0 }
    await tx.run(
      `update chat_member set unread = unread - 1 where conversation = ?1 and person = ?2 and read_to < ?3 and ?4 = 1`,
      conversation,
      actor.user,
      seq,
      target.kind === 'message' && target.deleted === 0 && target.author !== actor.user ? 1 : 0,
    )
    await hide(tx, conversation, actor.user, seq)
    await stayListed(tx, conversation, actor.user, seq, now)
    await forgetMentions(tx, conversation, seq, actor.user)
    const entry = {
      kind: 'delete',
      conversation,
      seq: 0,
      ts: now,
      author: actor.user,
      for: 'me',
      target: seq,
      mid: midOf(conversation, seq),
    } as const
    inboxAppends.push(await post(change, actor.user, entry))
    return { seq: 0 }
  }

  /** One for each user and message; '' takes it back (chat M20). The same again changes nothing, and nobody hears of it. */
  async react(change: UnitOfWork, actor: Actor, conversation: string, seq: number, given: string): Promise<{ seq: number }> {
    const emoji = wholeEmoji(given)
    const { tx, inboxAppends } = change
    const { target, member, row } = await this.#own(change, actor, conversation, seq)
    if (target.deleted === 1) throw new CommandError(chatErrors.gone, 'the message was deleted')
    if ((await reactionOf(tx, conversation, seq, actor.user)) === bareEmoji(emoji))
      return { seq: await reactedAt(tx, conversation, seq, actor.user) }
    this.rules.spendEntries?.(actor.user, await memberCount(tx, conversation))
    await setReaction(tx, conversation, seq, actor.user, emoji)
    const entry = await append(change, conversation, { kind: 'reaction', author: actor.user, target: seq, body: { emoji } })
    const blocker = await blockerOfEntry(tx, conversation, seq, target.author)
    inboxAppends.push(...(await fanOutToOpen(change, entry.row, blocker === '' ? await blockerIn(tx, row, actor.user) : blocker)))
    await giveConsent(change, member)
    return { seq: entry.seq }
  }

  /** A message that the actor may see, in a conversation that is held. */
  async #own({ tx }: UnitOfWork, { user }: Actor, conversation: string, seq: number): Promise<Held & { target: EntryRow }> {
    const { row, member } = await holdAs(tx, conversation, user)
    const target = await seenEntry(tx, conversation, seq, user)
    if (target?.kind !== 'message') throw new CommandError(chatErrors.notFound, 'seq: no such message')
    return { row, member, target }
  }
}

/** @throws CommandError 413 */
export function checkSize(text: string | undefined, enc: Encrypted | undefined, bytesMax: number): void {
  const bytes = byteLength(text ?? '') + (enc === undefined ? 0 : byteLength(JSON.stringify(enc)))
  if (bytes > bytesMax) throw new CommandError(chatErrors.tooLarge, `${bytes} bytes, at most ${bytesMax}`)
}

function someOf<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list
}

/** Two sends are the same where they say the same, whatever the version of the members was when they were tried. */
function hashOf({ conversation, text, enc, mentions, reply_to, files }: Sending): string {
  const more = [...(files === undefined ? [] : [files]), ...(someOf(mentions) ?? [])]
  return createHash('sha256')
    .update(JSON.stringify([conversation, text ?? null, enc ?? null, reply_to ?? null, ...more]))
    .digest('base64url')
}

/**
 * The conversation, held, of somebody who may send there; or what was answered before. Whoever has left since gets that all the same, and for what is
 * not theirs the questions are the same whether or not it is there.
 */
async function heldFor(tx: Queries, actor: Actor, sending: Sending): Promise<Held | { readonly answer: Sent }> {
  const held = await holdAs(tx, sending.conversation, actor.user).catch((error: unknown) => {
    if (error instanceof CommandError) return error
    throw error
  })
  const answer = await answerTo(tx, actor, sending.cid, hashOf(sending))
  if (answer !== undefined) return { answer }
  if (held instanceof CommandError) throw held
  return held
}

async function answerTo(tx: Queries, { user, device }: Actor, cid: string, hash: string): Promise<Sent | undefined> {
  const [known] = await tx.all<{ hash: string; answer: string }>(
    'select hash, answer from chat_sent where person = ?1 and device = ?2 and cid = ?3',
    user,
    device,
    cid,
  )
  if (known === undefined) return undefined
  if (known.hash !== hash) throw new CommandError(chatErrors.idempotencyConflict, 'cid: was used for another message')
  return JSON.parse(known.answer)
}

async function seenEntry(tx: Queries, conversation: string, seq: number, user: string): Promise<EntryRow | undefined> {
  const [row] = await tx.all<EntryRow>(
    `select ${entryColumns} from chat_entry e where e.conversation = ?1 and e.seq = ?2 and ${visibleTo('?3')}`,
    conversation,
    seq,
    user,
  )
  return row
}

async function checkAnswered(tx: Queries, { id }: ConversationRow, user: string, seq: number | undefined): Promise<void> {
  if (seq === undefined) return
  const answered = await seenEntry(tx, id, seq, user)
  if (answered?.kind !== 'message') throw new CommandError(chatErrors.notFound, 'reply_to: no such message')
}

/** In a conversation of two, the other one where they blocked the author; else ''. */
async function blockerIn(tx: Queries, { id, kind }: ConversationRow, author: string): Promise<string> {
  if (kind !== 'direct') return ''
  const [row] = await tx.all<{ person: string }>(
    `select b.person from chat_block b join chat_member m on m.person = b.person and m.conversation = ?1
     where b.blocked = ?2 and b.person <> ?2`,
    id,
    author,
  )
  return row?.person ?? ''
}

/** Whoever was not shown a message gets nothing about it. Only in a conversation of two can somebody not have been shown one by a block. */
async function blockerOfEntry(tx: Queries, conversation: string, seq: number, author: string): Promise<string> {
  const [row] = await tx.all<{ person: string }>(
    `select h.person from chat_hidden h join chat_conversation c on c.id = h.conversation
     where h.conversation = ?1 and h.seq = ?2 and h.person <> ?3 and c.kind = 'direct'`,
    conversation,
    seq,
    author,
  )
  return row?.person ?? ''
}

/** An edit that comes again, since its answer was lost, is the one that there is. */
async function editOf(
  tx: Queries,
  { conversation, seq, rev }: EntryRow,
  before: EntryBody,
  { text, enc, mentions }: ChatCommands['chat.edit']['in'],
): Promise<ChatCommands['chat.edit']['out'] | undefined> {
  if (rev === 0 || JSON.stringify([before.text, before.enc, before.mentions]) !== JSON.stringify([text, enc, someOf(mentions)]))
    return undefined
  const [row] = await tx.all<{ seq: number; ts: number }>(
    "select seq, ts from chat_entry where conversation = ?1 and target = ?2 and kind = 'edit' and rev = ?3",
    conversation,
    seq,
    rev,
  )
  return row === undefined ? undefined : { seq: row.seq, rev, ts: row.ts }
}

async function deletionOf(tx: Queries, conversation: string, seq: number): Promise<number> {
  const [row] = await tx.all<{ seq: number }>(
    "select seq from chat_entry where conversation = ?1 and target = ?2 and kind = 'delete' order by seq limit 1",
    conversation,
    seq,
  )
  return row?.seq ?? 0
}

async function hide(tx: Queries, conversation: string, person: string, seq: number): Promise<void> {
  await tx.run('insert into chat_hidden (conversation, person, seq) values (?1, ?2, ?3) on conflict do nothing', conversation, person, seq)
}

/** A message was counted for all who are there, and one of them is not shown it. */
async function uncountFor(tx: Queries, conversation: string, person: string): Promise<void> {
  await tx.run('update chat_member set unread = unread - 1 where conversation = ?1 and person = ?2 and active = 1', conversation, person)
}

/** Of everyone for whom it counted, also of those who have left since. */
async function uncountUnread(tx: Queries, { conversation, seq, author }: EntryRow): Promise<void> {
  await tx.run(
    `update chat_member set unread = unread - 1
     where conversation = ?1 and read_to < ?2 and cleared < ?2 and person <> ?3
       and exists (select 1 from chat_stay s where s.conversation = ?1 and s.person = chat_member.person and s.from_seq <= ?2 and (s.to_seq is null or ?2 <= s.to_seq))
       and not exists (select 1 from chat_hidden h where h.conversation = ?1 and h.person = chat_member.person and h.seq = ?2)`,
    conversation,
    seq,
    author,
  )
}

/** Whoever answers has read what was there (chat M22). */
async function readOwn(
  { tx, now, receiptsDue }: UnitOfWork,
  { conversation, person, read_to }: MemberRow,
  { seq, counted }: Appended,
): Promise<void> {
  const readsMore = read_to < seq - 1
  await tx.run(
    `update chat_member set read_to = ?3, delivered_to = case when delivered_to > ?3 then delivered_to else ?3 end, unread = ?5, marked = 0,
       receipt_due = case when ?4 = 1 then 1 else receipt_due end
     where conversation = ?1 and person = ?2`,
    conversation,
    person,
    seq,
    readsMore ? 1 : 0,
    -counted,
  )
  if (!readsMore) return
  await step(tx, conversation, person, 'read', seq - 1, now)
  receiptsDue.add(conversation)
}

/** When a watermark came this far. */
async function step(tx: Queries, conversation: string, person: string, kind: 'delivered' | 'read', seq: number, ts: number): Promise<void> {
  await tx.run(
    'insert into chat_step (conversation, person, kind, seq, ts) values (?1, ?2, ?3, ?4, ?5) on conflict do nothing',
    conversation,
    person,
    kind,
    seq,
    ts,
  )
}
