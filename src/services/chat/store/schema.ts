import { type Random, randomId } from '../../../kit/index.ts'
import type { MigrationStep, Sql } from '../../../service.ts'

/**
 * The tables of chat, in the SQL that SQLite and Postgres share. Times are Unix milliseconds; `seq` is a place in a conversation's log, `pts`
 * one in a user's inbox; both are dense. Steps are only ever added.
 */
export const schema: readonly MigrationStep[] = [
  'create table chat_setting (name text primary key, value text not null)',
  `create table chat_conversation (
    id text primary key, kind text not null, title text not null, pair text unique,
    version integer not null, seq integer not null, ts double precision not null, created double precision not null,
    send_by text not null, edit_by text not null)`,
  // What a conversation is to one user, also after they have left. Watermarks are inclusive; the told ones are what authors know of.
  `create table chat_member (
    conversation text not null, person text not null, role text not null, since integer not null, active integer not null,
    delivered_to integer not null, read_to integer not null, told_delivered integer not null, told_read integer not null, receipt_due integer not null,
    unread integer not null, muted integer not null, pinned integer not null, cleared integer not null,
    primary key (conversation, person))`,
  'create index chat_member_person on chat_member (person)',
  'create index chat_member_due on chat_member (receipt_due, conversation)',
  // Which part of the log somebody may see: one interval for each stay. Open at its end while they are there.
  `create table chat_stay (
    conversation text not null, person text not null, from_seq integer not null, to_seq integer,
    primary key (conversation, person, from_seq))`,
  // The log. A message's row holds its newest text, what edits of it said has rows of its own; a deletion empties both.
  `create table chat_entry (
    conversation text not null, seq integer not null, kind text not null, author text not null, ts double precision not null,
    target integer, body text, plain text, rev integer not null, deleted integer not null,
    primary key (conversation, seq))`,
  'create index chat_entry_target on chat_entry (conversation, target)',
  `create table chat_reaction (
    conversation text not null, seq integer not null, person text not null, emoji text not null,
    primary key (conversation, seq, person))`,
  'create table chat_hidden (conversation text not null, person text not null, seq integer not null, primary key (conversation, person, seq))',
  // Answers to sends, so that one which comes again is answered again.
  `create table chat_sent (
    person text not null, device text not null, cid text not null, hash text not null, answer text not null, ts double precision not null,
    primary key (person, device, cid))`,
  'create index chat_sent_ts on chat_sent (ts)',
  // The newest place of each inbox, the newest that is not kept any longer, and the run that is still growing: entries of one conversation that
  // follow each other. A message to a group touches a few pages that hold these rows, not one page for each inbox.
  `create table chat_inbox (
    person text primary key, pts integer not null, floor integer not null,
    run_conversation text not null, run_first integer not null, run_seq integer not null, run_ts double precision not null)`,
  // A run that ended: places `first` to `pts`. Kind 'log' stands for as many entries from `seq` on; 'conversation' for how it is when it is
  // read, and 'own' for its body, are one place each.
  `create table chat_run (
    person text not null, pts integer not null, first integer not null, kind text not null, conversation text not null, seq integer not null,
    ts double precision not null, body text, primary key (person, pts))`,
  'create index chat_run_ts on chat_run (ts)',
  `create view chat_span as
     select person, pts, first, kind, conversation, seq, ts, body from chat_run
     union all
     select person, pts, run_first, 'log', run_conversation, run_seq, run_ts, cast(null as text) from chat_inbox where run_conversation <> ''`,
  // What stands in the inboxes, place by place.
  `create view chat_item as
     select s.person, s.first + e.seq - s.seq as pts, s.kind, s.conversation, e.seq, e.ts, s.body
     from chat_span s join chat_entry e on e.conversation = s.conversation and e.seq >= s.seq and e.seq <= s.seq + s.pts - s.first where s.kind = 'log'
     union all
     select person, pts, kind, conversation, seq, ts, body from chat_run where kind <> 'log'`,
  `create table chat_device (
    person text not null, device text not null, acked integer not null, created double precision not null, seen double precision not null,
    primary key (person, device))`,
  // When a watermark came to where, for the times of a message's receipts.
  `create table chat_step (
    conversation text not null, person text not null, kind text not null, seq integer not null, ts double precision not null,
    primary key (conversation, person, kind, seq))`,
  `create table chat_invite (
    code text primary key, conversation text not null, author text not null, uses integer not null, uses_max integer not null, expires double precision not null,
    approval integer not null)`,
  'create index chat_invite_conversation on chat_invite (conversation)',
  'create table chat_request (conversation text not null, person text not null, ts double precision not null, primary key (conversation, person))',
  'create table chat_block (person text not null, blocked text not null, primary key (person, blocked))',
  'create table chat_profile (person text primary key, read_receipts integer not null, show_last_seen integer not null, last_seen double precision not null)',
  `create table chat_push (
    person text not null, device text not null, endpoint text not null, p256dh text not null, auth text not null, created double precision not null,
    primary key (person, device))`,
  // What stands on a device's lock screen, as far as is known.
  `create table chat_shown (
    person text not null, device text not null, conversation text not null, seq integer not null,
    primary key (person, device, conversation))`,
  // A browser has one place for its notifications, whoever is logged in there.
  'create index chat_push_endpoint on chat_push (endpoint)',
  // What a message said before its first edit, for whoever had left by then.
  'alter table chat_entry add column original text',
  // How somebody came to be in a conversation, or to be in it no longer: see `Consent`. Whoever wrote to the other of two has answered them.
  "alter table chat_member add column consent text not null default 'given'",
  `update chat_member set consent = 'none' where (select c.kind from chat_conversation c where c.id = chat_member.conversation) = 'direct'
     and not exists (select 1 from chat_entry e where e.conversation = chat_member.conversation and e.author = chat_member.person)`,
  `update chat_member set consent = case when exists (
       select 1 from chat_stay s join chat_entry e on e.conversation = s.conversation and e.seq = s.to_seq
       where s.conversation = chat_member.conversation and s.person = chat_member.person and e.body like '%"change":"removed"%'
         and s.from_seq = (select max(n.from_seq) from chat_stay n where n.conversation = s.conversation and n.person = s.person))
     then 'removed' else 'left' end where active = 0`,
  // When the block began, for what was known before. Of older blocks nobody knows.
  'alter table chat_block add column since double precision not null default 9000000000000000',
  'create index chat_block_blocked on chat_block (blocked)',
  "alter table chat_profile add column may_add text not null default 'everyone'",
  // Who was asked into a group and has not come in.
  `create table chat_invited (
    conversation text not null, person text not null, author text not null, ts double precision not null, declined integer not null,
    primary key (conversation, person))`,
  'create index chat_invited_person on chat_invited (person)',
  'create table chat_invite_use (code text not null, person text not null, primary key (code, person))',
  // What a user did with a conversation in their list. 0 for not archived, not deleted; else what was said from this `seq` on brings it back.
  'alter table chat_member add column archived_below integer not null default 0',
  'alter table chat_member add column deleted_below integer not null default 0',
  'alter table chat_member add column marked integer not null default 0',
  // The list is read in steps, by conversation.
  'create index chat_member_list on chat_member (person, conversation)',
  'drop index chat_member_person',
  // The search index covers the log up to here. A conversation that was there before the index begins at nothing.
  'alter table chat_conversation add column indexed integer not null default 0',
  // A stretch of a conversation's log in the search index, with the time of its newest message.
  {
    sqlite: `create table chat_segment (
      id integer primary key, conversation text not null, number integer not null, ts double precision not null, unique (conversation, number))`,
    postgres: `create table chat_segment (
      id integer generated by default as identity primary key, conversation text not null, number integer not null, ts double precision not null,
      unique (conversation, number))`,
  },
  // Where in a segment a term stands, a character for each message: see `search-index.ts`. Terms are compared byte by byte, in whatever language the database is.
  {
    sqlite:
      'create table chat_posting (segment integer not null, term text not null, places text not null, primary key (segment, term)) without rowid',
    postgres:
      'create table chat_posting (segment integer not null, term text collate "C" not null, places text not null, primary key (segment, term))',
  },
  // The same emoji counts once, however it was written: what is kept has no mark of its form.
  "update chat_reaction set emoji = replace(replace(emoji, '\ufe0f', ''), '\ufe0e', '')",
  // What was uploaded, by the id that its device gave it. From `due` on it may be swept; what a message carries never is. `gone`: nobody may have
  // it any longer, and its bytes are being deleted.
  `create table chat_file (
    id text primary key, person text not null, cid text not null, kind text not null, type text not null, size double precision not null,
    width integer not null, height integer not null, small integer not null, due double precision not null, ready integer not null,
    gone integer not null, unique (person, cid))`,
  'create index chat_file_due on chat_file (due)',
  // Which messages carry it, and how it is called there.
  `create table chat_file_use (
    file text not null, conversation text not null, seq integer not null, name text not null, primary key (file, conversation, seq))`,
  'create index chat_file_use_entry on chat_file_use (conversation, seq)',
  // Until when a conversation is muted; what was muted before ends had no end.
  'alter table chat_member add column muted_until double precision not null default 0',
  'update chat_member set muted_until = 9000000000000000 where muted <> 0',
  // Whom a message names. Those who have read it are swept out.
  'create table chat_mention (person text not null, conversation text not null, seq integer not null, primary key (person, conversation, seq))',
  'create index chat_mention_seq on chat_mention (conversation, seq)',
  "alter table chat_profile add column may_write text not null default 'everyone'",
  // What notifications say, and whether a mention notifies through a mute.
  "alter table chat_profile add column previews text not null default 'text'",
  'alter table chat_profile add column mentions integer not null default 1',
  // Devices that were signed out from another one, to be told when they come.
  'create table chat_signed_out (person text not null, device text not null, ts double precision not null, primary key (person, device))',
  // One order of all that comes into inboxes. Whoever writes holds this row until they have committed, so that what is committed later stands later.
  // Of what came up to `old`, nothing is kept for devices any longer.
  'create table chat_clock (id integer primary key, place double precision not null, old double precision not null)',
  'insert into chat_clock (id, place, old) values (1, 0, 0)',
  'alter table chat_entry add column place double precision not null default 0',
  `update chat_entry set place = o.place from (
     select conversation, seq, row_number() over (order by ts, conversation, seq) as place from chat_entry) o
     where o.conversation = chat_entry.conversation and o.seq = chat_entry.seq`,
  'create index chat_entry_place on chat_entry (place)',
  'create index chat_entry_inbox on chat_entry (conversation, place)',
  'create index chat_stay_person on chat_stay (person, conversation)',
  // An entry that somebody who is there is not sent, since they have blocked its author.
  `create table chat_withheld (
    conversation text not null, person text not null, seq integer not null, primary key (conversation, person, seq))`,
  `insert into chat_withheld (conversation, person, seq)
     select s.conversation, s.person, e.seq from chat_hidden h
       join chat_conversation c on c.id = h.conversation and c.kind = 'direct'
       join chat_stay s on s.conversation = h.conversation and s.person = h.person
       join chat_entry e on e.conversation = h.conversation and e.seq = h.seq
     where not exists (select 1 from chat_item i where i.person = h.person and i.conversation = h.conversation and i.seq = h.seq)`,
  // What comes into one inbox alone. Kind 'conversation' stands for how it is when it is read, 'own' for its body.
  `create table chat_own (
    person text not null, place double precision not null, kind text not null, conversation text not null, ts double precision not null, body text,
    primary key (person, place))`,
  'create index chat_own_place on chat_own (place)',
  `insert into chat_own (person, place, kind, conversation, ts, body)
     select person, (select count(*) from chat_entry) + row_number() over (order by ts, person, pts), kind, conversation, ts, body
     from chat_run where kind <> 'log'`,
  'update chat_clock set place = (select count(*) from chat_entry) + (select count(*) from chat_own)',
  // A place of an inbox beside its place in the order of all: its `pts` is that of its user alone, and dense. From such a pair others are counted.
  'alter table chat_inbox add column place double precision not null default 0',
  'alter table chat_inbox add column floor_place double precision not null default 0',
  'alter table chat_device add column acked_place double precision not null default 0',
  // What a device has not acknowledged comes again, with what came between.
  `update chat_device set acked_place = coalesce(
     (select min(x.place) - 1 from (
        select i.person, i.pts, e.place from chat_item i join chat_entry e on e.conversation = i.conversation and e.seq = i.seq where i.kind = 'log'
        union all
        select r.person, r.pts, o.place from chat_run r join chat_own o on o.person = r.person and o.ts = r.ts and o.conversation = r.conversation where r.kind <> 'log'
      ) x where x.person = chat_device.person and x.pts > chat_device.acked),
     (select place from chat_clock))`,
  'drop view chat_item',
  'drop view chat_span',
  // What stands in the inboxes: the log of each conversation, as far as its user was there, and what came for them alone.
  `create view chat_item as
     select s.person, e.place, 'log' as kind, e.conversation, e.seq, e.ts, cast(null as text) as body
     from chat_stay s join chat_entry e on e.conversation = s.conversation and e.seq + 0 >= s.from_seq and e.seq + 0 <= coalesce(s.to_seq, 2147483647)
     where not exists (select 1 from chat_withheld w where w.conversation = s.conversation and w.person = s.person and w.seq = e.seq)
     union all
     select person, place, kind, conversation, 0, ts, body from chat_own`,
  'update chat_inbox set place = (select place from chat_clock)',
  `update chat_inbox set floor_place = coalesce((select min(d.acked_place) from chat_device d where d.person = chat_inbox.person), place)`,
  `update chat_inbox set floor = pts - (select count(*) from chat_item i where i.person = chat_inbox.person and i.place > chat_inbox.floor_place)`,
  `update chat_device set acked = (select i.pts from chat_inbox i where i.person = chat_device.person)
     - (select count(*) from chat_item i where i.person = chat_device.person and i.place > chat_device.acked_place)
     where exists (select 1 from chat_inbox i where i.person = chat_device.person)`,
  'drop table chat_run',
  'alter table chat_inbox drop column run_conversation',
  'alter table chat_inbox drop column run_first',
  'alter table chat_inbox drop column run_seq',
  'alter table chat_inbox drop column run_ts',
  // Messages that were said, for everybody who is there: what is unread is this and a number of each member's own, which may be below nothing.
  'alter table chat_conversation add column counted integer not null default 0',
]

/** The epoch of all inboxes: made with the store, and the same as long as it is. */
export function epochOf(sql: Sql, random: Random): Promise<string> {
  return madeOnce(sql, 'epoch', randomId(random, 6))
}

/** What links to files are sealed with: the same on all nodes of a store. */
export function linkKeyOf(sql: Sql, random: Random): Promise<string> {
  return madeOnce(sql, 'link_key', randomId(random, 32))
}

async function madeOnce(sql: Sql, name: string, value: string): Promise<string> {
  return sql.transaction(async tx => {
    await tx.run('insert into chat_setting (name, value) values (?1, ?2) on conflict (name) do nothing', name, value)
    const [row] = await tx.all<{ value: string }>('select value from chat_setting where name = ?1', name)
    return row?.value ?? ''
  })
}
