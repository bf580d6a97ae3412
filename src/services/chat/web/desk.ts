import { type Signal, signal } from '@preact/signals'
import { type ChatChange, ChatError, type FileView, type MessageView } from '../client/index.ts'
import { wholeEmoji } from '../model/text.ts'
import type { Account, Accounts } from './account.ts'
import type { Attaching } from './attaching.ts'
import { type ChatStore, changeReason } from './chat-store.ts'
import type { Drafts } from './drafts.ts'
import { takenBack } from './message-actions.ts'
import { OwnSettingsStore } from './own-settings.ts'
import type { PageLocation } from './place.ts'
import { pushState, turnPushOff } from './push.ts'
import type { Selection } from './selection.tsx'
import type { Viewed } from './viewer.tsx'

/** What the composer is writing: a new message, an answer, or an edit. */
export type Writing =
  | { readonly kind: 'new' }
  | { readonly kind: 'reply'; readonly item: MessageView }
  | {
      readonly kind: 'edit'
      readonly item: MessageView
      /** What one begins with, where it is not the text of the message; and why it was not taken. */
      readonly text?: string
      readonly problem?: string
    }
  /** What was to be said instead of a message that cannot be changed any longer: it can be said as a new one. */
  | { readonly kind: 'unsaved'; readonly item: MessageView; readonly text: string; readonly problem: string }

/** The actions of a message, open at a point of the screen. */
export interface OpenMenu {
  readonly item: MessageView
  readonly x: number
  readonly y: number
}

/** The actions of a conversation in the list, open at a point of the screen. */
export interface OpenListMenu {
  readonly conversation: string
  readonly x: number
  readonly y: number
}

export type Dialog =
  | { readonly kind: 'switcher' }
  | { readonly kind: 'direct' }
  | { readonly kind: 'group' }
  | { readonly kind: 'add'; readonly conversation: string }
  | { readonly kind: 'react'; readonly item: MessageView }
  | { readonly kind: 'mute'; readonly conversation: string }
  | { readonly kind: 'settings' }
  | { readonly kind: 'devices' }
  | { readonly kind: 'delete'; readonly items: readonly MessageView[] }
  | Confirmation

/** Something that is done once somebody has clicked, and not before. */
export interface Confirmation {
  readonly kind: 'confirm'
  readonly title: string
  readonly text: string
  readonly action: string
  /** `plain` where nothing is lost by it. */
  readonly tone?: 'plain'
  readonly act: () => void
}

/** A message that is to be brought into view, once. */
export interface Jump {
  readonly conversation: string
  readonly seq: number
  readonly kind: 'loading' | 'loaded'
}

const fresh: Writing = { kind: 'new' }

/** How long a message that one deleted for oneself can be brought back: a little longer than that is offered. */
const undoMs = 7_000

/** A jump that takes longer is explained. */
const patienceMs = 600

/** What one has open and is about to do. */
export class Desk {
  readonly writing: Signal<Writing> = signal(fresh)
  readonly menu: Signal<OpenMenu | undefined> = signal(undefined)
  readonly listMenu: Signal<OpenListMenu | undefined> = signal(undefined)
  /** Whether the list shows what is archived. */
  readonly inArchive: Signal<boolean> = signal(false)
  readonly dialog: Signal<Dialog | undefined> = signal(undefined)
  readonly selection: Signal<Selection | undefined> = signal(undefined)
  readonly jump: Signal<Jump | undefined> = signal(undefined)
  /** Files that were chosen and not sent. */
  readonly attaching: Signal<Attaching | undefined> = signal(undefined)
  /** The picture that one looks at. */
  readonly viewer: Signal<Viewed | undefined> = signal(undefined)
  /** What stands in the field while it is no draft. */
  readonly typed: Signal<string | undefined> = signal(undefined)
  readonly settings: OwnSettingsStore
  /** Rises when the composer is to take the focus. */
  readonly focus: Signal<number> = signal(0)

  constructor(
    readonly store: ChatStore,
    readonly place: PageLocation,
    readonly drafts: Drafts,
    readonly accounts: Accounts,
    readonly account: Account,
    /** Takes what the client keeps of this account out of the browser. */
    readonly forget: () => Promise<void>,
    /** Whom drafts name, as JSON. */
    readonly mentionDrafts: Drafts,
  ) {
    this.settings = new OwnSettingsStore(store)
  }

  /** Another device has signed this one out: nothing of the account stays here, and who signs in again is a new device. */
  async signedOut(): Promise<void> {
    await this.store.chat.close()
    await this.forget()
    this.drafts.clear()
    this.mentionDrafts.clear()
    this.place.leave()
    this.accounts.becomeNew()
    this.accounts.signOut()
  }

  /** Leaves this device without the account, its messages and its notifications. What could not be sent stays for when one comes back. */
  async signOut(): Promise<void> {
    const { chat } = this.store
    if ((await pushState()) === 'on') await this.store.attempt(() => turnPushOff(chat))
    await chat.close()
    await this.forget()
    this.drafts.clear()
    this.mentionDrafts.clear()
    this.place.leave()
    this.accounts.signOut()
  }

  /** What is being written in a conversation: an answer or a change belongs to the one that its message is of. */
  writingIn(conversation: string): Writing {
    const { value } = this.writing
    return value.kind === 'new' || value.item.conversation === conversation ? value : fresh
  }

  write(writing: Writing): void {
    this.writing.value = writing
    this.focus.value++
  }

  open(conversation: string): void {
    if (conversation !== this.place.conversation.value) {
      this.writing.value = fresh
      this.selection.value = undefined
    }
    this.dialog.value = undefined
    this.menu.value = undefined
    this.viewer.value = undefined
    this.place.open(conversation)
  }

  view(item: MessageView, file: FileView): void {
    this.viewer.value = { item, file }
  }

  /** Has the browser save a file. */
  async save(file: FileView): Promise<void> {
    const url = await this.store.savingUrl(file)
    if (url === undefined) {
      this.store.notify('There is no connection. Try again when it is back.', 'bad')
      return
    }
    const link = document.createElement('a')
    link.href = url
    link.download = file.name
    link.click()
  }

  /** Brings a message into view, of any conversation and from however far back. */
  async jumpTo(conversation: string, seq: number): Promise<void> {
    const { store } = this
    const jump: Jump = { conversation, seq, kind: 'loading' }
    this.jump.value = jump
    if (conversation !== this.place.conversation.peek()) this.open(conversation)
    const told = store.clock.after(patienceMs, () => store.notify('Loading older messages…'))
    const arrival = await store.chat.pages.around(conversation, seq).catch((error: unknown) => store.notifyRefused(error))
    told.cancel()
    // Somebody who has gone elsewhere meanwhile is let be.
    if (this.jump.peek() !== jump) return
    this.jump.value = arrival === 'shown' ? { conversation, seq, kind: 'loaded' } : undefined
    if (arrival === 'gone') store.notify('This message is not there any longer.')
  }

  /** Sets one's reaction, or takes it back where it is the same. */
  react(item: MessageView, emoji: string): void {
    if (item.seq === undefined) return
    const same = item.reactions.some(reaction => reaction.mine && wholeEmoji(reaction.emoji) === wholeEmoji(emoji))
    this.store.chat.change(item, { kind: 'react', emoji: same ? '' : emoji })
  }

  /** For oneself it can be taken back for some seconds. */
  erase(items: readonly MessageView[], whom: 'everyone' | 'me'): void {
    const { chat } = this.store
    this.selection.value = undefined
    if (whom === 'everyone') {
      for (const item of items) chat.change(item, { kind: 'delete', for: 'everyone' })
      return
    }
    const ids = items.flatMap(item => chat.change(item, { kind: 'delete', for: 'me', afterMs: undoMs }) ?? [])
    const act = () => {
      for (const id of ids) chat.discard(id)
    }
    const text = items.length === 1 ? 'Deleted for you' : `${items.length} messages deleted for you`
    this.store.notify(text, 'plain', ids.length === 0 ? undefined : { name: 'Undo', act })
  }

  /** A change that was refused comes back to whoever made it, unless they are writing something else. @returns whether they see it there */
  refused({ conversation, cid, what, refusal }: Extract<ChatChange, { readonly kind: 'failed' }>): boolean {
    if (what !== 'edit' || this.place.conversation.peek() !== conversation) return false
    if (this.writing.peek().kind !== 'new' || this.drafts.of(conversation) !== '') return false
    const item = this.store.chat.messages(conversation).find(one => one.kind === 'message' && one.pending?.cid === cid)
    const writing = item?.kind === 'message' ? takenBack(this, item, changeReason(refusal)) : undefined
    if (writing !== undefined) this.write(writing)
    return writing !== undefined
  }

  /** Opens the conversation with a user; it is made where there is none. `known`: not with somebody who has not been here. */
  async direct(user: string, options: { readonly known?: boolean } = {}): Promise<Reached> {
    return this.reach(async () => {
      this.open((await this.store.chat.direct(user, options)).id)
    })
  }

  /** Does what needs users who are there: those who have not been here yet are named, for one may go on all the same. */
  async reach(act: () => Promise<void>): Promise<Reached> {
    let strangers: string | undefined
    const done = await this.store.attempt(() =>
      act().then(
        () => true,
        (error: unknown) => {
          if (!(error instanceof ChatError) || error.reason !== 'unknown_user') throw error
          strangers = error.text
          return false
        },
      ),
    )
    if (strangers !== undefined) return { kind: 'unknown', users: strangers }
    return { kind: done === true ? 'done' : 'refused' }
  }
}

/** What became of bringing in users. */
export type Reached = { readonly kind: 'done' | 'refused' } | { readonly kind: 'unknown'; readonly users: string }
