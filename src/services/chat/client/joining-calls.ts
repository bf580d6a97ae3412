import { type Random, randomUuid } from '../../../kit/index.ts'
import type { ConversationSummary, Invited, InvitedEntry } from '../model/wire.ts'
import type { OnlyKnown } from './chat-calls.ts'
import { InvitedGroups } from './invited-groups.ts'
import { WritingCalls } from './writing-calls.ts'

/** How a user comes into conversations: what they open, make or enter is known at once. */
export abstract class JoiningCalls extends WritingCalls {
  readonly #invited = new InvitedGroups()
  readonly #random: Random

  constructor(random: Random) {
    super()
    this.#random = random
  }

  /** Takes a conversation as the server tells it. */
  protected abstract entered(conversation: ConversationSummary): ConversationSummary

  protected abstract invitedChanged(): void

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
}
