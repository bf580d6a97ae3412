import { useSignal } from '@preact/signals'
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
  const open = async (user: string) => {
    if (user === '' || busy.value) return
    busy.value = true
    await desk.direct(user)
    busy.value = false
  }
  return (
    <DialogFrame title="New chat" close={close}>
      <form
        class="form"
        onSubmit={event => {
          event.preventDefault()
          void open(wanted)
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
            }}
          />
          <small>
            The exact user name. Yours is <b>{desk.account.user}</b>.
          </small>
        </label>
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

export function NewGroup({ desk, close }: DialogProps) {
  const title = useSignal('')
  const members = useSignal<readonly string[]>([])
  const busy = useSignal(false)
  const create = async () => {
    if (title.value.trim() === '' || busy.value) return
    busy.value = true
    const group = await desk.store.attempt(() => desk.store.chat.group(title.value.trim(), members.value))
    busy.value = false
    if (group === undefined) return
    desk.store.notifyAsked(members.value.filter(user => !group.members.some(member => member.user === user)))
    desk.open(group.id)
  }
  return (
    <DialogFrame title="New group" close={close}>
      <form
        class="form"
        onSubmit={event => {
          event.preventDefault()
          void create()
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
        <MemberField desk={desk} members={members} except={[]} />
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
  const add = async () => {
    if (members.value.length === 0 || busy.value) return
    busy.value = true
    const added = await desk.store.attempt(() => desk.store.chat.add(conversation, members.value))
    busy.value = false
    if (added === undefined) return
    desk.store.notifyAsked(added.asked ?? [])
    close()
  }
  return (
    <DialogFrame title="Add members" close={close}>
      <form
        class="form"
        onSubmit={event => {
          event.preventDefault()
          void add()
        }}
      >
        <MemberField desk={desk} members={members} except={present} autofocus />
        <footer class="dialog-foot">
          <button type="submit" class="button" data-tone="accent" disabled={members.value.length === 0 || busy.value}>
            Add {members.value.length === 0 ? '' : members.value.length}
          </button>
        </footer>
      </form>
    </DialogFrame>
  )
}
