import { useComputed, useSignalEffect } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { type Clock, systemClock } from '../../../kit/index.ts'
import { Shell, type StreamState } from '../../../web/index.ts'
import type { Account, Accounts } from './account.ts'
import { followAttention } from './attention.ts'
import { ChatStore, type NoticeAction, type PageClient, type PageNotice } from './chat-store.ts'
import { ConversationList } from './conversation-list.tsx'
import { ConversationMenu } from './conversation-menu.tsx'
import { ConversationPane } from './conversation-view.tsx'
import { type Confirmation, Desk } from './desk.ts'
import { Dialogs } from './dialogs.tsx'
import { Drafts } from './drafts.ts'
import { Icon } from './icons.tsx'
import { LinkBar } from './link-bar.tsx'
import { MessageMenu } from './message-menu.tsx'
import { dismissRead, tellArrived } from './notifications.ts'
import { SidePanel } from './panel.tsx'
import type { PageLocation } from './place.ts'
import { followClicks } from './push.ts'
import { SignInForm } from './sign-in.tsx'
import { Viewer } from './viewer.tsx'

interface ChatAppProps {
  readonly accounts: Accounts
  readonly place: PageLocation
  /** Makes the client of an account. */
  readonly connect: (account: Account) => PageClient
  /** Takes what that client kept of the account out of the browser. */
  readonly forget: (account: Account) => Promise<void>
}

/** The server takes the token no longer; the first is the SDK's own word for it. */
const untrusted: readonly number[] = [1, 3500]
/** This device was signed out from another one. */
const signedOutCode = 4501
/** As many devices as there may be are connected. */
const limitCode = 106

export function ChatApp(props: ChatAppProps) {
  const { accounts } = props
  const account = accounts.current.value
  if (account === undefined) {
    return (
      <Shell current="/chat">
        <SignInForm accounts={accounts} />
      </Shell>
    )
  }
  return <SignedIn key={account.user} {...props} account={account} />
}

function SignedIn(props: ChatAppProps & { readonly account: Account }) {
  const { accounts, place, account } = props
  const desk = useMemo(() => openDesk(props, account, systemClock), [account])
  const { store } = desk
  const link = useComputed<StreamState>(() => store.link.value)
  useEffect(() => {
    void store.chat.connect()
    followClicks(id => desk.open(id))
    void followWishes(desk)
    const ends = [followAttention(store.chat.inUse), dismissRead(desk)]
    return () => {
      for (const end of ends) end()
      store.close()
    }
  }, [desk])
  useKeys(desk)
  useSignalEffect(() => {
    const waiting = store.unread.value
    void navigator.setAppBadge?.(waiting).catch(() => undefined)
    document.title = `${waiting > 0 ? `(${waiting > 999 ? '999+' : waiting}) ` : ''}Chat · Fanfare`
  })
  useSignalEffect(() => {
    const isRefused = untrusted.includes(store.ended.value?.code ?? 0)
    if (isRefused || (store.link.value !== 'live' && accounts.isOver(account))) accounts.expire()
  })
  useSignalEffect(() => {
    if (store.link.value === 'live') void desk.settings.load()
  })
  useSignalEffect(() => {
    const { code, reason, text } = store.ended.value ?? {}
    if (code === signedOutCode || reason === 'signed_out') void desk.signedOut()
    else if (code === limitCode && text !== undefined) desk.dialog.value = tooManyDevices(text)
  })
  const conversation = store.conversation(place.conversation.value)
  useOpen(desk, place.conversation.value, conversation !== undefined)
  return (
    <Shell current="/chat" link={link}>
      <div class="chat" data-open={place.conversation.value !== undefined} data-panel={place.panel.value.kind}>
        <ConversationList desk={desk} />
        {conversation === undefined ? <Nothing desk={desk} /> : <ConversationPane desk={desk} conversation={conversation} />}
        {conversation === undefined ? null : <SidePanel desk={desk} conversation={conversation} />}
      </div>
      <MessageMenu desk={desk} />
      <ConversationMenu desk={desk} />
      <Dialogs desk={desk} />
      <Viewer desk={desk} />
      <Notices desk={desk} />
      <p class="visually-hidden" aria-live="polite" data-testid="spoken">
        {store.spoken.value}
      </p>
    </Shell>
  )
}

function openDesk({ accounts, place, connect, forget }: ChatAppProps, account: Account, clock: Clock): Desk {
  const store = new ChatStore(connect(account), clock, {
    guests: account.guest,
    arrived: message => tellArrived(desk, message),
    refused: change => desk.refused(change),
  })
  const drafts = new Drafts(accounts.shelf, `fanfare.chat.drafts.${account.user}`)
  const naming = new Drafts(accounts.shelf, `fanfare.chat.draft-mentions.${account.user}`)
  const desk = new Desk(store, place, drafts, accounts, account, () => forget(account), naming)
  return desk
}

function tooManyDevices(why: string): Confirmation {
  const act = () => location.reload()
  return { kind: 'confirm', title: 'Too many devices', text: why, action: 'Try again', tone: 'plain', act }
}

/**
 * What the address asks for: `?join=` enters a group, `?with=` opens the conversation with a user. Whoever made the link is not who follows it,
 * so that nothing is done before that one has clicked.
 */
async function followWishes(desk: Desk): Promise<void> {
  const params = new URLSearchParams(location.search)
  const [code, user] = [params.get('join'), params.get('with')]
  desk.place.forget('join')
  desk.place.forget('with')
  if (code === null && user === null) return
  await live(desk)
  if (code !== null) desk.dialog.value = askToJoin(desk, code)
  else if (user !== null && user !== desk.account.user) desk.dialog.value = askToWrite(desk, user)
}

function askToJoin(desk: Desk, code: string): Confirmation {
  const act = async () => {
    const joined = await desk.store.attempt(() => desk.store.chat.join(code))
    if (joined !== undefined) desk.open(joined.id)
  }
  const text = 'This is an invite link. Whoever is in the group will see that you came, and who you are.'
  return { kind: 'confirm', title: 'Join this group?', text, action: 'Join', tone: 'plain', act: () => void act() }
}

function askToWrite(desk: Desk, user: string): Confirmation {
  const name = desk.store.people.name(user)
  const shown = name === user ? user : `${name} (${user})`
  const text = `The link opens a chat with ${shown}.`
  const act = async () => {
    const reached = await desk.direct(user, { known: true })
    if (reached.kind === 'unknown') desk.dialog.value = askToWriteAnyway(desk, user)
  }
  return { kind: 'confirm', title: 'Open this chat?', text, action: 'Open', tone: 'plain', act: () => void act() }
}

function askToWriteAnyway(desk: Desk, user: string): Confirmation {
  const text = `${user}: the link may be mistyped. You can write all the same; it waits for whoever comes by that name.`
  const act = () => void desk.direct(user)
  return { kind: 'confirm', title: 'No one by that name has been here yet', text, action: 'Write anyway', tone: 'plain', act }
}

/** Resolves when there is a connection. */
function live({ store }: Desk): Promise<void> {
  return new Promise(resolve => {
    const end = store.link.subscribe(link => {
      if (link !== 'live') return
      resolve()
      store.clock.after(0, () => end())
    })
  })
}

/**
 * What the address names is open, from before it is known until one goes elsewhere. One component does that: of two that take turns, the second
 * may open before the first shuts, as what ends an effect waits for the next paint, and then nothing is followed any more.
 */
function useOpen({ store: { chat } }: Desk, id: string | undefined, isKnown: boolean): void {
  useEffect(() => {
    if (id === undefined) return
    return () => chat.shut(id)
  }, [chat, id])
  useEffect(() => {
    if (id !== undefined) chat.open(id)
  }, [chat, id, isKnown])
}

function useKeys(desk: Desk): void {
  useEffect(() => {
    const listening = new AbortController()
    window.addEventListener('keydown', event => onKey(desk, event), { signal: listening.signal })
    return () => listening.abort()
  }, [desk])
}

function onKey(desk: Desk, event: KeyboardEvent): void {
  const { key, altKey } = event
  if ((event.ctrlKey || event.metaKey) && key.toLowerCase() === 'k') {
    event.preventDefault()
    desk.dialog.value = { kind: 'switcher' }
  } else if (altKey && (key === 'ArrowUp' || key === 'ArrowDown')) {
    event.preventDefault()
    step(desk, key === 'ArrowUp' ? -1 : 1)
  } else if (key === 'Escape' && desk.dialog.value === undefined && !event.defaultPrevented) {
    if (desk.selection.value !== undefined) desk.selection.value = undefined
    else if (desk.place.panel.value.kind !== 'none') desk.place.showPanel({ kind: 'none' })
    else desk.focus.value++
  }
}

/** The conversation above or below in the list. */
function step(desk: Desk, by: number): void {
  const { value: all } = desk.store.conversations
  const index = all.findIndex(({ id }) => id === desk.place.conversation.value)
  const next = all[index === -1 ? 0 : index + by]
  if (next !== undefined) desk.open(next.id)
}

/** The server has not said yet whether there is such a chat. */
function Coming({ desk }: { readonly desk: Desk }) {
  const isOffline = desk.store.link.value === 'offline'
  return (
    <section class="conversation-pane nothing" aria-label="No chat is open">
      <LinkBar desk={desk} />
      <div role="status">
        {isOffline ? null : <span class="spinner" />}
        <h2>{isOffline ? 'You are offline' : 'Loading the chat…'}</h2>
        <p>{isOffline ? 'This chat is shown when the connection is back.' : ''}</p>
      </div>
    </section>
  )
}

function Nothing({ desk }: { readonly desk: Desk }) {
  const { store, place } = desk
  const id = place.conversation.value
  const isLost = id !== undefined && store.isMissing(id)
  if (id !== undefined && !isLost) return <Coming desk={desk} />
  return (
    <section class="conversation-pane nothing" aria-label="No chat is open">
      <LinkBar desk={desk} />
      <div>
        <span class="nothing-mark">
          <Icon name="compose" />
        </span>
        <h2>{isLost ? 'This chat is not yours' : 'Choose a chat'}</h2>
        <p>{isLost ? 'It does not exist, or you were never in it.' : 'Open one on the left, or start a new one.'}</p>
        <button type="button" class="button" data-tone="accent" onClick={() => (desk.dialog.value = { kind: 'direct' })}>
          New chat
        </button>
        {isLost ? (
          <button type="button" class="button" onClick={() => desk.place.leave()}>
            Back to all chats
          </button>
        ) : null}
        <p class="nothing-keys">
          <kbd>Ctrl K</kbd> searches chats and messages, <kbd>Alt ↑</kbd> <kbd>Alt ↓</kbd> to the next one
        </p>
      </div>
    </section>
  )
}

function Notices({ desk: { store } }: { readonly desk: Desk }) {
  return (
    <div class="notices" role="status" aria-live="polite">
      {store.notices.value.map(notice => (
        <p key={notice.id} data-tone={notice.tone}>
          {notice.text}
          {notice.action === undefined ? null : <NoticeButton store={store} notice={notice} action={notice.action} />}
        </p>
      ))}
    </div>
  )
}

function NoticeButton({
  store,
  notice,
  action,
}: {
  readonly store: ChatStore
  readonly notice: PageNotice
  readonly action: NoticeAction
}) {
  const act = () => {
    store.dismiss(notice)
    action.act()
  }
  return (
    <button type="button" onClick={act}>
      {action.name}
    </button>
  )
}
