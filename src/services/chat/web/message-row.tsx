import { Avatar } from './avatar.tsx'
import { reasonText } from './chat-store.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { captionedWidth, MessageFiles } from './message-files.tsx'
import { MessageText } from './message-text.tsx'
import { PendingBar } from './pending-bar.tsx'
import { hueOf } from './people.ts'
import { messageLine } from './preview.ts'
import { Quote } from './quote.tsx'
import { Reactions } from './reactions.tsx'
import type { MessageRow } from './rows.ts'
import { Pick, pressed } from './selection.tsx'
import { isJumbo } from './text-parts.ts'
import { Ticks } from './ticks.tsx'

interface MessageRowProps {
  readonly row: MessageRow
  readonly desk: Desk
  readonly isGroup: boolean
}

/** A message with all that belongs to it. */
export function MessageRowView({ row, desk, isGroup }: MessageRowProps) {
  const { item, first, last } = row
  const { store } = desk
  const jumbo = !item.deleted && item.files === undefined && item.replyTo === undefined && item.text !== undefined && isJumbo(item.text)
  const others = isGroup && !item.mine
  const look = filesLook(item)
  return (
    <li
      class="message"
      tabIndex={-1}
      data-key={row.key}
      data-seq={item.seq}
      data-mine={item.mine}
      data-first={first}
      data-last={last}
      data-state={item.state}
      data-pending={item.pending?.kind}
      aria-label={labelOf(row, desk)}
      onClickCapture={event => pressed(desk, item, event)}
    >
      <Pick desk={desk} item={item} label={`Choose: ${labelOf(row, desk)}`} />
      {others ? (
        <span class="face">{last ? <Avatar name={store.people.name(item.author)} seed={item.author} size={30} /> : null}</span>
      ) : null}
      <div class="bubble-line">
        <div
          class="bubble"
          data-jumbo={jumbo}
          data-deleted={item.deleted}
          data-files={look}
          style={look === 'captioned' ? captionStyle(item) : undefined}
        >
          {others && first ? (
            <bdi class="author" style={`--hue:${hueOf(item.author)}`} title={item.author}>
              {store.people.name(item.author)}
            </bdi>
          ) : null}
          {item.replyTo === undefined || item.deleted ? null : <Quote desk={desk} conversation={item.conversation} seq={item.replyTo} />}
          {item.files === undefined || item.deleted ? null : <MessageFiles item={item} desk={desk} />}
          <Body row={row} desk={desk} />
        </div>
        <Tools row={row} desk={desk} />
      </div>
      {item.reactions.length === 0 || item.deleted ? null : <Reactions item={item} desk={desk} />}
      {item.state === 'failed' ? <Failure row={row} desk={desk} /> : null}
      {item.pending === undefined ? null : <PendingBar item={item} desk={desk} />}
    </li>
  )
}

function Body({ row, desk }: { readonly row: MessageRow; readonly desk: Desk }) {
  const { item } = row
  const line = messageLine(item)
  const isBare = item.files !== undefined && (item.text ?? '') === ''
  return (
    <div class="body">
      {isBare && !item.deleted ? null : line.aside ? (
        <span class="aside">
          <Icon name={item.deleted ? 'block' : 'info'} />
          {line.text}
        </span>
      ) : (
        <MessageText text={item.text ?? ''} mentions={item.mentions} people={desk.store.people} />
      )}
      <Meta row={row} desk={desk} />
    </div>
  )
}

function Meta({ row: { item, last, state }, desk }: { readonly row: MessageRow; readonly desk: Desk }) {
  const { labels } = desk.store
  const changing = item.pending?.kind === 'edit' && item.pending.refusal === undefined
  const edited = (item.rev > 0 || changing) && !item.deleted
  const ticks = item.mine && (state || changing) && !item.deleted
  if (!last && !edited && !ticks) return null
  return (
    <span class="meta">
      {edited ? <span>edited</span> : null}
      {last ? (
        <time dateTime={new Date(item.ts).toISOString()} title={labels.exact(item.ts)}>
          {labels.clock(item.ts)}
        </time>
      ) : null}
      {ticks ? <Ticks state={changing ? 'waiting' : item.state} /> : null}
    </span>
  )
}

/** What a mouse finds beside a message. Fingers press long, keys open the menu. */
function Tools({ row: { item }, desk }: { readonly row: MessageRow; readonly desk: Desk }) {
  if (item.deleted && item.seq === undefined) return null
  const open = (event: MouseEvent) => {
    event.stopPropagation()
    desk.menu.value = { item, x: event.clientX, y: event.clientY }
  }
  return (
    <span class="tools">
      {item.seq === undefined || item.deleted ? null : (
        <>
          <button
            type="button"
            tabIndex={-1}
            aria-label="React"
            title="React"
            onClick={() => (desk.dialog.value = { kind: 'react', item })}
          >
            <Icon name="smile" />
          </button>
          <button type="button" tabIndex={-1} aria-label="Reply" title="Reply" onClick={() => desk.write({ kind: 'reply', item })}>
            <Icon name="reply" />
          </button>
        </>
      )}
      <button type="button" tabIndex={-1} aria-label="More actions" title="More" onClick={open}>
        <Icon name="more" />
      </button>
    </span>
  )
}

function Failure({ row: { item }, desk }: { readonly row: MessageRow; readonly desk: Desk }) {
  const { cid } = item
  return (
    <div class="failure">
      <Icon name="alert" />
      <span>Not sent{item.refusal === undefined ? '' : `: ${reasonText(item.refusal)}`}</span>
      {cid === undefined ? null : (
        <>
          <button type="button" onClick={() => desk.store.chat.retry(cid)}>
            Try again
          </button>
          <button type="button" onClick={() => desk.store.chat.discard(cid)}>
            Discard
          </button>
        </>
      )}
    </div>
  )
}

/** A picture alone has its time on it. */
function filesLook({ files, text, deleted }: MessageRow['item']): string | undefined {
  if (files === undefined || deleted) return undefined
  const isSeen = files.every(({ kind }) => kind === 'picture' || kind === 'video')
  return isSeen && (text ?? '') === '' ? 'bare' : isSeen ? 'captioned' : 'plain'
}

function captionStyle({ files = [] }: MessageRow['item']): string {
  return `--wide:${captionedWidth(files)}px`
}

function labelOf({ item }: MessageRow, { store }: Desk): string {
  return `${store.people.subject(item.author)}, ${store.labels.moment(item.ts, store.clock.now())}: ${messageLine(item).text}`
}
