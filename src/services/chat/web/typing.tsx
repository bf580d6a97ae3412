import type { ConversationView } from '../client/index.ts'
import { Avatar } from './avatar.tsx'
import type { Desk } from './desk.ts'
import type { People } from './people.ts'

const namesMax = 2

/** "Ann is typing"; in a direct conversation everyone knows who. */
export function typingText({ kind, typing }: ConversationView, people: People): string {
  if (typing.length === 0) return ''
  if (kind === 'direct') return 'typing'
  if (typing.length > namesMax) return `${typing.length} are typing`
  return `${typing.map(user => people.name(user)).join(' and ')} ${typing.length === 1 ? 'is' : 'are'} typing`
}

export function Dots() {
  return (
    <span class="dots" aria-hidden="true">
      <i />
      <i />
      <i />
    </span>
  )
}

export function TypingBubble({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const [typist] = conversation.typing
  if (typist === undefined) return null
  const isGroup = conversation.kind === 'group'
  return (
    <div class="message typing" data-mine="false" data-first="true" data-last="true">
      {isGroup ? (
        <span class="face">
          <Avatar name={desk.store.people.name(typist)} seed={typist} size={30} />
        </span>
      ) : null}
      <div class="bubble-line">
        <div class="bubble">
          <Dots />
          <span class="visually-hidden">{typingText(conversation, desk.store.people)}</span>
        </div>
      </div>
    </div>
  )
}
