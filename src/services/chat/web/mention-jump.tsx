import { useSignal, useSignalEffect } from '@preact/signals'
import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import type { Desk } from './desk.ts'

interface MentionJumpProps {
  readonly desk: Desk
  readonly conversation: ConversationView
  readonly scroller: RefObject<HTMLElement | null>
  /** Whether one is where one begins. */
  readonly isPlaced: boolean
}

/** Leads to messages that name one and that one has not seen, the oldest first. What comes into view is seen, also what counts as read already. */
export function MentionJump({ desk, conversation, scroller, isPlaced }: MentionJumpProps) {
  const { id, mentions } = conversation
  const unseen = useSignal<readonly number[]>(mentions)
  const newest = mentions.at(-1)
  useEffect(() => {
    const known = unseen.peek()
    const fresh = mentions.filter(seq => seq > (known.at(-1) ?? 0))
    if (fresh.length > 0) unseen.value = [...known, ...fresh]
  }, [newest])
  useEffect(() => {
    const listening = new AbortController()
    const look = () => {
      const left = unseen.peek().filter(seq => !isInView(scroller.current, seq))
      if (left.length < unseen.peek().length) unseen.value = left
    }
    const begin = () => {
      if (listening.signal.aborted) return
      scroller.current?.addEventListener('scroll', look, { signal: listening.signal, passive: true })
      look()
    }
    // On the way to where one begins much passes by that nobody sees.
    if (isPlaced) requestAnimationFrame(() => requestAnimationFrame(begin))
    return () => listening.abort()
  }, [id, isPlaced])
  useSignalEffect(() => {
    const { value: jump } = desk.jump
    if (jump?.conversation === id) unseen.value = unseen.peek().filter(seq => seq !== jump.seq)
  })
  const [next] = unseen.value
  if (next === undefined) return null
  return (
    <button
      type="button"
      class="to-mention"
      aria-label={`Jump to the next of ${unseen.value.length} messages that mention you`}
      onClick={() => {
        unseen.value = unseen.value.slice(1)
        void desk.jumpTo(id, next)
      }}
    >
      @<span class="count numeral">{unseen.value.length}</span>
    </button>
  )
}

function isInView(scroller: HTMLElement | null, seq: number): boolean {
  const row = scroller?.querySelector(`.message[data-seq="${seq}"]`)?.getBoundingClientRect()
  const frame = scroller?.getBoundingClientRect()
  return row !== undefined && frame !== undefined && row.bottom > frame.top && row.top < frame.bottom
}
