import type { Judge } from '../../core/judge.ts'
import type { Tally } from '../../core/tally.ts'
import { AppDevice } from './app-device.ts'
import { checkApp } from './app-rest.ts'
import type { Handheld } from './handheld.ts'
import { Log } from './log.ts'
import type { Copy } from './replica.ts'
import type { EntryLine, MemberLine, Rows } from './rows.ts'
import type { Transcript } from './transcript.ts'

export interface ChatRestContext {
  readonly judge: Judge
  readonly transcript: Transcript
  readonly devices: readonly Handheld[]
  readonly rows: Rows
  readonly tally: Tally
  readonly membersMax: number
}

/** What must be true when all has come to rest. */
export function checkRest(context: ChatRestContext): void {
  const log = new Log(context.rows)
  checkLog(context, log)
  checkSends(context, log)
  checkInboxes(context, log)
  checkMembers(context, log)
  checkTold(context, log)
  checkLeft(context, log)
  for (const device of context.devices) {
    checkDevice(context, log, device)
    if (device instanceof AppDevice) checkApp(context.judge, context.tally, log, device)
  }
}

function checkLog({ judge, rows }: ChatRestContext, log: Log): void {
  for (const { id, seq, version } of rows.conversations) {
    const entries = log.byConversation.get(id) ?? []
    judge.hold(
      entries.length === seq && entries.every((entry, index) => entry.seq === index + 1),
      `${id}: places are not dense up to ${seq}`,
    )
    judge.hold(
      entries.every(({ ts }, index) => ts >= (entries[index - 1]?.ts ?? 0)),
      `${id}: time goes back`,
    )
    const versions = entries.flatMap(({ kind, body }) => (kind === 'membership' ? [versionIn(body)] : []))
    judge.hold(
      versions.every((each, index) => each === index + 1) && version === versions.length,
      `${id}: versions ${versions} of members up to ${version}`,
    )
    const revs = new Map<number, number>()
    for (const { kind, target, rev } of entries) {
      if (kind !== 'edit' || target === null) continue
      judge.hold(rev === (revs.get(target) ?? 0) + 1, `${id}: edit ${rev} of ${target} after ${revs.get(target)}`)
      revs.set(target, rev)
    }
    checkStays(judge, rows, id, entries)
    checkReactions(judge, rows, id, entries)
  }
}

/** Who was there when, as the log itself says. */
function checkStays(judge: Judge, rows: Rows, id: string, entries: readonly EntryLine[]): void {
  const said: { person: string; from: number; to: number | null }[] = []
  for (const { kind, seq, body } of entries) {
    if (kind !== 'membership' || body === null) continue
    const { change, users }: { change: string; users: readonly string[] } = JSON.parse(body).membership
    for (const person of users) {
      if (change === 'created' || change === 'added' || change === 'joined') said.push({ person, from: seq, to: null })
      const stay = said.findLast(other => other.person === person)
      if ((change === 'removed' || change === 'left') && stay !== undefined) stay.to = seq
    }
  }
  if (said.length === 0) return
  const kept = rows.stays.filter(({ conversation }) => conversation === id)
  judge.hold(
    Bun.deepEquals(
      sorted(said.map(({ person, from, to }) => [person, `${from}`, `${to}`])),
      sorted(kept.map(({ person, from_seq, to_seq }) => [person, `${from_seq}`, `${to_seq}`])),
    ),
    `${id}: the log tells of other stays than are written down`,
  )
}

function checkReactions(judge: Judge, rows: Rows, id: string, entries: readonly EntryLine[]): void {
  const newest = new Map<string, string>()
  for (const { kind, author, target, body } of entries) if (kind === 'reaction') newest.set(`${target} ${author}`, emojiIn(body))
  const expected = [...newest].filter(([key, emoji]) => emoji !== '' && entries[Number(key.split(' ')[0]) - 1]?.deleted === 0)
  const kept = rows.reactions.filter(({ conversation }) => conversation === id).map(({ seq, person, emoji }) => [`${seq} ${person}`, emoji])
  judge.hold(Bun.deepEquals(sorted(expected), sorted(kept)), `${id}: reactions ${sorted(kept)}, said were ${sorted(expected)}`)
}

function sorted(pairs: readonly (readonly string[])[]): string[] {
  return pairs.map(pair => pair.join(' ')).sort()
}

/** Every answered send is in the log once, where its answer says, and no refused one is. */
function checkSends({ judge, transcript, rows, tally }: ChatRestContext, log: Log): void {
  const places = new Map<string, string>()
  for (const { kind, conversation, seq, author, body } of rows.entries) {
    if (kind !== 'message' || body === null) continue
    const { device, cid } = originIn(body)
    const key = `${author}/${device} ${cid}`
    judge.hold(!places.has(key), `${key} is in the log at ${places.get(key)} and at ${conversation}.${seq}`)
    judge.hold(!transcript.refused.has(key), `${key} was refused and is in the log at ${conversation}.${seq}`)
    judge.hold(device === 'app' || transcript.answered.has(key), `${key} is in the log and was never answered`)
    places.set(key, `${conversation}.${seq}`)
  }
  for (const [key, { conversation, seq, mid, ts }] of transcript.answered) {
    const entry = log.at(conversation, seq)
    judge.hold(entry?.kind === 'message' && entry.ts === ts && mid === `${conversation}.${seq}`, `${key} was answered and is lost`)
    judge.hold(entry?.deleted === 1 || places.get(key) === `${conversation}.${seq}`, `${key} is at ${places.get(key)} and not at ${seq}`)
  }
  tally.count('sends checked', transcript.answered.size)
}

/** Inboxes hold every entry for everyone who was there, once and in order, and what devices acknowledged is where they say. */
function checkInboxes({ judge, rows }: ChatRestContext, log: Log): void {
  const byPerson = Map.groupBy(rows.items, ({ person }) => person)
  for (const { person, device, acked, counted } of rows.devices)
    judge.hold(acked === counted, `${person}/${device} has acknowledged ${acked}, where ${counted} entries are`)
  for (const { person } of rows.inboxes) {
    const items = byPerson.get(person) ?? []
    judge.hold(
      items.every((item, index) => item.place > (items[index - 1]?.place ?? 0)),
      `two entries of the inbox of ${person} are at one place`,
    )
    const logged = Map.groupBy(
      items.filter(({ kind }) => kind === 'log'),
      ({ conversation }) => conversation,
    )
    for (const { id } of rows.conversations) {
      const entries = log.byConversation.get(id) ?? []
      const expected = entries.filter(entry => log.was(person, entry) && !log.isOfHidden(person, entry)).map(({ seq }) => seq)
      const found = (logged.get(id) ?? []).map(({ seq }) => seq).filter(seq => !log.isOfHidden(person, entries[seq - 1]))
      judge.hold(Bun.deepEquals(found, expected), `the inbox of ${person} has ${id} ${found}, they were there for ${expected}`)
    }
  }
}

function checkMembers({ judge, rows, tally, membersMax }: ChatRestContext, log: Log): void {
  for (const { id, kind } of rows.conversations) {
    const members = rows.members.filter(({ conversation, active }) => conversation === id && active === 1)
    judge.hold(members.length <= membersMax, `${id} has ${members.length} members, at most ${membersMax}`)
    if (kind === 'group' && members.length > 0)
      judge.hold(
        members.some(({ role }) => role === 'owner'),
        `${id} has no owner`,
      )
    for (const { person } of members)
      judge.hold(log.stays(id, person).filter(({ to_seq }) => to_seq === null).length === 1, `${person} is in ${id} not once`)
  }
  for (const { person, conversation, receipt_due, delivered_to, read_to, told_delivered, told_read } of rows.members) {
    judge.hold(receipt_due === 0, `authors in ${conversation} were never told how far ${person} is`)
    tally.count('watermarks checked', Number(told_delivered === delivered_to) + Number(told_read === read_to))
  }
}

/** No author was told that somebody has a message before one of their devices had it. */
function checkTold({ judge, transcript, tally }: ChatRestContext, log: Log): void {
  for (const { atMs, author, conversation, watermark } of transcript.told) {
    const { user, delivered = 0, read = 0 } = watermark
    const most = Math.max(delivered, read)
    const end = log.stays(conversation, author).at(-1)?.to_seq ?? most
    judge.hold(most <= end, `${author} was there up to ${conversation}.${end}, and was told that ${user} is at ${most}`)
    for (const entry of log.byConversation.get(conversation) ?? []) {
      if (entry.seq > most) break
      if (entry.kind !== 'message' || entry.author !== author || !log.was(user, entry)) continue
      if (log.isHidden(user, entry) || passedBy(log, user, entry)) continue
      if (transcript.wasListed(user, conversation, entry.seq, atMs)) continue
      tally.count('ticks checked')
      const at = transcript.receivedAt(user, conversation, entry.seq)
      judge.hold(
        at !== undefined && at <= atMs,
        `${author} was told that ${user} has ${conversation}.${entry.seq}, which came ${at === undefined ? 'never' : 'later'}`,
      )
    }
  }
}

/** Whoever has left is shown a conversation as it was then. */
function checkLeft({ judge, transcript, tally }: ChatRestContext, log: Log): void {
  for (const { user, conversation } of transcript.shownLeft) {
    const { id, seq, version, members } = conversation
    const entry = log.at(id, seq)
    tally.count('left conversations checked')
    judge.hold(
      members.every(
        member => member.delivered === 0 && member.read === 0 && member.user !== user && log.was(member.user, { conversation: id, seq }),
      ) &&
        log.stays(id, user).some(({ to_seq }) => to_seq === seq) &&
        versionIn(entry?.body ?? null) === version,
      `${user} has left ${id} and was shown it at ${seq} with ${members.length} members`,
    )
  }
}

/** Whether the reader went over it in another way than by getting it: by saying something after it, by clearing, by leaving and coming back. */
function passedBy(log: Log, user: string, { conversation, seq }: EntryLine): boolean {
  const entries = log.byConversation.get(conversation) ?? []
  const member = log.member(conversation, user)
  return (
    entries.some(entry => entry.seq > seq && entry.author === user && entry.kind === 'message') ||
    (member?.cleared ?? 0) >= seq ||
    log.stays(conversation, user).some(({ from_seq }) => from_seq > seq)
  )
}

function checkDevice(context: ChatRestContext, log: Log, device: Handheld): void {
  const { judge, rows } = context
  const { user, replica } = device
  const sender = `${user}/${device.name}`
  judge.hold(device.isConnected, `${sender} is not connected`)
  judge.hold(device.waiting.length === 0, `${sender} waits for an answer to ${device.waiting}`)
  const top = rows.inboxes.find(({ person }) => person === user)?.pts ?? 0
  judge.hold(replica.isListed && replica.held === top, `${sender} holds its inbox up to ${replica.held}, not to ${top}`)
  for (let offset = replica.since + 1; offset <= top; offset++)
    judge.hold(replica.items.has(offset), `${sender} never got ${offset} of its inbox`)
  for (const member of rows.members) if (member.person === user) checkCopy(context, log, device, member)
  for (const { id } of replica.copies.values())
    judge.hold(log.member(id, user) !== undefined, `${sender} knows of ${id}, where ${user} never was`)
}

/** A device has all that its user may see, as it is, and nothing else. */
function checkCopy(context: ChatRestContext, log: Log, device: Handheld, member: MemberLine): void {
  const { judge, tally } = context
  const { user, replica } = device
  const sender = `${user}/${device.name}`
  const copy = replica.copies.get(member.conversation)
  if (copy === undefined) {
    judge.break(`${sender} does not know of ${member.conversation}`)
    return
  }
  for (const entry of log.byConversation.get(copy.id) ?? []) {
    const slot = copy.slots.get(entry.seq)
    const where = `${copy.id}.${entry.seq}`
    if (!log.was(user, entry)) {
      judge.hold(
        (slot?.kind ?? 'unknown') === 'unknown' && !copy.places.has(entry.seq),
        `${sender} has ${where}, from when ${user} was not there`,
      )
      continue
    }
    if ((entry.kind !== 'message' && entry.kind !== 'membership') || entry.seq <= member.cleared || log.isHidden(user, entry)) continue
    judge.hold(slot?.kind === entry.kind && slot.author === entry.author, `${sender} does not have ${where} (${entry.kind})`)
    if (slot === undefined || entry.kind !== 'message') continue
    // What became of it while they were not there they may know from history, or not.
    if (log.missedChange(user, entry)) continue
    judge.hold(slot.isDeleted === (entry.deleted === 1), `${sender} has ${where} ${slot.isDeleted ? '' : 'not '}deleted`)
    const text = entry.body === null ? undefined : textIn(entry.body)
    judge.hold(
      slot.isDeleted || (slot.text === text && slot.rev === entry.rev),
      `${sender} has ${where} as "${slot.text}" and not "${text}"`,
    )
    tally.count('messages checked')
  }
  if (member.active === 1) checkCounts(context, log, device, copy, member)
}

function checkCounts({ judge, rows, tally }: ChatRestContext, log: Log, device: Handheld, copy: Copy, member: MemberLine): void {
  const { user, replica } = device
  const sender = `${user}/${device.name}`
  judge.hold(copy.read === member.read_to, `${sender} has read ${copy.id} up to ${copy.read}, the server says ${member.read_to}`)
  const unread = replica.unread(copy)
  judge.hold(unread === member.unread, `${sender} counts ${unread} unread in ${copy.id}, the server ${member.unread}`)
  tally.count(unread > 0 ? 'unread checked' : 'nothing unread')
  for (const other of rows.members) {
    if (other.conversation !== copy.id || other.person === user || other.active === 0) continue
    const own = (log.byConversation.get(copy.id) ?? []).filter(
      entry => entry.kind === 'message' && entry.author === user && log.was(other.person, entry) && !passedBy(log, other.person, entry),
    )
    const reached = (upTo: number) => own.findLast(({ seq }) => seq <= upTo)?.seq ?? 0
    judge.hold(
      (copy.delivered.get(other.person) ?? 0) >= reached(other.delivered_to),
      `${sender} does not know that ${other.person} has ${copy.id}.${reached(other.delivered_to)}`,
    )
    judge.hold(
      (copy.reads.get(other.person) ?? 0) >= reached(other.read_to),
      `${sender} does not know that ${other.person} has read ${copy.id}.${reached(other.read_to)}`,
    )
    tally.count('receipts checked', own.length)
  }
}

function originIn(body: string): { device: string; cid: string } {
  return JSON.parse(body).origin
}

function textIn(body: string): string {
  return JSON.parse(body).text
}

function emojiIn(body: string | null): string {
  return body === null ? '' : JSON.parse(body).emoji
}

function versionIn(body: string | null): number {
  return body === null ? 0 : JSON.parse(body).membership.version
}
