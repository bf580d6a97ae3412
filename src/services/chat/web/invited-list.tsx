import { Avatar } from './avatar.tsx'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'

/** Groups that one is asked into: nobody there sees whether one has looked. */
export function InvitedList({ desk }: { readonly desk: Desk }) {
  const { store } = desk
  const invited = store.invited.value
  if (invited.length === 0) return null
  const answer = async (conversation: string, accept: boolean) => {
    const done = await store.attempt(async () => {
      await store.chat.answerInvited(conversation, accept)
      return true
    })
    if (done === true && accept) desk.open(conversation)
  }
  return (
    <section class="invited" aria-label="Invitations">
      <h2>Invitations</h2>
      <ul>
        {invited.map(({ conversation, title, author, members }) => (
          <li key={conversation}>
            <Avatar name={title} seed={conversation} size={38} />
            <span class="person-name">
              <bdi title={title}>{title}</bdi>
              <small>
                <bdi>{store.people.name(author)}</bdi> asks you in · {members} {members === 1 ? 'member' : 'members'}
              </small>
            </span>
            <button type="button" class="icon-button" aria-label={`Turn down ${title}`} onClick={() => void answer(conversation, false)}>
              <Icon name="close" />
            </button>
            <button
              type="button"
              class="icon-button"
              data-tone="accent"
              aria-label={`Join ${title}`}
              onClick={() => void answer(conversation, true)}
            >
              <Icon name="check" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
