import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { isVisible } from '../../../kit/index.ts'
import type { ConversationView } from '../client/index.ts'
import type { Allowed } from '../model/wire.ts'
import { Avatar } from './avatar.tsx'
import { titleOf } from './conversation-item.tsx'
import { askToDelete } from './conversation-menu.tsx'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { Invites } from './invites.tsx'
import { JoinRequests } from './join-requests.tsx'
import { MemberList } from './member-list.tsx'
import { MuteRow } from './mute-dialog.tsx'
import { nameless } from './new-chat.tsx'
import { PanelFrame } from './panel-frame.tsx'
import { mayModerate, mayRename, otherIn } from './roles.ts'
import { Toggle } from './toggle.tsx'

/** What a conversation is, who is in it, and what one can do with it as a whole. */
export function DetailsPanel({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { store } = desk
  const isGroup = conversation.kind === 'group'
  const other = otherIn(conversation, store.chat.user)
  const leads = mayModerate(conversation, store.chat.user) && conversation.active
  return (
    <PanelFrame desk={desk} title={isGroup ? 'Group' : 'Contact'}>
      <div class="details-top">
        <Avatar name={titleOf(desk, conversation)} seed={other ?? conversation.id} size={88} />
        {mayRename(conversation, store.chat.user) ? (
          <Title desk={desk} conversation={conversation} />
        ) : (
          <h3>
            <bdi>{titleOf(desk, conversation)}</bdi>
          </h3>
        )}
        <p>{isGroup ? `Group · ${conversation.members.length} ${conversation.members.length === 1 ? 'member' : 'members'}` : other}</p>
      </div>
      <OwnSettings desk={desk} conversation={conversation} />
      {leads ? <JoinRequests desk={desk} conversation={conversation} /> : null}
      {isGroup ? <MemberList desk={desk} conversation={conversation} leads={leads} /> : null}
      {leads ? <Invites key={conversation.id} desk={desk} conversation={conversation} /> : null}
      {leads ? <Rules desk={desk} conversation={conversation} /> : null}
      <Grave desk={desk} conversation={conversation} other={other} />
    </PanelFrame>
  )
}

/** The title of a group, which those who lead it change in place. */
function Title({ desk: { store }, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const text = useSignal(conversation.title)
  useEffect(() => {
    text.value = conversation.title
  }, [conversation.title])
  const changed = text.value.trim() !== '' && text.value.trim() !== conversation.title
  return (
    <form
      class="rename"
      onSubmit={event => {
        event.preventDefault()
        if (changed && !isVisible(text.value)) store.notify(nameless, 'bad')
        else if (changed) void store.attempt(() => store.chat.rename(conversation.id, text.value.trim()))
      }}
    >
      <input
        type="text"
        dir="auto"
        aria-label="Name of the group"
        maxLength={128}
        value={text.value}
        onInput={event => {
          text.value = event.currentTarget.value
        }}
      />
      <button type="submit" class="icon-button" aria-label="Save the name" disabled={!changed}>
        <Icon name={changed ? 'check' : 'pencil'} />
      </button>
    </form>
  )
}

function OwnSettings({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { store } = desk
  const { id, pinned, archived } = conversation
  const set = (settings: { pinned?: boolean }) => store.chat.setOwn(id, settings)
  return (
    <section class="side-section">
      <MuteRow desk={desk} conversation={conversation} />
      <Toggle isOn={pinned} set={on => set({ pinned: on })}>
        <Icon name="pin" />
        <span>Pin to the top</span>
      </Toggle>
      <Toggle isOn={archived} set={on => store.chat.setOwn(id, { archived: on })}>
        <Icon name="archive" />
        <span>Archive</span>
      </Toggle>
    </section>
  )
}

/** What members may do in a group besides reading. */
function Rules({ desk: { store }, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { id, send, edit } = conversation
  const set = (modes: { send?: Allowed; edit?: Allowed }) => void store.attempt(() => store.chat.modes(id, modes))
  return (
    <section class="side-section">
      <h3>Rules</h3>
      <Toggle isOn={send === 'admins'} set={on => set({ send: on ? 'admins' : 'all' })}>
        <Icon name="pencil" />
        <span>Only admins write</span>
      </Toggle>
      <Toggle isOn={edit === 'admins'} set={on => set({ edit: on ? 'admins' : 'all' })}>
        <Icon name="group" />
        <span>Only admins rename it</span>
      </Toggle>
    </section>
  )
}

/** What cannot simply be taken back: asked once more. */
function Grave({
  desk,
  conversation,
  other,
}: {
  readonly desk: Desk
  readonly conversation: ConversationView
  readonly other: string | undefined
}) {
  const { store } = desk
  const ask = (title: string, text: string, action: string, act: () => void) => {
    desk.dialog.value = { kind: 'confirm', title, text, action, act }
  }
  const block = async (user: string, on: boolean) => {
    const users = await store.attempt(() => store.chat.block(user, on))
    if (users !== undefined) store.notify(on ? 'Blocked' : 'No longer blocked')
  }
  return (
    <section class="side-section side-grave">
      <button
        type="button"
        onClick={() =>
          ask('Clear this chat?', 'All its messages go from your devices. Others keep theirs.', 'Clear', () => {
            void store.attempt(() => store.chat.clear(conversation.id))
          })
        }
      >
        <Icon name="broom" />
        Clear the chat
      </button>
      <button type="button" onClick={() => askToDelete(desk, conversation.id)}>
        <Icon name="trash" />
        Delete the chat
      </button>
      {other === undefined ? null : (
        <button
          type="button"
          onClick={() =>
            conversation.blocked
              ? void block(other, false)
              : ask(
                  `Block ${store.people.name(other)}?`,
                  'What they write to you alone will not reach you. They are not told.',
                  'Block',
                  () => void block(other, true),
                )
          }
        >
          <Icon name="block" />
          <span>
            {conversation.blocked ? 'Unblock' : 'Block'} <bdi>{store.people.name(other)}</bdi>
          </span>
        </button>
      )}
      {conversation.kind === 'group' && conversation.active ? (
        <button
          type="button"
          onClick={() =>
            ask('Leave this group?', 'You keep what you have, and get nothing more.', 'Leave', () => {
              void store.attempt(() => store.chat.leave(conversation.id))
            })
          }
        >
          <Icon name="leave" />
          Leave the group
        </button>
      ) : null}
    </section>
  )
}
