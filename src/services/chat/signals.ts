import type { ServiceHost, Sql } from '../../service.ts'
import type { OpenSignal } from './model/wire.ts'
import type { OnlineUsers } from './online-users.ts'
import { activeMembers, apartIn } from './store/index.ts'
import { Typing } from './typing.ts'

export interface SignalsContext {
  readonly server: Pick<ServiceHost, 'clock' | 'log' | 'publish' | 'push'>
  readonly sql: Sql
  readonly onlineUsers: OnlineUsers
}

export function openChannel(conversation: string): string {
  return `chat:${conversation}`
}

export function conversationIn(channel: string): string | undefined {
  return channel.startsWith('chat:') ? channel.slice('chat:'.length) : undefined
}

/** Typing and presence, for those who have a conversation open at this moment. Nothing of it is kept. */
export class Signals {
  readonly #typing: Typing

  constructor(readonly context: SignalsContext) {
    this.#typing = new Typing(context.server.clock)
  }

  /** A block keeps it from the readers that it stands between. */
  async type(conversation: string, user: string, on: boolean): Promise<void> {
    const { sql, onlineUsers } = this.context
    if (!onlineUsers.isWatched(conversation)) return
    const members = (await activeMembers(sql, conversation)).length
    if (!this.#typing.passes(conversation, user, on, members)) return
    const apart = await apartIn(sql, conversation, user)
    const signal: OpenSignal = { kind: 'typing', user, on }
    if (apart.size === 0) this.#toAll(conversation, signal)
    else for (const reader of onlineUsers.readers(conversation)) if (!apart.has(reader.user)) this.to(reader.client, conversation, signal)
  }

  /** To one client alone. */
  to(client: string, conversation: string, signal: OpenSignal): void {
    const channel = openChannel(conversation)
    const { server } = this.context
    server.push(client, channel, [{ data: { ...signal } }]).catch((error: unknown) => {
      server.log.error({ channel, err: error }, 'a signal could not be sent')
    })
  }

  sweep(): void {
    this.#typing.sweep()
  }

  #toAll(conversation: string, signal: OpenSignal): void {
    const { server, onlineUsers } = this.context
    if (!onlineUsers.isWatched(conversation)) return
    const channel = openChannel(conversation)
    server.publish(channel, { ...signal }).catch((error: unknown) => {
      server.log.error({ channel, err: error }, 'a signal could not be sent')
    })
  }
}
