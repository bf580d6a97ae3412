import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import type { Member, Role } from '../model/wire.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { PersonRow } from './person-row.tsx'
import { roleIn } from './roles.ts'

/** Members shown before one asks for all. */
const shownAtFirst = 30
const rank: Readonly<Record<Role, number>> = { owner: 0, admin: 1, member: 2 }
const roleNames: Readonly<Record<Role, string>> = { owner: 'Owner', admin: 'Admin', member: 'Member' }

interface MemberListProps {
  readonly desk: Desk
  readonly conversation: ConversationView
  /** Whether one may add and remove. */
  readonly leads: boolean
}

export function MemberList({ desk, conversation, leads }: MemberListProps) {
  const { store } = desk
  const all = useSignal(false)
  const users = conversation.members.map(({ user }) => user)
  useEffect(() => {
    void store.chat.presence(users.slice(0, 256)).catch(() => [])
  }, [users.join('\n')])
  const sorted = conversation.members.toSorted(
    (a, b) => rank[a.role] - rank[b.role] || store.people.name(a.user).localeCompare(store.people.name(b.user)),
  )
  const shown = all.value ? sorted : sorted.slice(0, shownAtFirst)
  return (
    <section class="side-section">
      <h3>
        {conversation.members.length} {conversation.members.length === 1 ? 'member' : 'members'}
      </h3>
      {leads ? (
        <button type="button" class="side-action" onClick={() => (desk.dialog.value = { kind: 'add', conversation: conversation.id })}>
          <Icon name="plus" />
          Add members
        </button>
      ) : null}
      <ul class="people">
        {shown.map(member => (
          <MemberRow key={member.user} desk={desk} conversation={conversation} member={member} leads={leads} />
        ))}
      </ul>
      {shown.length < sorted.length ? (
        <button
          type="button"
          class="side-action"
          onClick={() => {
            all.value = true
          }}
        >
          Show all {sorted.length}
        </button>
      ) : null}
    </section>
  )
}

function MemberRow({ desk, conversation, member, leads }: MemberListProps & { readonly member: Member }) {
  const { store } = desk
  const { user, role } = member
  const own = roleIn(conversation, store.chat.user)
  const isMe = user === store.chat.user
  const mayRemove = leads && !isMe && (own === 'owner' || role === 'member')
  const mayRank = leads && !isMe && own === 'owner'
  const { id } = conversation
  const ask = () => {
    const name = store.people.name(user)
    const act = () => void store.attempt(() => store.chat.remove(id, [user]))
    desk.dialog.value = {
      kind: 'confirm',
      title: `Remove ${name}?`,
      text: `${name} will get nothing more of this group.`,
      action: 'Remove',
      act,
    }
  }
  return (
    <li class="member">
      <PersonRow desk={desk} user={user}>
        {role === 'member' ? null : <span class="role-tag">{roleNames[role]}</span>}
      </PersonRow>
      {isMe ? null : (
        <details
          name="member"
          class="member-menu"
          onToggle={event => event.currentTarget.querySelector('.member-actions')?.scrollIntoView({ block: 'nearest' })}
          onClick={event => {
            if (event.target instanceof Element && event.target.closest('.member-actions') !== null) event.currentTarget.open = false
          }}
          onKeyDown={event => {
            if (event.key !== 'Escape' || !event.currentTarget.open) return
            event.stopPropagation()
            event.currentTarget.open = false
          }}
        >
          <summary class="icon-button" aria-label={`What to do with ${store.people.name(user)}`}>
            <Icon name="more" />
          </summary>
          <div class="member-actions">
            <button type="button" onClick={() => void desk.direct(user)}>
              <Icon name="compose" />
              Message
            </button>
            {mayRank
              ? ranksBeside(role).map(next => (
                  <button key={next} type="button" onClick={() => void store.attempt(() => store.chat.role(id, user, next))}>
                    <Icon name="person" />
                    Make {roleNames[next].toLowerCase()}
                  </button>
                ))
              : null}
            {mayRemove ? (
              <button type="button" data-grave="true" onClick={ask}>
                <Icon name="trash" />
                Remove
              </button>
            ) : null}
          </div>
        </details>
      )}
    </li>
  )
}

function ranksBeside(role: Role): Role[] {
  return (['owner', 'admin', 'member'] as const).filter(other => other !== role)
}
