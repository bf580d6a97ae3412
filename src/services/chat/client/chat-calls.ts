import type { ChatCommands, Invitation, OwnDevice, Role } from '../model/wire.ts'

import type { HistoryPages } from './pages.ts'

type In<M extends keyof ChatCommands> = ChatCommands[M]['in']
type Out<M extends keyof ChatCommands> = Promise<ChatCommands[M]['out']>

/** Whether only users are meant who have been here: else a mistyped name is refused with `unknown_user`. */
export interface OnlyKnown {
  readonly known?: boolean
}

/** What a client asks of the server without keeping anything of it: what it changes comes back by the inbox. All reject with `ChatError`. */
export abstract class ChatCalls {
  /** Any command of chat. */
  abstract call<M extends keyof ChatCommands>(method: M, input: In<M>): Out<M>

  /** Pages of history: before and after what is shown, and around a message. */
  abstract get pages(): HistoryPages

  /** Whether there is older history to page to. */
  hasBefore(conversation: string): boolean {
    return this.pages.hasBefore(conversation)
  }

  /** Loads one page of older history. Calls while one is on its way share it. @returns whether there is more */
  loadBefore(conversation: string): Promise<boolean> {
    return this.pages.before(conversation)
  }

  /** Messages in which a word begins with each of the words, the newest first; of all conversations, unless one is named. `before` is the `next` of a page. */
  search(query: string, options: Omit<In<'chat.search'>, 'query' | 'text'> = {}): Out<'chat.search'> {
    return this.call('chat.search', { query, ...options })
  }

  /** When each recipient got and read a message. */
  info(conversation: string, seq: number): Out<'chat.info'> {
    return this.call('chat.info', { conversation, seq })
  }

  add(conversation: string, users: readonly string[], options: OnlyKnown = {}): Out<'chat.add'> {
    return this.call('chat.add', { conversation, users, ...options })
  }

  /** Removes members. */
  remove(conversation: string, users: readonly string[]): Out<'chat.remove'> {
    return this.call('chat.remove', { conversation, users })
  }

  leave(conversation: string): Out<'chat.leave'> {
    return this.call('chat.leave', { conversation })
  }

  role(conversation: string, user: string, role: Role): Out<'chat.role'> {
    return this.call('chat.role', { conversation, user, role })
  }

  rename(conversation: string, title: string): Out<'chat.rename'> {
    return this.call('chat.rename', { conversation, title })
  }

  /** Who may send, and who may change the title. */
  modes(conversation: string, modes: Omit<In<'chat.modes'>, 'conversation'>): Out<'chat.modes'> {
    return this.call('chat.modes', { conversation, ...modes })
  }

  /** Those who ask to be let in. With an answer to one of them, those who are left. */
  requests(conversation: string, answer: Omit<In<'chat.requests'>, 'conversation'> = {}): Out<'chat.requests'> {
    return this.call('chat.requests', { conversation, ...answer })
  }

  invite(conversation: string, options: Omit<In<'chat.invite'>, 'conversation'> = {}): Out<'chat.invite'> {
    return this.call('chat.invite', { conversation, ...options })
  }

  /** Invitations that can still be used, for those who lead the group. */
  async invites(conversation: string): Promise<readonly Invitation[]> {
    return (await this.call('chat.invites', { conversation })).invites
  }

  /** Takes part in what others began, without saying anything. */
  accept(conversation: string): Out<'chat.accept'> {
    return this.call('chat.accept', { conversation })
  }

  settings(settings: In<'chat.settings'>): Out<'chat.settings'> {
    return this.call('chat.settings', settings)
  }

  /** Everyone whom one has blocked, also without a conversation with them; of a conversation, its view tells. */
  async blocked(): Promise<readonly string[]> {
    return (await this.call('chat.block', {})).blocked
  }

  /** @returns everyone whom one has blocked */
  async block(user: string, on: boolean): Promise<readonly string[]> {
    return (await this.call('chat.block', { user, on })).blocked
  }

  /** Mutes a conversation for a while, on all devices; undefined is for ever. */
  mute(conversation: string, ms?: number): Out<'chat.settings'> {
    return this.call('chat.settings', { conversation, ...(ms === undefined ? { muted: true } : { mute_ms: ms }) })
  }

  unmute(conversation: string): Out<'chat.settings'> {
    return this.call('chat.settings', { conversation, muted: false })
  }

  /** One's devices, the one that was here last first. */
  async devices(): Promise<readonly OwnDevice[]> {
    return (await this.call('chat.devices', {})).devices
  }

  /** Ends one of one's devices. @returns those that are left */
  async signOutDevice(device: string): Promise<readonly OwnDevice[]> {
    return (await this.call('chat.devices', { sign_out: device })).devices
  }

  /** The server's VAPID key, for `pushManager.subscribe`. */
  async pushKey(): Promise<string> {
    return (await this.call('chat.push_key', {})).key
  }

  /** Lets the server push to this device while it is away; null ends that. */
  async enablePush(subscription: In<'chat.push'>['subscription']): Promise<void> {
    await this.call('chat.push', { subscription })
  }
}
