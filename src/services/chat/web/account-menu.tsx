import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { ChatCommands, MayAdd } from '../model/wire.ts'
import { Avatar } from './avatar.tsx'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { copyText } from './message-actions.ts'
import { PushButton } from './push-button.tsx'
import { Toggle } from './toggle.tsx'

/** Who one is here, and what concerns oneself alone. */
export function AccountMenu({ desk }: { readonly desk: Desk }) {
  const { store, account, accounts } = desk
  const isOpen = useSignal(false)
  const frame = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!isOpen.value) return
    const listening = new AbortController()
    const close = (event: Event) => {
      if (event.target instanceof Node && frame.current?.contains(event.target) === true) return
      isOpen.value = false
    }
    document.addEventListener('pointerdown', close, { signal: listening.signal })
    document.addEventListener('focusin', close, { signal: listening.signal })
    document.addEventListener(
      'keydown',
      event => {
        if (event.key === 'Escape') isOpen.value = false
      },
      { signal: listening.signal },
    )
    return () => listening.abort()
  }, [isOpen.value])
  const name = store.people.name(account.user)
  return (
    <div class="account" ref={frame}>
      <button
        type="button"
        class="account-button"
        aria-label={`Your account: ${name}`}
        aria-expanded={isOpen.value}
        onClick={() => {
          isOpen.value = !isOpen.value
        }}
      >
        <Avatar name={name} seed={account.user} size={36} />
      </button>
      {isOpen.value ? (
        <div class="account-card panel">
          <p class="account-name">
            <Avatar name={name} seed={account.user} size={44} />
            <span>
              <b>
                <bdi>{name}</bdi>
              </b>
              <small>{account.user}</small>
            </span>
          </p>
          <button type="button" onClick={() => void copyText(desk, `${location.origin}/chat?with=${encodeURIComponent(account.user)}`)}>
            <Icon name="link" />
            Copy a link to chat with you
          </button>
          <PushButton desk={desk} />
          <Privacy desk={desk} />
          <button type="button" data-grave="true" onClick={() => void desk.signOut()}>
            <Icon name="leave" />
            Sign out
          </button>
          <small class="account-device">This device: {accounts.device}</small>
        </div>
      ) : null}
    </div>
  )
}

/** All others ask, and one says yes or no. */
const mayAddChoices: readonly (readonly [MayAdd, string])[] = [
  ['everyone', 'Everyone'],
  ['answered', 'People I have answered'],
  ['nobody', 'Nobody: ask me first'],
]

/** What others are told. Whoever hides it does not see it of others either. */
function Privacy({ desk: { store } }: { readonly desk: Desk }) {
  const known = useSignal<ChatCommands['chat.settings']['out'] | undefined>(undefined)
  useEffect(() => {
    void store.chat.settings({}).then(
      settings => {
        known.value = settings
      },
      () => undefined,
    )
  }, [])
  const set = async (settings: { read_receipts?: boolean; last_seen?: boolean; may_add?: MayAdd }) => {
    known.value = (await store.attempt(() => store.chat.settings(settings))) ?? known.value
  }
  if (known.value === undefined) return null
  const { read_receipts, last_seen, may_add } = known.value
  return (
    <>
      <Toggle isOn={read_receipts} set={on => void set({ read_receipts: on })}>
        <span>Read receipts</span>
      </Toggle>
      <Toggle isOn={last_seen} set={on => void set({ last_seen: on })}>
        <span>Last seen</span>
      </Toggle>
      <label class="choice">
        <span>Who may put me into groups</span>
        <select
          value={may_add}
          onChange={event => {
            const chosen = mayAddChoices.find(([value]) => value === event.currentTarget.value)?.[0]
            if (chosen !== undefined) void set({ may_add: chosen })
          }}
        >
          {mayAddChoices.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
    </>
  )
}
