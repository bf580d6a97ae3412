import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import { titleOf } from './conversation-item.tsx'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { MentionJump } from './mention-jump.tsx'
import { MessageBlock } from './message-block.tsx'
import { useMessageScroll } from './message-scroll.ts'
import { blocksOf, rowsOf } from './rows.ts'
import { TypingBubble } from './typing.tsx'

/** Blocks at the end that are drawn from the start. */
const blocksAtFirst = 2
/** As many new blocks are what a page of history or a burst of messages brings. More are what a jump brings, and are drawn where it leads. */
const blocksOfPage = 6

/** The messages of a conversation, of which only those near the window are drawn. */
export function MessageList({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { id, kind, unread } = conversation
  const items = desk.store.items(id)
  const scroll = useMessageScroll(desk, conversation, items)
  const blocks = useMemo(() => blocksOf(rowsOf(items, scroll.readBefore)), [items])
  const known = useRef(0)
  const drawsNew = scroll.isPlaced && blocks.length - known.current <= blocksOfPage
  useEffect(() => {
    known.current = blocks.length
  }, [blocks])
  return (
    <div class="message-pane">
      <section class="messages" ref={scroll.scroller} aria-label={`Messages of ${titleOf(desk, conversation)}`}>
        <div class="messages-content" ref={scroll.content} data-testid="messages">
          <Beginning desk={desk} conversation={conversation} isEmpty={items.length === 0} />
          {blocks.map((block, index) => (
            <MessageBlock
              key={block.key}
              block={block}
              desk={desk}
              isGroup={kind === 'group'}
              near={scroll.near.value}
              forced={scroll.forced.value === block.key}
              drawnAtFirst={drawsNew || index >= blocks.length - blocksAtFirst}
            />
          ))}
          {desk.store.hasAfter(id) ? <Loading label="Loading newer messages" /> : <TypingBubble desk={desk} conversation={conversation} />}
        </div>
      </section>
      <MentionJump desk={desk} conversation={conversation} scroller={scroll.scroller} isPlaced={scroll.isPlaced} />
      {scroll.atEnd.value ? null : (
        <button type="button" class="to-end" aria-label="Jump to the newest message" onClick={scroll.toEnd}>
          <Icon name="down" />
          {unread > 0 ? <span class="count numeral">{unread}</span> : null}
        </button>
      )}
    </div>
  )
}

function Loading({ label }: { readonly label: string }) {
  return (
    <div class="history-loading" role="status">
      <span class="spinner" />
      <span class="visually-hidden">{label}</span>
    </div>
  )
}

function Beginning({
  desk,
  conversation,
  isEmpty,
}: {
  readonly desk: Desk
  readonly conversation: ConversationView
  readonly isEmpty: boolean
}) {
  const { store } = desk
  if (store.hasBefore(conversation.id)) return <Loading label="Loading older messages" />
  const title = titleOf(desk, conversation)
  return (
    <div class="beginning" data-empty={isEmpty}>
      <p>
        {isEmpty ? 'Nothing here yet. Say hello to ' : 'This is the beginning of '}
        <bdi>{conversation.kind === 'direct' && !isEmpty ? `your conversation with ${title}` : title}</bdi>.
      </p>
    </div>
  )
}
