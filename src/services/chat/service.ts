import { everyAsync } from '../../kit/index.ts'
import type { ServiceHost, Sql } from '../../service.ts'
import { Chat, type Existing, type Screen } from './chat.ts'
import { addCommands, addPushCommands } from './commands.ts'
import { addFileCommands, type FileSettings, Files } from './files/index.ts'
import { limits } from './limits.ts'
import { isConversationId, isLine } from './model/text.ts'
import type { InboxState } from './model/wire.ts'
import { OnlineUsers } from './online-users.ts'
import { type ChatBounds, chatDefaults } from './options/index.ts'
import type { OpenedPushes, PushSurroundings } from './push/index.ts'
import { conversationIn } from './signals.ts'
import { epochOf, findMember, linkKeyOf, ownerOf, PushStore } from './store/index.ts'
import { tellingOfStore } from './store-failure.ts'

export interface ChatOptions {
  readonly bounds?: Partial<ChatBounds>
  /** Whether an answered message survives a crash; it does unless the rows are in memory. */
  readonly durability?: InboxState['durability']
  /** Absent where nobody is notified. */
  readonly openPushes?: (surroundings: PushSurroundings) => OpenedPushes
  /** Opens the place of the files that messages carry. Absent, or undefined, where they carry none. */
  readonly openFiles?: () => Promise<FileSettings | undefined>
  readonly screen?: Screen
  readonly existing?: Existing
}

/** Shows notifications while no page is open. Browsers ask for it anew at most once a day unless told otherwise. */
const pushWorker = Bun.file(new URL('./web/push-worker.js', import.meta.url))
const pushWorkerHeaders = {
  'Content-Type': 'text/javascript; charset=utf-8',
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': "default-src 'none'; connect-src 'self'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
}

/** Conversations, inboxes, receipts, typing, presence and pushes, in rows that have been brought up to date. */
export async function startChat(server: ServiceHost, sql: Sql, options: ChatOptions): Promise<void> {
  const { clock, random, log } = server
  const onlineUsers = new OnlineUsers(clock)
  const pushStore = new PushStore(sql, clock)
  const isInUse = (user: string) => onlineUsers.isInUse(user)
  const pushing = options.openPushes?.({ clock, random, log, rows: pushStore, isInUse })
  const settings = await options.openFiles?.()
  const files = settings && new Files(server, sql, settings, await linkKeyOf(sql, random))
  const chat = new Chat({
    server,
    sql,
    epoch: await epochOf(sql, random),
    random,
    bounds: { ...chatDefaults, ...options.bounds },
    durability: options.durability ?? 'durable',
    onlineUsers,
    pushStore,
    ...(pushing === undefined ? {} : { pushes: pushing.pushes }),
    files,
    screen: options.screen,
    existing: options.existing,
  })
  server.onClose(() => chat.close())
  addChannels(server, chat)
  addCommands(server, chat)
  if (pushing !== undefined) addPushCommands(server, chat, pushing)
  if (files !== undefined) addFileCommands(server, chat, files)
  await files?.start()
  addMetrics(server, chat, pushing)
  server.route('GET', '/chat/push-worker.js', () => new Response(pushWorker, { headers: pushWorkerHeaders }))
  await chat.start()
  const sweeping = everyAsync(
    server.clock,
    limits.sweepMs,
    () => chat.sweep(),
    error => server.log.error({ err: error }, 'chat could not delete what has expired'),
  )
  server.onClose(() => sweeping.cancel())
}

function addMetrics(server: ServiceHost, chat: Chat, pushing: OpenedPushes | undefined): void {
  server.metric({ name: 'chat_entries_total', help: 'Entries put into inboxes, by kind.', label: 'kind', read: () => chat.inboxAppends })
  server.metric({
    name: 'chat_connections',
    help: 'Connections of devices that follow their inbox.',
    read: () => chat.connections.size,
  })
  if (pushing === undefined) return
  const { tally } = pushing.pushes
  server.metric({ name: 'chat_pushes_total', help: 'What notifications came to.', label: 'result', read: () => tally.counts })
}

/** An inbox is its user's alone; what passes in an open conversation is for its members. Nobody publishes but the service. */
function addChannels(server: ServiceHost, chat: Chat): void {
  server.provideHistory('inbox', chat.inboxes)
  server.onConnect((client, data) => tellingOfStore(server.log, () => chat.connections.onConnect(client, data)))
  server.authorize(
    'inbox',
    ({ channel, user, action }) => action !== 'publish' && isLine(user, limits.nameMax) && ownerOf(channel) === user,
  )
  server.authorize('chat_order', () => false)
  server.authorize('chat', async ({ channel, user, action }) => {
    const conversation = conversationIn(channel)
    if (action !== 'subscribe' || !isLine(user, limits.nameMax) || conversation === undefined || !isConversationId(conversation))
      return false
    return (await findMember(chat.parts.sql, conversation, user))?.active === 1
  })
  server.on('connect', ({ client }) => chat.presence.arrived(client.user, client.client))
  server.on('disconnect', ({ client }) => chat.presence.left(client.user, client.client))
  server.on('subscribe', ({ client: { client }, channel }) => {
    const conversation = conversationIn(channel)
    if (conversation !== undefined) chat.onlineUsers.opened(client, conversation)
    else if (ownerOf(channel) !== undefined) chat.onlineUsers.followed(client)
  })
  server.on('unsubscribe', ({ client: { client }, channel }) => {
    const conversation = conversationIn(channel)
    if (conversation !== undefined) chat.onlineUsers.shut(client, conversation)
  })
  const { followed } = chat.deliveries
  server.on('channel_occupied', ({ channel }) => {
    const user = ownerOf(channel)
    if (user !== undefined) followed.occupied(user)
  })
  // Of clients below a node that ended without a word, nobody says that they left: only that nobody follows their inboxes any more.
  server.on('channel_vacated', async ({ channel }) => {
    const user = ownerOf(channel)
    if (user === undefined) return
    followed.vacated(user)
    for (const client of chat.onlineUsers.followers(user)) await chat.presence.away(user, client)
  })
}
