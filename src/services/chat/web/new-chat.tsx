import { useSignal } from '@preact/signals'
import { isVisible } from '../../../kit/index.ts'
import type { Desk } from './desk.ts'
import { DialogFrame } from './dialog.tsx'
import { MemberField } from './member-field.tsx'
import { PersonRow } from './person-row.tsx'

interface DialogProps {
  readonly desk: Desk
  readonly close: () => void
}

const namesMax = 128

/** A conversation with one other user, by the name. */
export function NewDirect({ desk, close }: DialogProps) {
  const name = useSignal('')
  const busy = useSignal(false)
  const wanted = name.value.trim()
  const known = desk.store
    .acquaintances()
    .filter(
      user =>
        user.toLowerCase().includes(wanted.toLowerCase()) || desk.store.people.name(user).toLowerCase().includes(wanted.toLowerCase()),
    )
  const unknown = useSignal('')
  /** Whom one knows is there; a name that was typed may be mistyped. */
  const open = async (user: string, known = false) => {
    if (user === '' || busy.value) return
    busy.value = true
    const reached = await desk.direct(user, { known })
    unknown.value = reached.kind === 'unknown' ? reached.users : ''
    busy.value = false
  }
  return (
    <DialogFrame title="New chat" close={close}>
      <form
        class="form"
        onSubmit={event => {
          event.preventDefault()
          void open(wanted, !known.includes(wanted))
        }}
      >
        <label class="field">
          <span>Whom do you want to write to?</span>
          <input
            type="text"
            autofocus
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            maxLength={namesMax}
            placeholder="User name"
            value={name.value}
            onInput={event => {
              name.value = event.currentTarget.value
              unknown.value = ''
            }}
          />
          <small>
            The exact user name. Yours is <b>{desk.account.user}</b>.
          </small>
        </label>
        <Unknown users={unknown.value} action="Write anyway" goOn={() => void open(wanted)} />
        {known.length === 0 ? null : (
          <ul class="people" aria-label="People you know">
            {known.slice(0, 20).map(user => (
              <li key={user}>
                <button type="button" onClick={() => void open(user)}>
                  <PersonRow desk={desk} user={user} />
                </button>
              </li>
            ))}
          </ul>
        )}
        <footer class="dialog-foot">
          <button type="submit" class="button" data-tone="accent" disabled={wanted === '' || busy.value}>
            Start the chat
          </button>
        </footer>
      </form>
    </DialogFrame>
  )
}

/** Says that nobody is there by a name, and lets one go on. */
function Unknown({ users, action, goOn }: { readonly users: string; readonly action: string; readonly goOn: () => void }) {
  if (users === '') return null
  return (
    <div class="unknown" role="alert">
      <p>
        No one by that name has been here yet: <b>{users}</b>. Check the spelling, or go on: it waits for whoever comes by that name.
      </p>
      <button type="button" class="button" onClick={goOn}>
        {action}
      </button>
    </div>
  )
}

/** Of a name of which nothing is to be seen. */
export const nameless = 'A name needs something that can be seen, and no marks that turn text around.'

export function NewGroup({ desk, close }: DialogProps) {
  const title = useSignal('')
  const members = useSignal<readonly string[]>([])
  const busy = useSignal(false)
  const unknown = useSignal('')
  const problem = useSignal('')
  const create = async (known: boolean) => {
    if (title.value.trim() === '' || busy.value) return
    problem.value = isVisible(title.value) ? '' : nameless
    if (problem.value !== '') return
    busy.value = true
    const reached = await desk.reach(async () => {
      const group = await desk.store.chat.group(title.value.trim(), members.value, { known })
      desk.store.notifyAsked(members.value.filter(user => !group.members.some(member => member.user === user)))
      desk.open(group.id)
    })
    unknown.value = reached.kind === 'unknown' ? reached.users : ''
    busy.value = false
  }
  return (
    <DialogFrame title="New group" close={close}>
      <form
        class="form"
        onSubmit={event => {
          event.preventDefault()
          void create(true)
        }}
      >
        <label class="field">
          <span>Name of the group</span>
          <input
            type="text"
            autofocus
            autocomplete="off"
            maxLength={namesMax}
            placeholder="Weekend hike"
            value={title.value}
            onInput={event => {
              title.value = event.currentTarget.value
            }}
          />
        </label>
        {problem.value === '' ? null : <p role="alert">{problem.value}</p>}
        <MemberField desk={desk} members={members} except={[]} />
        <Unknown users={unknown.value} action="Create it anyway" goOn={() => void create(false)} />
        <footer class="dialog-foot">
          <button type="submit" class="button" data-tone="accent" disabled={title.value.trim() === '' || busy.value}>
            Create the group
          </button>
        </footer>
      </form>
    </DialogFrame>
  )
}

export function AddMembers({ desk, conversation, close }: DialogProps & { readonly conversation: string }) {
  const members = useSignal<readonly string[]>([])
  const busy = useSignal(false)
  const present = desk.store.conversation(conversation)?.members.map(({ user }) => user) ?? []
  const unknown = useSignal('')
  const add = async (known: boolean) => {
    if (members.value.length === 0 || busy.value) return
    busy.value = true
    const reached = await desk.reach(async () => {
      const { asked = [] } = await desk.store.chat.add(conversation, members.value, { known })
      desk.store.notifyAsked(asked)
      close()
    })
    unknown.value = reached.kind === 'unknown' ? reached.users : ''
    busy.value = false
  }
  return (
    <DialogFrame title="Add members" close={close}>
      <form
        class="form"
        onSubmit={event => {
          event.preventDefault()
          void add(true)
        }}
      >
        <MemberField desk={desk} members={members} except={present} autofocus />
        <Unknown users={unknown.value} action="Add them anyway" goOn={() => void add(false)} />
        <footer class="dialog-foot">
          <button type="submit" class="button" data-tone="accent" disabled={members.value.length === 0 || busy.value}>
            Add {members.value.length === 0 ? '' : members.value.length}
          </button>
        </footer>
      </form>
    </DialogFrame>
  )
}
