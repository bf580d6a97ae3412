import { type Signal, useSignal } from '@preact/signals'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { PersonRow } from './person-row.tsx'

const suggestionsMax = 8

/** Gathers users: typed names, and those one knows. */
export function MemberField({
  desk,
  members,
  except,
  autofocus = false,
}: {
  readonly desk: Desk
  readonly members: Signal<readonly string[]>
  readonly except: readonly string[]
  readonly autofocus?: boolean
}) {
  const text = useSignal('')
  const add = (names: readonly string[]) => {
    const fresh = names.map(name => name.trim()).filter(name => name !== '' && name !== desk.account.user && !except.includes(name))
    members.value = [...new Set([...members.value, ...fresh])]
    text.value = ''
  }
  const wanted = text.value.trim().toLowerCase()
  const known = desk.store
    .acquaintances()
    .filter(user => !members.value.includes(user) && !except.includes(user))
    .filter(user => `${user} ${desk.store.people.name(user)}`.toLowerCase().includes(wanted))
    .slice(0, suggestionsMax)
  return (
    <div class="field">
      <label>
        <span>Members</span>
        <input
          type="text"
          autofocus={autofocus}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          placeholder="User names"
          value={text.value}
          onInput={event => {
            text.value = event.currentTarget.value
            if (/[,;\s]/.test(text.value.trim())) add(text.value.split(/[,;\s]+/))
          }}
          onBlur={() => add([text.value])}
          onKeyDown={event => {
            if (event.key === 'Enter' && text.value.trim() !== '') {
              event.preventDefault()
              add([text.value])
            } else if (event.key === 'Backspace' && text.value === '') members.value = members.value.slice(0, -1)
          }}
        />
        <small>Enter or a comma adds a name.</small>
      </label>
      {members.value.length === 0 ? null : (
        <ul class="chips" aria-label="Chosen members">
          {members.value.map(user => (
            <li key={user}>
              <bdi>{user}</bdi>
              <button
                type="button"
                aria-label={`Remove ${user}`}
                onClick={() => {
                  members.value = members.value.filter(other => other !== user)
                }}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {known.length === 0 ? null : (
        <ul class="people" aria-label="People you know">
          {known.map(user => (
            <li key={user}>
              <button type="button" onPointerDown={event => event.preventDefault()} onClick={() => add([user])}>
                <PersonRow desk={desk} user={user} />
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}
