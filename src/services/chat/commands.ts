import { z } from 'zod'
import { CommandError, errors } from '../../protocol/index.ts'
import type { ServiceHost } from '../../service.ts'
import type { Chat } from './chat.ts'
import { command, conversation, line, newcomer, newcomers, title, user, users } from './command.ts'
import { deviceSchema } from './connections.ts'
import { addConsentCommands } from './consent-commands.ts'
import { references } from './files/index.ts'
import { limits } from './limits.ts'
import { isConversationId, isEmoji, saysNothing } from './model/text.ts'
import { type ConversationSummary, chatErrors, type Opened } from './model/wire.ts'
import { addDeviceCommands, addOwnCommands } from './own-commands.ts'
import { checkSubscription, type OpenedPushes } from './push/index.ts'
import {
  checkSize,
  clearConversation,
  deleteConversation,
  headOf,
  infoOf,
  memberOf,
  messagesFor,
  pageOf,
  pageOfList,
  readAll,
  search,
} from './store/index.ts'

const cid = z
  .string()
  .min(1)
  .max(limits.cidMax)
  .regex(/^[\w.:-]+$/, 'letters, digits and "_.:-"')
const code = z.string().max(64).refine(isConversationId, 'expected the code of an invitation')
const seq = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
const place = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)
const device = deviceSchema.optional()
const role = z.enum(['owner', 'admin', 'member'])
const isOn = z.boolean()
/** Nobody is meant who has not been here yet: a name may be mistyped. */
const known = isOn.optional()
const enc = z.object({
  scheme: line(32),
  epoch: place.optional(),
  bytes: z
    .string()
    .max(64 * 1024)
    .optional(),
  perDevice: z.record(line(limits.nameMax + limits.deviceMax + 1), z.string().max(64 * 1024)).optional(),
})
const mention = z.object({ user, at: place, length: seq })
const content = { text: z.string().min(1).optional(), enc: enc.optional(), mentions: z.array(mention).max(limits.mentionsMax).optional() }

/** The commands of chat, by their caller. */
export function addCommands(server: ServiceHost, chat: Chat): void {
  addGroupCommands(server, chat)
  addInvitationCommands(server, chat)
  addMessageCommands(server, chat)
  addReadingCommands(server, chat)
  addOwnCommands(server, chat)
  addDeviceCommands(server, chat)
  addConsentCommands(server, chat)
}

function addGroupCommands(server: ServiceHost, chat: Chat): void {
  const { unitsOfWork, groups } = chat
  command(server, chat, 'chat.direct', z.object({ with: newcomer, known }), async (input, actor) => {
    chat.conversationRates.spend(actor.user)
    await chat.bring(actor.user, [input.with], input.known)
    return opened(await unitsOfWork.commit(change => groups.direct(change, actor.user, input.with)))
  })
  command(server, chat, 'chat.group', z.object({ title, members: z.array(newcomer).max(1024), cid, known }), async (input, actor) => {
    chat.conversationRates.spend(actor.user)
    await chat.bring(actor.user, input.members, input.known)
    const { summary, asked } = await unitsOfWork.commit(change => groups.make(change, actor.user, input.title, input.members, input.cid))
    return { ...opened(summary), ...(asked.length === 0 ? {} : { asked }) }
  })
  command(server, chat, 'chat.add', z.object({ conversation, users: newcomers, known }), async (input, actor) => {
    await memberOf(chat.parts.sql, input.conversation, actor.user)
    await chat.bring(actor.user, input.users, input.known)
    return unitsOfWork.commit(change => groups.add(change, actor.user, input.conversation, input.users))
  })
  command(server, chat, 'chat.remove', z.object({ conversation, users }), async (input, actor) => {
    const changed = await unitsOfWork.commit(change => groups.remove(change, actor.user, input.conversation, input.users))
    await chat.shutOut(input.conversation, input.users)
    return changed
  })
  command(server, chat, 'chat.leave', z.object({ conversation }), async (input, actor) => {
    const changed = await unitsOfWork.commit(change => groups.leave(change, actor.user, input.conversation))
    await chat.shutOut(input.conversation, [actor.user])
    return changed
  })
  command(server, chat, 'chat.role', z.object({ conversation, user, role }), (input, actor) =>
    unitsOfWork.commit(change => groups.role(change, actor.user, input.conversation, input.user, input.role)),
  )
  command(server, chat, 'chat.rename', z.object({ conversation, title }), (input, actor) =>
    unitsOfWork.commit(change => groups.rename(change, actor.user, input.conversation, input.title)),
  )
  const allowed = z.enum(['all', 'admins']).optional()
  command(server, chat, 'chat.modes', z.object({ conversation, send: allowed, edit: allowed }), ({ conversation: id, ...modes }, actor) =>
    unitsOfWork.commit(change => groups.setModes(change, actor.user, id, modes)),
  )
}

/** How others come into a group. */
function addInvitationCommands(server: ServiceHost, chat: Chat): void {
  const { unitsOfWork, invitations } = chat
  const invitation = z.object({
    conversation,
    uses: z.int().min(0).max(100_000).optional(),
    ttl_ms: z.int().min(1000).max(limits.inviteMs).optional(),
    revoke: code.optional(),
    approval: isOn.optional(),
  })
  command(
    server,
    chat,
    'chat.invite',
    invitation,
    async ({ conversation: id, uses = 0, ttl_ms = limits.inviteDefaultMs, revoke, approval = false }, actor) => {
      if (revoke === undefined)
        return unitsOfWork.commit(change => invitations.invite(change, actor.user, id, { uses, ttlMs: ttl_ms, approval }))
      await unitsOfWork.commit(change => invitations.revoke(change, actor.user, id, revoke))
      return {}
    },
  )
  command(server, chat, 'chat.invites', z.object({ conversation }), async (input, actor) => ({
    invites: await unitsOfWork.commit(change => invitations.live(change, actor.user, input.conversation)),
  }))
  command(server, chat, 'chat.join', z.object({ code }), async ({ code }, actor) => {
    chat.peopleRates.spend(actor.user)
    const conversation = await unitsOfWork.commit(change => invitations.join(change, actor.user, code))
    if (conversation === undefined) throw new CommandError(chatErrors.approvalPending, 'those who lead the group have been asked')
    return opened(conversation)
  })
  const answering = z.object({ conversation, user: user.optional(), accept: isOn.optional() })
  command(server, chat, 'chat.requests', answering, ({ conversation: id, user: asker, accept = true }, actor) =>
    unitsOfWork.commit(async change => {
      if (asker !== undefined) await invitations.answer(change, actor.user, id, asker, accept)
      return { requests: await invitations.requests(change.tx, actor.user, id) }
    }),
  )
}

function addMessageCommands(server: ServiceHost, chat: Chat): void {
  const { unitsOfWork, messages } = chat
  const sending = z.object({
    conversation,
    cid,
    ...content,
    files: references.optional(),
    reply_to: seq.optional(),
    version: place.optional(),
    device,
  })
  command(server, chat, 'chat.send', sending, async (input, actor) => {
    checkContent(input)
    if (input.files !== undefined && chat.parts.files === undefined)
      throw new CommandError(chatErrors.unprocessable, 'files: messages carry none here')
    // A caption of blanks is none.
    const text = input.text !== undefined && saysNothing(input.text) ? undefined : input.text
    const draft = { ...input, text, device: actor.device }
    await chat.screen(draft, actor.user)
    const sent = await unitsOfWork.commitTogether(change => messages.send(change, actor, draft))
    // A user who answers has read everything before.
    chat.parts.pushes?.read(actor.user, { conversation: input.conversation, seq: sent.seq, device: actor.device })
    return sent
  })
  command(server, chat, 'chat.edit', z.object({ conversation, seq, ...content, text: z.string().optional(), device }), (input, actor) => {
    checkContent(input, true)
    return unitsOfWork.commit(change => messages.edit(change, actor, input))
  })
  command(server, chat, 'chat.delete', z.object({ conversation, seq, for: z.enum(['everyone', 'me']), device }), async (input, actor) => {
    if (input.for === 'me') {
      const hidden = await unitsOfWork.commit(change => messages.deleteForMe(change, actor, input.conversation, input.seq))
      chat.parts.pushes?.retract(actor.user, input.conversation, input.seq)
      return hidden
    }
    const deleted = await unitsOfWork.commit(change => messages.deleteForEveryone(change, actor, input.conversation, input.seq))
    // Its files belong to nobody from now on; their bytes are deleted next.
    void chat.parts.files?.sweep()
    return deleted
  })
  command(server, chat, 'chat.react', z.object({ conversation, seq, emoji: z.string().max(64), device }), (input, actor) => {
    if (input.emoji !== '' && !isEmoji(input.emoji)) throw new CommandError(chatErrors.unprocessable, 'emoji: expected one emoji')
    return unitsOfWork.commit(change => messages.react(change, actor, input.conversation, input.seq, input.emoji))
  })
  command(server, chat, 'chat.typing', z.object({ conversation, on: isOn }), async (input, actor) => {
    const { consent } = await memberOf(chat.parts.sql, input.conversation, actor.user)
    // Of whoever waits with their yes nothing is told.
    if (consent !== 'held') await chat.signals.type(input.conversation, actor.user, input.on)
    return {}
  })
}

function addReadingCommands(server: ServiceHost, chat: Chat): void {
  const { unitsOfWork, parts } = chat
  const readings = unitsOfWork.gather(limits.acksTogether, readAll)
  command(server, chat, 'chat.ack', z.object({ device, offset: place }), async ({ offset }, actor, { client }) => {
    if (actor.device === '') throw new CommandError(errors.badRequest, 'device: say which one')
    const { place, ...acknowledged } = await chat.connections.acknowledge(client, actor.user, actor.device, offset)
    parts.pushes?.acknowledged(actor.user, actor.device, place)
    return acknowledged
  })
  command(server, chat, 'chat.read', z.object({ conversation, seq: place, device }), async (input, actor) => {
    const marked = await readings({ person: actor.user, conversation: input.conversation, seq: input.seq })
    parts.pushes?.read(actor.user, { conversation: input.conversation, seq: marked.read, device: actor.device })
    return marked
  })
  const listing = z.object({
    limit: z.int().min(1).max(limits.conversationsMax).optional(),
    before: z.number().optional(),
    before_id: conversation.optional(),
    ids: z.array(conversation).min(1).max(limits.conversationsMax).optional(),
  })
  command(server, chat, 'chat.conversations', listing, async (input, actor, { pause }) => {
    // First: whoever follows the inbox from `top` on misses nothing that is not in the list, and hears some of what is in it again.
    const { pts: top } = await headOf(parts.sql, actor.user)
    return { ...(await pageOfList(parts.sql, actor.user, input, pause, server.clock.now())), top }
  })
  const paging = z.object({
    conversation,
    before: seq.optional(),
    after: place.optional(),
    around: seq.optional(),
    limit: z.int().min(1).max(limits.pageMax).optional(),
  })
  command(server, chat, 'chat.history', paging, (input, actor, { pause }) => pageOf(parts.sql, actor.user, input, pause))
  const searching = z.object({
    query: line(256).optional(),
    text: line(256).optional(),
    conversation: conversation.optional(),
    limit: z.int().min(1).max(limits.resultsMax).optional(),
    before: z.string().max(128).optional(),
  })
  command(server, chat, 'chat.search', searching, async ({ query, text, ...asked }, actor, { pause }) => {
    if ((query === undefined) === (text === undefined)) throw new CommandError(errors.badRequest, 'query: say what to look for')
    const { rows, ...page } = await search(parts.sql, actor.user, { ...asked, query: query ?? text ?? '' }, pause)
    return text === undefined ? page : { ...page, entries: await messagesFor(parts.sql, actor.user, rows) }
  })
  command(server, chat, 'chat.info', z.object({ conversation, seq }), (input, actor) => infoOf(parts.sql, actor.user, input))
  command(server, chat, 'chat.clear', z.object({ conversation, device }), async (input, actor) => {
    const emptied = await unitsOfWork.commit(change => clearConversation(change, actor.user, input.conversation))
    // A deleted message must not be shown any longer.
    parts.pushes?.read(actor.user, { conversation: input.conversation, seq: emptied.cleared, device: actor.device })
    return emptied
  })
  command(server, chat, 'chat.delete_conversation', z.object({ conversation, seq: place.optional(), device }), async (input, actor) => {
    const deleted = await unitsOfWork.commit(change => deleteConversation(change, actor.user, input.conversation, input.seq))
    parts.pushes?.read(actor.user, { conversation: input.conversation, seq: deleted.cleared, device: actor.device })
    return deleted
  })
}

/** A device's subscription to notifications. `null` ends it. */
export function addPushCommands(server: ServiceHost, chat: Chat, { rules, publicKey }: OpenedPushes): void {
  const { pushStore } = chat.parts
  const given = z.object({
    endpoint: line(2048),
    keys: z.object({ p256dh: z.string().max(256), auth: z.string().max(64) }).default({ p256dh: '', auth: '' }),
  })
  command(server, chat, 'chat.push', z.object({ device, subscription: given.nullable() }), async ({ subscription }, actor) => {
    if (actor.device === '') throw new CommandError(errors.badRequest, 'device: say which one')
    if (subscription === null) await pushStore.unsubscribe(actor.user, actor.device)
    else await pushStore.subscribe(checkSubscription(actor.user, actor.device, subscription, rules), server.clock.now())
    return { key: publicKey }
  })
  command(server, chat, 'chat.push_key', z.object({}), async () => ({ key: publicKey }))
}

function opened(summary: ConversationSummary): Opened {
  return { conversation: summary.id, summary }
}

/** @param mayBeEmpty what carries files needs no text, and only its row says whether it does */
function checkContent(
  { text, enc: given, files }: { text?: string | undefined; enc?: z.output<typeof enc> | undefined; files?: unknown },
  mayBeEmpty = files !== undefined,
): void {
  if (text === undefined && given === undefined && files === undefined)
    throw new CommandError(errors.badRequest, 'text: give text, enc or files')
  if (text !== undefined && given !== undefined) throw new CommandError(errors.badRequest, 'text: give either text or enc')
  checkSize(text, given, limits.messageBytesMax)
  if (text !== undefined && !mayBeEmpty && saysNothing(text)) throw new CommandError(chatErrors.unprocessable, 'text: says nothing')
}
