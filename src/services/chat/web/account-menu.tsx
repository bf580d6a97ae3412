import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import type { MayAdd, MayWrite } from '../client/index.ts'
import { Avatar } from './avatar.tsx'
import { copyText } from './copy-text.ts'
import type { Desk, Dialog } from './desk.ts'
import { Icon } from './icons.tsx'
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
  const show = (dialog: Dialog) => {
    isOpen.value = false
    desk.dialog.value = dialog
  }
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
          <button type="button" onClick={() => show({ kind: 'settings' })}>
            <Icon name="bell" />
            Notifications
          </button>
          <button type="button" onClick={() => show({ kind: 'devices' })}>
            <Icon name="devices" />
            Devices
          </button>
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

/** What all others write waits for a yes, without a sound. */
const mayWriteChoices: readonly (readonly [MayWrite, string])[] = [
  ['everyone', 'Everyone'],
  ['answered', 'People I know'],
  ['nobody', 'Nobody: ask me first'],
]

/** All others ask, and one says yes or no. */
const mayAddChoices: readonly (readonly [MayAdd, string])[] = [
  ['everyone', 'Everyone'],
  ['answered', 'People I have answered'],
  ['nobody', 'Nobody: ask me first'],
]

/** What others are told. Whoever hides it does not see it of others either. */
function Privacy({ desk: { settings } }: { readonly desk: Desk }) {
  useEffect(() => void settings.load(), [])
  if (settings.value.value === undefined) return null
  const { read_receipts, last_seen, may_add, may_write } = settings.value.value
  return (
    <>
      <Toggle isOn={read_receipts} set={on => void settings.set({ read_receipts: on })}>
        <span>Read receipts</span>
      </Toggle>
      <Toggle isOn={last_seen} set={on => void settings.set({ last_seen: on })}>
        <span>Last seen</span>
      </Toggle>
      <Choice
        name="Who may write to me"
        value={may_write}
        choices={mayWriteChoices}
        choose={chosen => void settings.set({ may_write: chosen })}
      />
      <Choice
        name="Who may put me into groups"
        value={may_add}
        choices={mayAddChoices}
        choose={chosen => void settings.set({ may_add: chosen })}
      />
    </>
  )
}

function Choice<T extends string>({
  name,
  value,
  choices,
  choose,
}: {
  readonly name: string
  readonly value: T
  readonly choices: readonly (readonly [T, string])[]
  readonly choose: (chosen: T) => void
}) {
  return (
    <label class="choice">
      <span>{name}</span>
      <select
        value={value}
        onChange={event => {
          const chosen = choices.find(([one]) => one === event.currentTarget.value)?.[0]
          if (chosen !== undefined) choose(chosen)
        }}
      >
        {choices.map(([one, words]) => (
          <option key={one} value={one}>
            {words}
          </option>
        ))}
      </select>
    </label>
  )
}
