import { useRef } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import { type Attaching, attach, dropAll, type FileDraft, removeDraft, sendAll, showDraft } from './attaching.ts'
import { CaptionField } from './caption-field.tsx'
import type { Desk } from './desk.ts'
import { endingOf, kindIcon, sizeText } from './file-words.ts'
import { Icon } from './icons.tsx'

interface AttachSheetProps {
  readonly desk: Desk
  readonly open: Attaching
  readonly conversation: ConversationView
}

/** What is about to be sent, over the conversation: one file large, all of them below, and a caption for each. */
export function AttachSheet({ desk, open, conversation }: AttachSheetProps) {
  const { drafts, shown } = open
  const draft = drafts.find(({ key }) => key === shown)
  if (draft === undefined) return null
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return
    event.stopPropagation()
    dropAll(desk)
  }
  return (
    <section class="attach" role="dialog" aria-label="Send files" onKeyDown={onKeyDown}>
      <header class="attach-head">
        <button type="button" class="icon-button" aria-label="Discard the files" onClick={() => dropAll(desk)}>
          <Icon name="close" />
        </button>
        <span class="attach-name">
          <bdi>{draft.name}</bdi>
          <small class="numeral">{sizeText(draft.blob.size)}</small>
        </span>
      </header>
      <div class="attach-view">
        <LargeDraft draft={draft} />
      </div>
      <CaptionField key={draft.key} desk={desk} conversation={conversation} draft={draft} />
      <footer class="attach-foot">
        <ul class="attach-strip" aria-label="Chosen files">
          {drafts.map(each => (
            <li key={each.key} data-shown={each.key === shown}>
              <button
                type="button"
                class="attach-item"
                aria-label={each.name}
                aria-pressed={each.key === shown}
                onClick={() => showDraft(desk, each.key)}
              >
                {each.kind === 'picture' ? <img src={each.url} alt="" /> : <Icon name={kindIcon(each.kind)} />}
              </button>
              <button type="button" class="attach-remove" aria-label={`Remove ${each.name}`} onClick={() => removeDraft(desk, each.key)}>
                <Icon name="close" />
              </button>
            </li>
          ))}
          <li>
            <FileButton label="Add more files" icon="plus" class="attach-item" pick={files => void attach(desk, conversation.id, files)} />
          </li>
        </ul>
        <button
          type="button"
          class="send"
          aria-label={drafts.length === 1 ? 'Send' : `Send ${drafts.length} files`}
          onClick={() => sendAll(desk)}
        >
          <Icon name="send" />
          {drafts.length > 1 ? <span class="count numeral">{drafts.length}</span> : null}
        </button>
      </footer>
    </section>
  )
}

function LargeDraft({ draft: { kind, url, name, blob } }: { readonly draft: FileDraft }) {
  if (kind === 'picture') return <img src={url} alt={name} />
  if (kind === 'video')
    return (
      // biome-ignore lint/a11y/useMediaCaption: it is what somebody is about to send, and nothing else is known of it
      <video src={url} controls />
    )
  return (
    <div class="attach-file">
      <FileSheet name={name} />
      <b>
        <bdi>{name}</bdi>
      </b>
      <span class="numeral">{sizeText(blob.size)}</span>
    </div>
  )
}

/** A sheet of paper with the ending of a file on it. */
export function FileSheet({ name }: { readonly name: string }) {
  return (
    <span class="file-sheet" aria-hidden="true">
      <Icon name="file" />
      <small>{endingOf(name)}</small>
    </span>
  )
}

/** Opens the browser's own choice of files. */
export function FileButton({
  label,
  icon,
  class: look,
  pick,
}: {
  readonly label: string
  readonly icon: 'attach' | 'plus'
  readonly class: string
  readonly pick: (files: readonly File[]) => void
}) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <button type="button" class={look} aria-label={label} title={label} onClick={() => input.current?.click()}>
        <Icon name={icon} />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        aria-label={label}
        onChange={event => {
          pick([...(event.currentTarget.files ?? [])])
          event.currentTarget.value = ''
        }}
      />
    </>
  )
}
