import { useSignal } from '@preact/signals'

/** Asks for the API key, which figures of a server in production are behind. It is kept until the tab is closed. */
export function KeyForm({ refused, submit }: { readonly refused: boolean; readonly submit: (key: string) => void }) {
  const key = useSignal('')
  const send = (event: SubmitEvent) => {
    event.preventDefault()
    submit(key.value.trim())
  }
  return (
    <form class="key-form panel" onSubmit={send}>
      <h1>Operations</h1>
      <p>The figures of this server name users and channels, so they need its API key.</p>
      <label>
        API key
        <input
          type="password"
          autocomplete="off"
          required
          aria-invalid={refused}
          aria-describedby={refused ? 'key-refused' : undefined}
          onInput={event => {
            key.value = event.currentTarget.value
          }}
        />
      </label>
      {refused ? (
        <p id="key-refused" role="alert">
          The server does not take this key.
        </p>
      ) : null}
      <button type="submit" class="button" data-tone="accent">
        Show the figures
      </button>
    </form>
  )
}
