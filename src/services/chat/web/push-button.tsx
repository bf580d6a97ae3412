import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { type PushState, pushState, turnPushOff, turnPushOn } from './push.ts'

const words: Readonly<Record<PushState, string>> = {
  unsupported: 'No notifications in this browser',
  denied: 'Notifications are blocked',
  off: 'Turn notifications on',
  on: 'Turn notifications off',
}

/** Whether messages are told while the page is closed. */
export function PushButton({ desk: { store } }: { readonly desk: Desk }) {
  const state = useSignal<PushState | undefined>(undefined)
  useEffect(() => {
    void pushState().then(known => {
      state.value = known
    })
  }, [])
  if (state.value === undefined) return null
  const change = async () => {
    const { chat, people } = store
    const turn = () => (state.value === 'on' ? turnPushOff(chat) : turnPushOn(chat, people.guests))
    state.value = (await store.attempt(turn)) ?? state.value
  }
  const fixed = state.value === 'unsupported' || state.value === 'denied'
  return (
    <button
      type="button"
      disabled={fixed}
      title={state.value === 'denied' ? 'Allow notifications for this site in the settings of the browser.' : undefined}
      onClick={() => void change()}
    >
      <Icon name={state.value === 'on' ? 'bell' : 'bellOff'} />
      {words[state.value]}
    </button>
  )
}
