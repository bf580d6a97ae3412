import type { ServiceHost, Sql } from '../../service.ts'
import type { Connections } from './connections.ts'
import { limits } from './limits.ts'
import type { UserPresence } from './model/wire.ts'
import type { OnlineUsers } from './online-users.ts'
import type { Signals } from './signals.ts'
import { acquainted, activeMembers, apartIn, areApart, conversationsWith, lastSeenOf, markSeen } from './store/index.ts'

export interface ChatPresenceContext {
  readonly server: Pick<ServiceHost, 'clock' | 'log'>
  readonly sql: Sql
  readonly onlineUsers: OnlineUsers
  readonly connections: Connections
  readonly signals: Signals
}

/** Which users are online, and when they were last here: written down, and shown to those who may know it (chat M14). */
export class ChatPresence {
  #isClosed = false

  constructor(readonly context: ChatPresenceContext) {}

  /** From now on nobody is said to be away: all are, since the server ends. */
  close(): void {
    this.#isClosed = true
  }

  /** A client that connects for something other than chat is not online in chat. */
  arrived(user: string, client: string): Promise<void> | undefined {
    const { connections, onlineUsers } = this.context
    if (connections.deviceOf(client) === undefined) return undefined
    connections.connected(client)
    return onlineUsers.arrived(user, client) ? this.#appear(user, true) : undefined
  }

  async left(user: string, client: string): Promise<void> {
    this.context.connections.gone(client)
    await this.away(user, client)
  }

  /** As far as this node can tell: a client whose connection to another node broke may be online all the same, and act again. */
  async away(user: string, client: string): Promise<void> {
    const { sql, server, onlineUsers, connections } = this.context
    connections.away(client, server.clock.now())
    if (!onlineUsers.left(user, client) || this.#isClosed) return
    await markSeen(sql, user, server.clock.now())
    await this.#appear(user, false)
  }

  /** A user who acts over a connection is online. */
  async acts(user: string, client: string | undefined): Promise<void> {
    const { connections, onlineUsers } = this.context
    if (client === undefined || connections.deviceOf(client) === undefined || onlineUsers.knows(client)) return
    connections.back(client)
    const isFirst = onlineUsers.arrived(user, client)
    onlineUsers.followed(client)
    if (isFirst) await this.#appear(user, true)
  }

  /** The user was active: that is written down at most once a minute. */
  async stillHere(user: string): Promise<void> {
    const { sql, server, onlineUsers } = this.context
    if (onlineUsers.isDue(user)) await markSeen(sql, user, server.clock.now())
  }

  /**
   * The presence of others as one user may see it: of those alone who share a conversation with that user, and when they were last here only
   * where both show it.
   */
  async of(asker: string, users: readonly string[], pause: () => Promise<void>): Promise<UserPresence[]> {
    const { sql, onlineUsers } = this.context
    const known = await acquainted(sql, asker, users)
    const own = await lastSeenOf(sql, asker)
    const found: UserPresence[] = []
    for (const user of users) {
      if (found.length > 0 && found.length % limits.presenceStep === 0) await pause()
      const isKnown = known.has(user) && !(await areApart(sql, asker, user))
      const online = isKnown && onlineUsers.isOnline(user)
      const seen = isKnown && !online ? await lastSeenOf(sql, user) : undefined
      const isShown = seen?.isShown === true && own.isShown && seen.at > 0
      found.push({ user, online, ...(isShown ? { last_seen: seen.at } : {}) })
    }
    return found
  }

  /** Somebody came into a conversation. */
  entered(conversation: string, user: string): void {
    if (!this.context.onlineUsers.isOnline(user)) return
    this.#appearIn(conversation, user, true).catch((error: unknown) => {
      this.context.server.log.error({ conversation, err: error }, 'presence could not be published')
    })
  }

  /** A blocked user sees the one who blocked them go away: an open page would show them as online for ever. */
  async seemAway(user: string, blocked: string): Promise<void> {
    const { sql, onlineUsers, signals } = this.context
    for (const { id } of await conversationsWith(sql, user))
      for (const { user: reader, client } of onlineUsers.readers(id))
        if (reader === blocked) signals.to(client, id, { kind: 'presence', user, online: false })
  }

  /** To all who look at a conversation of this user. */
  async #appear(user: string, online: boolean): Promise<void> {
    for (const { id } of await conversationsWith(this.context.sql, user)) await this.#appearIn(id, user, online)
  }

  /** Each reader by themselves: not those from whom a block keeps it, and when the user was last here only where both show it. */
  async #appearIn(conversation: string, user: string, online: boolean): Promise<void> {
    const { sql, onlineUsers, signals } = this.context
    // Most conversations are open nowhere: their members are not counted.
    const readers = onlineUsers.readers(conversation).filter(reader => reader.user !== user)
    if (readers.length === 0 || (await activeMembers(sql, conversation)).length > limits.presenceGroupMax) return
    const apart = await apartIn(sql, conversation, user)
    const own = await lastSeenOf(sql, user)
    const tellsWhen = !online && own.isShown && own.at > 0
    for (const { user: reader, client } of readers) {
      if (apart.has(reader)) continue
      const isShown = tellsWhen && (await lastSeenOf(sql, reader)).isShown
      signals.to(client, conversation, { kind: 'presence', user, online, ...(isShown ? { last_seen: own.at } : {}) })
    }
  }
}
