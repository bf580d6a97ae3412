import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { Accounts, SignIn } from './account.ts'
import { Icon } from './icons.tsx'

/** Who one is: a name while the server is in development, else a token of the application that the chat belongs to. */
export function SignInForm({ accounts }: { readonly accounts: Accounts }) {
  const text = useSignal(accounts.as)
  const ended = accounts.ended.value
  const wantsToken = useSignal(ended?.guest === false)
  const problem = useSignal('')
  const busy = useSignal(false)
  const meet = (result: SignIn) => {
    if (result.kind === 'token-wanted') {
      wantsToken.value = true
      text.value = ''
    }
    problem.value = result.kind === 'refused' ? result.text : ''
  }
  const submit = async () => {
    const value = text.value.trim()
    if (value === '' || busy.value) return
    busy.value = true
    meet(wantsToken.value ? accounts.useToken(value) : await accounts.enter(value))
    busy.value = false
  }
  useEffect(() => {
    if (accounts.as !== '' && accounts.entersAlone) void submit()
  }, [])
  return (
    <div class="sign-in">
      <form
        class="panel"
        onSubmit={event => {
          event.preventDefault()
          void submit()
        }}
      >
        <span class="sign-in-mark">
          <Icon name="smile" />
        </span>
        <h1>{wantsToken.value ? 'Sign in' : 'Choose a name'}</h1>
        {ended === undefined ? null : (
          <p class="sign-in-ended" role="status">
            Your sign-in has ended. Sign in again, and you are back where you were.
          </p>
        )}
        <p>
          {wantsToken.value
            ? 'This server knows its users by a token. Your application gives you one.'
            : 'Choose a name and start to talk. Messages arrive on all your devices, and wait for you while you are away.'}
        </p>
        <label class="field">
          <span>{wantsToken.value ? 'Token' : 'Name'}</span>
          <input
            type="text"
            spellcheck={false}
            autofocus
            autocomplete={wantsToken.value ? 'off' : 'nickname'}
            maxLength={wantsToken.value ? 4096 : 64}
            placeholder={wantsToken.value ? 'eyJ…' : 'Ada'}
            value={text.value}
            onInput={event => {
              text.value = event.currentTarget.value
            }}
          />
        </label>
        {problem.value === '' ? null : <p role="alert">{problem.value}</p>}
        <button type="submit" class="button" data-tone="accent" disabled={text.value.trim() === '' || busy.value}>
          {busy.value ? 'One moment…' : 'Start chatting'}
        </button>
        <button
          type="button"
          class="text-button"
          onClick={() => {
            wantsToken.value = !wantsToken.value
            text.value = ''
            problem.value = ''
          }}
        >
          {wantsToken.value ? 'Use a name instead' : 'Use a token instead'}
        </button>
      </form>
    </div>
  )
}
