import * as z from 'zod/mini'
import type { ChatCommands, InboxEntry, InboxState, MembershipEntry, MessageEntry, OpenSignal } from '../model/wire.ts'

/** Schemas of all that comes from the server. Fields that are not known are left out, so a newer server does no harm. */
const text = z.string()
const number = z.number()
const texts = z.readonly(z.array(text))
const role = z.enum(['owner', 'admin', 'member'])
const allowed = z.enum(['all', 'admins'])
const encrypted = z.object({
  scheme: text,
  epoch: z.exactOptional(number),
  bytes: z.exactOptional(text),
  perDevice: z.exactOptional(z.record(text, text)),
})
const logged = {
  conversation: text,
  seq: number,
  ts: number,
  author: text,
  origin: z.exactOptional(z.object({ device: text, cid: text })),
  re: z.exactOptional(z.literal(true)),
}
const mentions = z.readonly(z.array(z.object({ user: text, at: number, length: number })))
const content = { text: z.exactOptional(text), enc: z.exactOptional(encrypted), mentions: z.exactOptional(mentions) }
const target = { target: number, mid: text }

const file = z.object({
  id: text,
  kind: z.enum(['picture', 'video', 'audio', 'file']),
  name: text,
  type: text,
  size: number,
  width: z.exactOptional(number),
  height: z.exactOptional(number),
  alt: z.exactOptional(text),
})
/** What an upload is answered with. */
export const uploadedSchema = z.omit(file, { name: true, alt: true })

const message = z.object({
  kind: z.literal('message'),
  ...logged,
  ...content,
  mid: text,
  files: z.exactOptional(z.array(file)),
  reply_to: z.exactOptional(number),
  rev: z.exactOptional(number),
  deleted: z.exactOptional(z.literal(true)),
  reactions: z.exactOptional(z.array(z.object({ emoji: text, count: number, mine: z.boolean() }))),
})
const membershipLine = { kind: z.literal('membership'), ...logged, version: number, users: texts }
const membership = z.union([
  z.object({ ...membershipLine, change: z.literal('created'), title: text }),
  z.object({ ...membershipLine, change: z.enum(['added', 'joined', 'removed', 'left']) }),
  z.object({ ...membershipLine, change: z.literal('role'), role }),
  z.object({ ...membershipLine, change: z.literal('renamed'), title: text }),
  z.object({ ...membershipLine, change: z.literal('modes'), send: allowed, edit: allowed }),
])
const conversation = z.object({
  id: text,
  kind: z.enum(['direct', 'group']),
  title: text,
  send: z._default(allowed, 'all'),
  edit: z._default(allowed, 'all'),
  blocked: z.exactOptional(z.literal(true)),
  requests: z.exactOptional(number),
  request: z.exactOptional(z.literal(true)),
  held: z.exactOptional(z.literal(true)),
  mentions: z.exactOptional(z.array(number)),
  version: number,
  seq: number,
  ts: number,
  unread: number,
  last: z.exactOptional(message),
  line: z.exactOptional(membership),
  members: z.array(z.object({ user: text, role, since: number, delivered: number, read: number })),
  muted: z.boolean(),
  muted_until: z.exactOptional(number),
  pinned: z.boolean(),
  cleared: number,
  archived: z.exactOptional(z.literal(true)),
  deleted: z.exactOptional(z.literal(true)),
  marked: z.exactOptional(z.literal(true)),
  active: z.boolean(),
})
const watermark = z.object({ user: text, delivered: z.exactOptional(number), read: z.exactOptional(number), ts: number })
const presence = z.object({ user: text, online: z.boolean(), last_seen: z.exactOptional(number) })
const whom = z._default(z.enum(['everyone', 'answered', 'nobody']), 'everyone')
const asked = z.exactOptional(texts)
const opened = z.object({ conversation: text, summary: conversation, asked })
const changed = z.object({ version: number, seq: number, asked })
const invited = { conversation: text, title: text, author: text, members: number, ts: number }
const shown: z.ZodMiniType<MessageEntry | MembershipEntry> = z.union([message, membership])

export const inboxEntrySchema: z.ZodMiniType<InboxEntry> = z.union([
  message,
  z.object({ kind: z.literal('edit'), ...logged, ...content, ...target, rev: number }),
  z.object({ kind: z.literal('delete'), ...logged, ...target, for: z.enum(['everyone', 'me']) }),
  z.object({ kind: z.literal('reaction'), ...logged, ...target, emoji: text }),
  membership,
  z.object({
    kind: z.literal('receipt'),
    conversation: text,
    receipts: z.array(watermark),
    unread: z.exactOptional(number),
    re: z.exactOptional(z.literal(true)),
  }),
  z.object({ kind: z.literal('conversation'), conversation: text, summary: conversation, re: z.exactOptional(z.literal(true)) }),
  z.object({ kind: z.literal('invited'), ...invited, open: z.boolean(), re: z.exactOptional(z.literal(true)) }),
])

export const inboxStateSchema: z.ZodMiniType<InboxState> = z.object({
  device: text,
  acked: number,
  top: number,
  backlog: number,
  truncated: z.exactOptional(z.record(text, z.tuple([number, number]))),
  durability: z.enum(['durable', 'memory']),
  limits: z.exactOptional(z.object({ edit_ms: number, delete_ms: number, file_bytes: z.exactOptional(number) })),
  now: z.exactOptional(number),
})

export const signalSchema: z.ZodMiniType<OpenSignal> = z.union([
  z.object({ kind: z.literal('typing'), user: text, on: z.boolean() }),
  z.object({ kind: z.literal('presence'), user: text, online: z.boolean(), last_seen: z.exactOptional(number) }),
])

/** What each command answers. */
export const answerSchemas: { readonly [M in keyof ChatCommands]: z.ZodMiniType<ChatCommands[M]['out']> } = {
  'chat.direct': opened,
  'chat.group': opened,
  'chat.add': changed,
  'chat.remove': changed,
  'chat.leave': changed,
  'chat.role': changed,
  'chat.rename': changed,
  'chat.modes': changed,
  'chat.accept': opened,
  'chat.invited': z.object({ invited: z.array(z.object(invited)), summary: z.exactOptional(conversation) }),
  'chat.requests': z.object({ requests: z.array(z.object({ user: text, ts: number })) }),
  'chat.invite': z.object({ code: z.exactOptional(text), expires: z.exactOptional(number), uses: z.exactOptional(number) }),
  'chat.invites': z.object({
    invites: z.array(z.object({ code: text, author: text, expires: number, uses: number, used: number, approval: z.boolean() })),
  }),
  'chat.join': opened,
  'chat.send': z.object({ conversation: text, cid: text, seq: number, mid: text, ts: number }),
  'chat.links': z.object({ links: z.array(z.object({ file: text, path: text, expires: number })) }),
  'chat.edit': z.object({ seq: number, rev: number, ts: number }),
  'chat.delete': z.object({ seq: number }),
  'chat.clear': z.object({ cleared: number }),
  'chat.delete_conversation': z.object({ cleared: number }),
  'chat.react': z.object({ seq: number }),
  'chat.typing': z.looseObject({}),
  'chat.ack': z.object({ offset: number, backlog: number }),
  'chat.read': z.object({ read: number, unread: number }),
  'chat.conversations': z.object({
    conversations: z.array(conversation),
    top: number,
    next: z.exactOptional(z.object({ before: number, before_id: text })),
    unread: z.exactOptional(number),
  }),
  'chat.history': z.object({ entries: z.array(shown), has_more: z.boolean(), gap: z.exactOptional(z.tuple([number, number])) }),
  'chat.search': z.object({
    hits: z.array(
      z.object({
        conversation: text,
        seq: number,
        mid: text,
        author: text,
        ts: number,
        snippet: z.array(z.object({ text, hit: z.exactOptional(z.literal(true)) })),
      }),
    ),
    next: z.exactOptional(text),
    incomplete: z.exactOptional(z.literal(true)),
    entries: z.exactOptional(z.array(message)),
  }),
  'chat.info': z.object({
    seq: number,
    recipients: z.array(z.object({ user: text, delivered: z.exactOptional(number), read: z.exactOptional(number) })),
  }),
  'chat.settings': z.object({
    read_receipts: z.boolean(),
    last_seen: z.boolean(),
    may_add: whom,
    may_write: whom,
    previews: z._default(z.enum(['text', 'name', 'none']), 'none'),
    mentions: z._default(z.boolean(), true),
  }),
  'chat.block': z.object({ blocked: texts }),
  'chat.push': z.object({ key: text }),
  'chat.push_key': z.object({ key: text }),
  'chat.in_use': z.looseObject({}),
  'chat.devices': z.object({
    devices: z.array(
      z.object({
        device: text,
        current: z.exactOptional(z.literal(true)),
        online: z.boolean(),
        created: number,
        seen: number,
        pushes: z.boolean(),
      }),
    ),
  }),
  'chat.presence': z.object({ users: z.array(presence) }),
}
