import type { ConversationView } from '../client/index.ts'
import { Avatar } from './avatar.tsx'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { muteText } from './mute-dialog.tsx'
import { previewOf } from './preview.ts'
import { otherIn } from './roles.ts'
import { Ticks } from './ticks.tsx'
import { Dots, typingText } from './typing.tsx'

/** The title of a conversation: of two people, the other one's name. */
export function titleOf({ store }: Desk, conversation: ConversationView): string {
  const other = otherIn(conversation, store.chat.user)
  return other === undefined ? conversation.title : store.people.name(other)
}

/** The place of a row in its whole list, of which only a window is drawn. */
interface RowPlace {
  readonly top: number
  readonly at: number
  readonly count: number
}

export function ConversationItem({
  desk,
  conversation,
  place,
}: {
  readonly desk: Desk
  readonly conversation: ConversationView
  readonly place?: RowPlace
}) {
  const { store } = desk
  const { id, unread, mentions, muted, pinned, archived, marked, last } = conversation
  const current = desk.place.conversation.value === id
  const other = otherIn(conversation, store.chat.user)
  return (
    <li
      class="list-row"
      {...(place === undefined ? {} : { style: { top: `${place.top}px` }, 'aria-posinset': place.at + 1, 'aria-setsize': place.count })}
    >
      <a
        class="list-item"
        href={`/chat/${encodeURIComponent(id)}${location.search}`}
        aria-current={current ? 'true' : undefined}
        data-unread={unread > 0 || marked}
        data-conversation={id}
        onClick={event => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return
          event.preventDefault()
          desk.open(id)
        }}
      >
        <Avatar
          name={titleOf(desk, conversation)}
          seed={other ?? id}
          size={48}
          online={other !== undefined && store.presenceOf(other)?.online === true}
        />
        <span class="list-title">
          <bdi>{titleOf(desk, conversation)}</bdi>
          {muted ? (
            <span title={muteText(store, conversation)}>
              <Icon name="bellOff" />
            </span>
          ) : null}
        </span>
        <time class="list-time numeral">{last === undefined ? '' : store.labels.list(last.ts, store.now.value)}</time>
        <Line desk={desk} conversation={conversation} isOpen={current} />
        <span class="list-marks">
          {archived && !desk.inArchive.value ? <small class="list-tag">Archived</small> : null}
          {pinned ? <Icon name="pin" /> : null}
          {marked && unread === 0 ? (
            <span class="count count-dot">
              <span class="visually-hidden">marked as unread</span>
            </span>
          ) : null}
          {mentions.length > 0 ? (
            <span class="count mention-mark" title="You are mentioned">
              @<span class="visually-hidden"> you are mentioned</span>
            </span>
          ) : null}
          {unread > 0 ? (
            <span class="count numeral" data-muted={muted}>
              {unread > 999 ? '999+' : unread}
              <span class="visually-hidden"> unread</span>
            </span>
          ) : null}
        </span>
      </a>
      {place === undefined ? null : (
        <button
          type="button"
          class="icon-button list-options"
          aria-label={`Options of ${titleOf(desk, conversation)}`}
          tabIndex={-1}
          onClick={({ currentTarget }) => {
            const { left, bottom } = currentTarget.getBoundingClientRect()
            desk.listMenu.value = { conversation: id, x: left, y: bottom }
          }}
        >
          <Icon name="more" />
        </button>
      )}
    </li>
  )
}

/** What happens there: who types, what was begun, what was written last. */
function Line({ desk, conversation, isOpen }: { readonly desk: Desk; readonly conversation: ConversationView; readonly isOpen: boolean }) {
  const { store } = desk
  if (conversation.typing.length > 0) {
    return (
      <span class="list-line" data-typing="true">
        {typingText(conversation, store.people)}
        <Dots />
      </span>
    )
  }
  const draft = isOpen ? '' : desk.drafts.of(conversation.id)
  if (draft !== '') {
    return (
      <span class="list-line">
        <b class="draft">Draft:</b> <bdi>{draft.slice(0, 100)}</bdi>
      </span>
    )
  }
  const { last } = conversation
  if (last === undefined) return <span class="list-line">No messages yet</span>
  const { who, text, aside } = previewOf(last, store.people, conversation.kind === 'group')
  return (
    <span class="list-line" data-aside={aside}>
      {last.kind === 'message' && last.mine && !last.deleted ? <Ticks state={last.state} /> : null}
      {who === undefined || (last.kind === 'message' && last.mine) ? null : <span>{who}:</span>}
      <bdi>{text}</bdi>
    </span>
  )
}
