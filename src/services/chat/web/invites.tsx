import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import type { Invitation } from '../model/wire.ts'
import { copyText } from './copy-text.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { Toggle } from './toggle.tsx'

/** Links by which others join, whoever of those who lead the group made them. */
export function Invites({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { store } = desk
  const { id, members, requests } = conversation
  const invites = useSignal<readonly Invitation[]>([])
  const changes = useSignal(0)
  const approval = useSignal(false)
  // Who comes, or asks to, has used one.
  useEffect(() => {
    let isWanted = true
    store.chat.invites(id).then(
      found => {
        if (isWanted) invites.value = found
      },
      // They are asked for again with the next link.
      () => undefined,
    )
    return () => {
      isWanted = false
    }
  }, [id, members.length, requests, store.link.value, changes.value])
  const create = async () => {
    const { code } = (await store.attempt(() => store.chat.invite(id, { approval: approval.value }))) ?? {}
    if (code === undefined) return
    changes.value++
    await copyText(desk, linkOf(code))
  }
  const revoke = async (code: string) => {
    const revoked = await store.attempt(() => store.chat.invite(id, { revoke: code }))
    if (revoked !== undefined) changes.value++
  }
  return (
    <section class="side-section">
      <h3>Invite links</h3>
      {invites.value.map(invite => (
        <Invite key={invite.code} desk={desk} invite={invite} revoke={() => void revoke(invite.code)} />
      ))}
      <Toggle
        isOn={approval.value}
        set={on => {
          approval.value = on
        }}
      >
        <Icon name="person" />
        <span>Ask admins first</span>
      </Toggle>
      <button type="button" class="side-action" onClick={() => void create()}>
        <Icon name="link" />
        Create an invite link
      </button>
    </section>
  )
}

function Invite({ desk, invite, revoke }: { readonly desk: Desk; readonly invite: Invitation; readonly revoke: () => void }) {
  const { store } = desk
  const { code, author, expires, approval } = invite
  return (
    <div class="invite">
      <output>{linkOf(code)}</output>
      <small>
        {`Works until ${store.labels.until(expires, store.now.value)}`}
        {approval ? '; admins are asked' : ''}
      </small>
      <small>
        Made by <bdi title={author}>{store.people.object(author)}</bdi>, {usesText(invite)}
      </small>
      <span>
        <button type="button" class="button" onClick={() => void copyText(desk, linkOf(code))}>
          Copy
        </button>
        <button type="button" class="button" data-tone="bad" onClick={revoke}>
          Revoke
        </button>
      </span>
    </div>
  )
}

/** How often it was used, and may be. */
function usesText({ used, uses }: Invitation): string {
  if (uses > 0) return `used ${used} of ${uses} ${uses === 1 ? 'time' : 'times'}`
  if (used === 0) return 'not used yet'
  return used === 1 ? 'used once' : `used ${used} times`
}

function linkOf(code: string): string {
  return `${location.origin}/chat?join=${encodeURIComponent(code)}`
}
