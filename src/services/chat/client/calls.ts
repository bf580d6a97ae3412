import { type Random, randomUuid } from '../../../kit/index.ts'
import { type Mention, naming } from '../model/mentions.ts'
import type { ChatCommands, ConversationSummary, Invitation, Invited, InvitedEntry, OwnDevice, Role } from '../model/wire.ts'
import type { ListOrder } from './conversations.ts'
import type { HistoryPages } from './history.ts'
import type { Inbox } from './inbox.ts'
import type { ConversationSettings } from './patch.ts'
import type { ConversationView } from './view.ts'
import type { Wishes } from './wishes.ts'
import type { Writes } from './writes.ts'

type In<M extends keyof ChatCommands> = ChatCommands[M]['in']
type Out<M extends keyof ChatCommands> = Promise<ChatCommands[M]['out']>

/** Whether only users are meant who have been here: else a mistyped name is refused with `unknown_user`. */
export interface OnlyKnown {
  readonly known?: boolean
}

/**
 * What an app asks of the chat client: commands, whose changes come back by the inbox; edits and memberships, which are known at once; and the list of
 * conversations with what the user sets of each. All promises reject with `ChatError`.
 */
export abstract class ChatCalls {
  readonly #invited = new InvitedGroups()
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  protected abstract readonly writes: Writes
  protected abstract readonly list: ListOrder
  protected abstract readonly inbox: Inbox
  protected abstract readonly wishes: Wishes

  /** Takes a conversation as the server tells it. */
  protected abstract entered(conversation: ConversationSummary): ConversationSummary

  protected abstract invitedChanged(): void

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

  /** Edits, deletes and reacts at once, or rejects; the change is shown when it is made. */
  edit(conversation: string, seq: number, text: string, mentions: readonly Mention[] = []): Out<'chat.edit'> {
    return this.writes.edit(conversation, seq, { text, ...naming(mentions) })
  }

  /** Deletes a message. */
  erase(conversation: string, seq: number, whom: 'everyone' | 'me'): Out<'chat.delete'> {
    return this.writes.erase(conversation, seq, whom)
  }

  /** One reaction per user and message; '' takes it back. */
  react(conversation: string, seq: number, emoji: string): Out<'chat.react'> {
    return this.writes.react(conversation, seq, emoji)
  }

  /** The conversation with one other user, made where there is none. */
  async direct(user: string, options: OnlyKnown = {}): Promise<ConversationSummary> {
    return this.entered((await this.call('chat.direct', { with: user, ...options })).summary)
  }

  async group(title: string, members: readonly string[], options: OnlyKnown = {}): Promise<ConversationSummary> {
    return this.entered((await this.call('chat.group', { title, members, cid: randomUuid(this.#random), ...options })).summary)
  }

  /** Enters by an invitation's code. */
  async join(code: string): Promise<ConversationSummary> {
    return this.entered((await this.call('chat.join', { code })).summary)
  }

  /** The groups that the user is asked into, the newest first. */
  get invited(): readonly Invited[] {
    return this.#invited.all
  }

  /** Comes into a group that one is asked into, or says no. */
  async answerInvited(conversation: string, accept: boolean): Promise<void> {
    const { invited, summary } = await this.call('chat.invited', { conversation, accept })
    if (summary !== undefined) this.entered(summary)
    this.#invitedAre(invited)
  }

  protected async askInvited(): Promise<void> {
    this.#invitedAre((await this.call('chat.invited', {})).invited)
  }

  protected hearInvited(entry: InvitedEntry): void {
    this.#invited.hear(entry)
    this.invitedChanged()
  }

  #invitedAre(invited: readonly Invited[]): void {
    this.#invited.replace(invited)
    this.invitedChanged()
  }

  /** Whether the list is whole: until then what is shown of it may be a part. */
  get whole(): boolean {
    return this.inbox.isListed
  }

  /** Pinned ones first, then by time, newest first; without those that are archived or deleted. */
  get conversations(): readonly ConversationView[] {
    return this.list.shown
  }

  get archived(): readonly ConversationView[] {
    return this.list.archived
  }

  /** Messages unread in all conversations that are neither muted nor archived, also in those that the list has not brought yet. */
  get unread(): number {
    return this.list.unread + this.inbox.lister.unreadToCome
  }

  /** Whether the server has said that there is no such conversation of this user's; while it has not, one that is not known may still come. */
  isMissing(id: string): boolean {
    return this.inbox.lister.isMissing(id)
  }

  /** Mutes, pins, archives, or marks as read or unread: at once, and kept until the server has it. What it refuses is told as a change. */
  setOwn(conversation: string, own: ConversationSettings): void {
    this.wishes.set(conversation, own)
  }

  /** Empties it and takes it out of the list for this account, until something is said in it: at once, and kept like what is set. */
  deleteConversation(conversation: string): void {
    this.wishes.delete(conversation)
  }
}

/** The groups that the user is asked into, the newest first. Objects are new when something changed. */
class InvitedGroups {
  #all: readonly Invited[] = []

  get all(): readonly Invited[] {
    return this.#all
  }

  /** What came by the inbox. */
  hear({ conversation, title, author, members, ts, open }: InvitedEntry): void {
    const others = this.#all.filter(other => other.conversation !== conversation)
    this.replace(open ? [{ conversation, title, author, members, ts }, ...others] : others)
  }

  /** What the server answered. */
  replace(invited: readonly Invited[]): void {
    this.#all = invited.toSorted((one, other) => other.ts - one.ts || (one.conversation < other.conversation ? -1 : 1))
  }
}
