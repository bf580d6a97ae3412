import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { ConversationView } from '../client/index.ts'
import type { ChatCommands } from '../model/wire.ts'
import type { Desk } from './desk.ts'
import { PanelFrame } from './panel-frame.tsx'
import { PersonRow } from './person-row.tsx'
import { RichText } from './rich-text.tsx'
import { Ticks } from './ticks.tsx'

type Recipients = ChatCommands['chat.info']['out']['recipients']

/** Whom a message has reached, and when. */
export function InfoPanel({
  desk,
  conversation,
  seq,
}: {
  readonly desk: Desk
  readonly conversation: ConversationView
  readonly seq: number
}) {
  const { store } = desk
  const recipients = useSignal<Recipients | undefined>(undefined)
  const item = store.message(conversation.id, seq)
  const watermarks = conversation.members.map(({ delivered, read }) => `${delivered} ${read}`).join()
  useEffect(() => {
    void store
      .attempt(() => store.chat.info(conversation.id, seq))
      .then(answer => {
        recipients.value = answer?.recipients ?? recipients.value
      })
  }, [conversation.id, seq, watermarks, item?.state])
  const known = recipients.value ?? []
  const read = known.filter(recipient => recipient.read !== undefined)
  const delivered = known.filter(recipient => recipient.read === undefined && recipient.delivered !== undefined)
  const waiting = known.filter(recipient => recipient.read === undefined && recipient.delivered === undefined)
  return (
    <PanelFrame desk={desk} title="Message info">
      {item?.text === undefined ? null : (
        <blockquote class="info-message" dir="auto">
          <RichText text={item.text} mentions={item.mentions} people={store.people} />
          <time>{store.labels.moment(item.ts, store.now.value)}</time>
        </blockquote>
      )}
      {recipients.value === undefined ? <div class="skeleton info-loading" /> : null}
      <Section desk={desk} title="Read by" state="read" recipients={read} />
      <Section desk={desk} title="Delivered to" state="delivered" recipients={delivered} />
      <Section desk={desk} title="Not yet with" state="sent" recipients={waiting} />
    </PanelFrame>
  )
}

function Section({
  desk,
  title,
  state,
  recipients,
}: {
  readonly desk: Desk
  readonly title: string
  readonly state: 'read' | 'delivered' | 'sent'
  readonly recipients: Recipients
}) {
  if (recipients.length === 0) return null
  const { labels, now } = desk.store
  const when = (ts: number | undefined) => (ts === undefined ? '' : labels.moment(ts, now.value))
  return (
    <section class="side-section">
      <h3>
        <Ticks state={state} />
        {title}
      </h3>
      <ul class="people">
        {recipients.map(({ user, delivered, read }) => (
          <li key={user}>
            <PersonRow
              desk={desk}
              user={user}
              note={state === 'sent' ? 'Waiting for a device' : when(state === 'read' ? read : delivered)}
            />
          </li>
        ))}
      </ul>
    </section>
  )
}
