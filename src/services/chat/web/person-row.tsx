import type { ComponentChildren } from 'preact'
import { Avatar } from './avatar.tsx'
import type { Desk } from './desk.ts'

/** A user in a line: face, name, and what is said of them. */
export function PersonRow({
  desk,
  user,
  note,
  children,
}: {
  readonly desk: Desk
  readonly user: string
  readonly note?: string
  readonly children?: ComponentChildren
}) {
  const { store } = desk
  const name = store.people.name(user)
  const subtitle = note ?? (name === user ? undefined : user)
  return (
    <span class="person">
      <Avatar name={name} seed={user} size={38} online={store.presenceOf(user)?.online === true} />
      <span class="person-name">
        <bdi title={user}>{user === store.chat.user ? `${name} (you)` : name}</bdi>
        {subtitle === undefined ? null : <small>{subtitle}</small>}
      </span>
      {children}
    </span>
  )
}
