import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import { changeCaption, type FileDraft, sendAll } from './attaching.ts'
import type { Desk } from './desk.ts'
import { MentionList, useMentionField } from './mention-field.tsx'

interface CaptionFieldProps {
  readonly desk: Desk
  readonly conversation: ConversationView
  readonly draft: FileDraft
}

/** The words of one file, which name members as those of a message do. Enter sends. */
export function CaptionField({ desk, conversation, draft }: CaptionFieldProps) {
  const { key, caption, mentions } = draft
  const field = useRef<HTMLInputElement>(null)
  const names = useMentionField(desk, conversation, field, (text, named) => changeCaption(desk, key, text, named))
  useLayoutEffect(() => names.restart(mentions), [])
  useEffect(() => field.current?.focus({ preventScroll: true }), [])
  const isNaming = names.found.length > 0
  return (
    <div class="attach-caption">
      <MentionList desk={desk} field={names} />
      <input
        ref={field}
        type="text"
        dir="auto"
        maxLength={4096}
        value={caption}
        placeholder="Add a caption"
        aria-label="Caption"
        aria-autocomplete="list"
        aria-controls={isNaming ? 'mention-list' : undefined}
        aria-activedescendant={isNaming ? `mention-${names.chosen}` : undefined}
        onInput={event => {
          const { value } = event.currentTarget
          changeCaption(desk, key, value, names.typed(caption, value))
        }}
        onSelect={names.look}
        onKeyDown={event => {
          if (event.isComposing || names.onKeyDown(event) || event.key !== 'Enter') return
          event.preventDefault()
          sendAll(desk)
        }}
      />
    </div>
  )
}
