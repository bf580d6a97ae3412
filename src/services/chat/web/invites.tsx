import { type Signal, useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import * as z from 'zod/mini'
import type { ConversationView } from '../client/index.ts'
import type { Desk } from './desk.ts'
import { Icon } from './icons.tsx'
import { copyText } from './message-menu.tsx'
import { Toggle } from './toggle.tsx'

const inviteSchema = z.object({ code: z.string(), expires: z.optional(z.number()), asks: z.optional(z.boolean()) })
type Invite = z.infer<typeof inviteSchema>

/** Links by which others join. The server lists none, so this device remembers those that it made. */
export function Invites({ desk, conversation }: { readonly desk: Desk; readonly conversation: ConversationView }) {
  const { store } = desk
  const { id } = conversation
  const invites = useSignal<readonly Invite[]>([])
  const approval = useSignal(false)
  useEffect(() => {
    invites.value = stored(desk, id).filter(({ expires }) => expires === undefined || expires > store.clock.now())
  }, [id])
  const create = async () => {
    const asks = approval.value
    const { code, expires } = (await store.attempt(() => store.chat.invite(id, { approval: asks }))) ?? {}
    if (code === undefined) return
    keep(desk, id, invites, [...invites.value, { code, asks, ...(expires === undefined ? {} : { expires }) }])
    await copyText(desk, linkOf(code))
  }
  const revoke = async (code: string) => {
    const revoked = await store.attempt(() => store.chat.invite(id, { revoke: code }))
    if (revoked !== undefined)
      keep(
        desk,
        id,
        invites,
        invites.value.filter(invite => invite.code !== code),
      )
  }
  return (
    <section class="side-section">
      <h3>Invite links</h3>
      {invites.value.map(({ code, expires, asks }) => (
        <div key={code} class="invite">
          <output>{linkOf(code)}</output>
          <small>
            {expires === undefined ? 'Works until it is revoked' : `Works until ${store.labels.until(expires, store.now.value)}`}
            {asks === true ? '; admins are asked' : ''}
          </small>
          <span>
            <button type="button" class="button" onClick={() => void copyText(desk, linkOf(code))}>
              Copy
            </button>
            <button type="button" class="button" data-tone="bad" onClick={() => void revoke(code)}>
              Revoke
            </button>
          </span>
        </div>
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

function linkOf(code: string): string {
  return `${location.origin}/chat?join=${encodeURIComponent(code)}`
}

function keyOf({ account }: Desk, conversation: string): string {
  return `fanfare.chat.invites.${account.user}.${conversation}`
}

function keep(desk: Desk, conversation: string, invites: Signal<readonly Invite[]>, next: readonly Invite[]): void {
  invites.value = next
  if (next.length === 0) desk.accounts.shelf.removeItem(keyOf(desk, conversation))
  else desk.accounts.shelf.setItem(keyOf(desk, conversation), JSON.stringify(next))
}

function stored(desk: Desk, conversation: string): readonly Invite[] {
  try {
    const invites = z.array(inviteSchema).safeParse(JSON.parse(desk.accounts.shelf.getItem(keyOf(desk, conversation)) ?? '[]'))
    return invites.success ? invites.data : []
  } catch {
    return []
  }
}
