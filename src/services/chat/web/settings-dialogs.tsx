import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { OwnDevice, Previews } from '../client/index.ts'
import type { Desk } from './desk.ts'
import { DialogFrame } from './dialog.tsx'
import { Icon } from './icons.tsx'
import { PushButton } from './push-button.tsx'
import { Toggle } from './toggle.tsx'

interface DialogProps {
  readonly desk: Desk
  readonly close: () => void
}

const previewChoices: readonly (readonly [Previews, string, string])[] = [
  ['text', 'Name and message', 'Ann: See you at eight'],
  ['name', 'Name alone', 'Ann: New message'],
  ['none', 'Nothing', 'New message'],
]

/** What is told while one looks elsewhere. */
export function NotificationsDialog({ desk, close }: DialogProps) {
  const { settings } = desk
  const { previews, mentions } = settings.value.value ?? {}
  return (
    <DialogFrame title="Notifications" close={close}>
      <div class="choices">
        <PushButton desk={desk} />
      </div>
      <fieldset class="radios">
        <legend>What a notification shows</legend>
        {previewChoices.map(([value, name, example]) => (
          <label key={value}>
            <input type="radio" name="previews" checked={previews === value} onChange={() => void settings.set({ previews: value })} />
            <span>
              {name}
              <small>{example}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <Toggle isOn={mentions !== false} set={on => void settings.set({ mentions: on })}>
        <span>Mentions notify in muted chats</span>
      </Toggle>
    </DialogFrame>
  )
}

/** Where one is signed in, and the way to end that from here. */
export function DevicesDialog({ desk, close }: DialogProps) {
  const { store } = desk
  const devices = useSignal<readonly OwnDevice[] | undefined>(undefined)
  const asked = useSignal<string | undefined>(undefined)
  useEffect(() => {
    void store
      .attempt(() => store.chat.devices())
      .then(known => {
        devices.value = known
      })
  }, [])
  const signOut = async (device: string) => {
    asked.value = undefined
    devices.value = (await store.attempt(() => store.chat.signOutDevice(device))) ?? devices.value
  }
  const when = (device: OwnDevice) => (device.online ? 'connected now' : `last here ${store.labels.moment(device.seen, store.now.value)}`)
  return (
    <DialogFrame title="Your devices" close={close}>
      <p>Messages come to each of them. A device that you sign out forgets what it kept as soon as it is connected.</p>
      {devices.value === undefined ? <div class="skeleton" role="status" aria-label="Loading your devices" /> : null}
      <ul class="devices">
        {devices.value?.map(device => (
          <li key={device.device}>
            <span class="device-name">
              <bdi>{device.device}</bdi>
              <small>
                {device.current === true ? 'this device' : when(device)}
                {device.pushes ? ' · takes notifications' : ''}
              </small>
            </span>
            {device.current === true ? null : asked.value === device.device ? (
              <button type="button" class="button" data-tone="bad" onClick={() => void signOut(device.device)}>
                Sign out {device.device}?
              </button>
            ) : (
              <button
                type="button"
                class="icon-button"
                aria-label={`Sign out ${device.device}`}
                title="Sign out"
                onClick={() => {
                  asked.value = device.device
                }}
              >
                <Icon name="leave" />
              </button>
            )}
          </li>
        ))}
      </ul>
    </DialogFrame>
  )
}
