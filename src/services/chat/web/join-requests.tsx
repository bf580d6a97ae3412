import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import type { ChatCommands } from '../model/wire.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { PersonRow } from './person-row.tsx'

type Requests = ChatCommands['chat.requests']['out']['requests']

/** Those who have a link, and ask to be let in. */
export function JoinRequests({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { store } = desk
  const { id, requests: count } = conversation
  const asking = useSignal<Requests>([])
  const ask = async (answer: { user: string; accept: boolean } | undefined) => {
    const told = await store.attempt(() => store.chat.requests(id, answer ?? {}))
    asking.value = told?.requests ?? asking.value
  }
  useEffect(() => {
    if (count > 0) void ask(undefined)
    else asking.value = []
  }, [id, count])
  if (asking.value.length === 0) return null
  return (
    <section class="side-section">
      <h3>Asking to join</h3>
      <ul class="people">
        {asking.value.map(({ user, ts }) => (
          <li key={user} class="member">
            <PersonRow desk={desk} user={user} note={store.labels.moment(ts, store.now.value)}>
              <button
                type="button"
                class="icon-button"
                aria-label={`Turn ${store.people.name(user)} away`}
                onClick={() => void ask({ user, accept: false })}
              >
                <Icon name="close" />
              </button>
              <button
                type="button"
                class="icon-button"
                data-tone="accent"
                aria-label={`Let ${store.people.name(user)} in`}
                onClick={() => void ask({ user, accept: true })}
              >
                <Icon name="check" />
              </button>
            </PersonRow>
          </li>
        ))}
      </ul>
    </section>
  )
}
