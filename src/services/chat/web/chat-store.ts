import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals'
import { type Clock, every, type Timer } from '../../../kit/index.ts'
import {
  type ChatChange,
  type ChatClient,
  ChatError,
  type ConnectionState,
  type ConversationView,
  type FileView,
  type ItemView,
  type MessageView,
  type Refusal,
} from '../client/index.ts'
import type { Invited, UserPresence } from '../model/wire.ts'
import { People } from './people.ts'
import { TimeLabels } from './time-labels.ts'

/** The part of a client that the page uses. */
export type PageClient = Pick<ChatClient, Exclude<keyof ChatClient, 'options'>>

/** Something that is said for a moment at the edge of the page. */
export interface PageNotice {
  readonly id: number
  readonly text: string
  readonly tone: 'plain' | 'bad'
  /** An action for it, while it is shown. */
  readonly action?: NoticeAction | undefined
}

export interface NoticeAction {
  readonly name: string
  readonly act: () => void
}

type Failed = Extract<ChatChange, { readonly kind: 'failed' }>

const noticeMs = 5_000
const noticesMax = 3
/** How often "last seen 5 min ago" is counted again. */
const clockMs = 30_000

/** The client's state as signals: a component that reads one is drawn again when it changes, and no other. */
export class ChatStore {
  readonly people: People
  readonly labels = new TimeLabels()
  readonly now: Signal<number>
  readonly link: ReadonlySignal<ConnectionState>
  /** Why the server lets this page in no longer. */
  readonly ended: ReadonlySignal<Refusal | undefined>
  readonly ready: ReadonlySignal<boolean>
  readonly conversations: ReadonlySignal<readonly ConversationView[]>
  readonly archived: ReadonlySignal<readonly ConversationView[]>
  /** Whether the list is all there. */
  readonly whole: ReadonlySignal<boolean>
  /** The groups that one is asked into. */
  readonly invited: ReadonlySignal<readonly Invited[]>
  /** Messages that wait to be read, besides those of muted conversations. */
  readonly unread: ReadonlySignal<number>
  readonly notices: Signal<readonly PageNotice[]> = signal([])
  /** The newest message of another that came, for whoever reads the screen aloud. */
  readonly spoken: Signal<string> = signal('')
  readonly #linkRev = signal(0)
  readonly #listRev = signal(0)
  readonly #invitedRev = signal(0)
  readonly #filesRev = signal(0)
  readonly #progressRev = signal(0)
  readonly #presenceRev = signal(0)
  readonly #indexes = new WeakMap<readonly ItemView[], ReadonlyMap<number | undefined, ItemView>>()
  readonly #messageRevs = new Map<string, Signal<number>>()
  readonly #end: () => void
  readonly #beat: Timer
  #nextNotice = 1

  constructor(
    readonly chat: PageClient,
    readonly clock: Clock,
    options: {
      readonly guests: boolean
      readonly arrived: (message: MessageView, store: ChatStore) => void
      /** @returns whether it has been said where it was written */
      readonly refused?: (change: Failed) => boolean
    },
  ) {
    this.people = new People(chat.user, options.guests)
    this.now = signal(clock.now())
    this.link = computed(() => seen(this.#linkRev, () => chat.link))
    this.ended = computed(() => seen(this.#linkRev, () => chat.ended))
    this.ready = computed(() => seen(this.#listRev, () => chat.ready))
    this.conversations = computed(() => seen(this.#listRev, () => chat.conversations))
    this.invited = computed(() => seen(this.#invitedRev, () => chat.invited))
    this.archived = computed(() => seen(this.#listRev, () => chat.archived))
    this.whole = computed(() => seen(this.#listRev, () => chat.whole))
    this.unread = computed(() => seen(this.#listRev, () => chat.unread) + calls(this.conversations.value))
    this.#end = chat.onChange(change => {
      this.#meet(change)
      if (change.kind === 'arrived') options.arrived(change.message, this)
      else if (change.kind === 'failed' && options.refused?.(change) !== true) this.notify(failureText(change), 'bad')
    })
    this.#beat = every(clock, clockMs, () => {
      this.now.value = clock.now()
    })
  }

  conversation(id: string | undefined): ConversationView | undefined {
    return seen(this.#listRev, () => (id === undefined ? undefined : this.chat.conversation(id)))
  }

  /** Whether the server has said that there is no such conversation of this user's. */
  isMissing(id: string): boolean {
    return seen(this.#listRev, () => this.chat.isMissing(id))
  }

  items(conversation: string): readonly ItemView[] {
    return seen(this.#messageRev(conversation), () => this.chat.messages(conversation))
  }

  hasBefore(conversation: string): boolean {
    return seen(this.#messageRev(conversation), () => this.chat.hasBefore(conversation))
  }

  hasAfter(conversation: string): boolean {
    return seen(this.#messageRev(conversation), () => this.chat.pages.hasAfter(conversation))
  }

  presenceOf(user: string): UserPresence | undefined {
    return seen(this.#presenceRev, () => this.chat.presenceOf(user))
  }

  /** The address that a file can be shown from, once there is a connection. */
  fileUrl(id: string, form: 'whole' | 'small'): string | undefined {
    return seen(this.#filesRev, () => (this.link.value === 'live' ? this.chat.files.urlOf(id, form) : undefined))
  }

  /** How far a message's files are on their way, from 0 to 1. */
  progress(cid: string): number | undefined {
    return seen(this.#progressRev, () => this.chat.files.progress(cid))
  }

  /** The address that a file can be saved from: this device, or the server. Undefined without a connection. */
  async savingUrl({ id, blob }: FileView): Promise<string | undefined> {
    if (blob !== undefined) return URL.createObjectURL(blob)
    return id === undefined ? undefined : this.chat.files.link(id, 'save')
  }

  message(conversation: string, seq: number): MessageView | undefined {
    const items = this.items(conversation)
    const index = this.#indexes.get(items) ?? new Map(items.map(item => [item.seq, item]))
    this.#indexes.set(items, index)
    const item = index.get(seq)
    return item?.kind === 'message' ? item : undefined
  }

  /** Everyone who shares a conversation with this user, in the order of the list. */
  acquaintances(): string[] {
    const users = this.conversations.value.flatMap(({ members }) => members.map(({ user }) => user))
    return [...new Set(users)].filter(user => user !== this.chat.user)
  }

  /** Does what the server may refuse; what it refuses is said. */
  async attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act()
    } catch (error) {
      this.notifyRefused(error)
      return undefined
    }
  }

  /** Says why something was not done. */
  notifyRefused(error: unknown): void {
    this.notify(refusalText(error), error instanceof ChatError && error.reason === 'approval_pending' ? 'plain' : 'bad')
  }

  /** Says who is not there yet, since they are asked. */
  notifyAsked(users: readonly string[]): void {
    if (users.length > 0) this.notify(`Asked ${this.people.listed(users)}: they come in when they say yes.`)
  }

  notify(text: string, tone: PageNotice['tone'] = 'plain', action?: NoticeAction): void {
    const notice: PageNotice = { id: this.#nextNotice++, text, tone, action }
    this.notices.value = [...this.notices.value, notice].slice(-noticesMax)
    this.clock.after(noticeMs, () => this.dismiss(notice))
  }

  dismiss(notice: PageNotice): void {
    this.notices.value = this.notices.value.filter(other => other !== notice)
  }

  close(): void {
    this.#end()
    this.#beat.cancel()
    this.chat.close()
  }

  #meet(change: ChatChange): void {
    switch (change.kind) {
      case 'link':
        this.#linkRev.value++
        this.#listRev.value++
        return
      case 'conversations':
      case 'typing':
        this.#listRev.value++
        return
      case 'messages':
        this.#messageRev(change.conversation).value++
        return
      case 'files':
        this.#filesRev.value++
        return
      case 'progress':
        this.#progressRev.value++
        return
      case 'refused':
        this.notify(reasonText(change.refusal), 'bad')
        return
      case 'invited':
        this.#invitedRev.value++
        return
      case 'presence':
        this.#presenceRev.value++
        return
    }
  }

  #messageRev(conversation: string): Signal<number> {
    const known = this.#messageRevs.get(conversation)
    if (known !== undefined) return known
    const rev = signal(0)
    this.#messageRevs.set(conversation, rev)
    return rev
  }
}

/** How often one is called in what is muted: that counts all the same. */
function calls(conversations: readonly ConversationView[]): number {
  return conversations.reduce((sum, { muted, held, mentions }) => sum + (muted && !held ? mentions.length : 0), 0)
}

/** Reads something that is new when `rev` has risen. */
function seen<T>(rev: Signal<number>, read: () => T): T {
  return rev.value < 0 ? read() : read()
}

function refusalText(error: unknown): string {
  if (!(error instanceof ChatError)) return 'Something went wrong. Try again.'
  return reasonText(error)
}

const reasons: Readonly<Record<string, string>> = {
  offline: 'There is no connection. Try again when it is back.',
  approval_pending: 'The admins have been asked. The group appears here when one of them lets you in.',
  forbidden: 'You may not do this here.',
  not_found: 'This does not exist, or is not shared with you.',
  group_full: 'The group is full.',
  gone: 'This has ended and cannot be used any longer.',
  window_closed: 'It is too late for that: the message is too old.',
  too_large: 'This is too large.',
  quota_exceeded: 'There is no room for it: your files, or those of everyone here, take as much as they may.',
  rate_limited: 'That was a lot at once. Wait a moment and try again.',
  membership_changed: 'The members have just changed. Look again, then repeat it.',
}

const failures: Readonly<Record<Failed['what'], string>> = {
  message: 'Not sent',
  edit: 'Your change was not saved',
  delete: 'Not deleted',
  react: 'Your reaction was not taken',
}

function failureText({ what, refusal }: Failed): string {
  return `${failures[what]}: ${what === 'message' ? reasonText(refusal) : changeReason(refusal)}`
}

/** Why a message could not be changed. */
export function changeReason(refusal: Refusal): string {
  if (refusal.reason === 'gone') return 'The message was deleted.'
  return refusal.reason === 'not_found' ? 'The message is not there any longer.' : reasonText(refusal)
}

/** The text of a refusal for the user. */
export function reasonText({ reason, text }: { readonly reason: string; readonly text: string }): string {
  return reasons[reason] ?? (text === '' ? `The server refused this (${reason}).` : `The server refused this: ${text}`)
}
