import type { Json } from '../../kit/index.ts'
import { Publication } from '../../protocol/index.ts'
import type { Hub } from '../channel/hub.ts'
import { Frame } from '../fanout/frame.ts'
import { DeltaPush, PublicationPush } from '../fanout/message.ts'

/** Publications for one client alone in a channel. */
export interface PushedPublication {
  readonly data: Json
  /** Its place in the history, of whatever age. */
  readonly offset?: number
}

export interface SessionPush {
  /** The client id. */
  readonly client: string
  readonly channel: string
  readonly publications: readonly PushedPublication[]
}

/**
 * Sends publications to one session of this node, in order, after what was sent before and before what comes next. Its place in the channel
 * stays where it is, whatever their offsets. False where it is not here, or not subscribed.
 */
export function pushTo({ hub }: { readonly hub: Hub }, { client, channel, publications }: SessionPush): boolean {
  const subscription = hub.get(channel)?.subscriptions.find(({ session }) => session.id === client)
  if (subscription === undefined || !subscription.isLive) return false
  const { delta } = subscription.terms
  const messages = publications.map(fields => {
    const publication = new Publication(fields)
    return delta ? new DeltaPush(channel, publication, undefined) : new PublicationPush(channel, publication)
  })
  if (messages.length === 0) return true
  // The client takes the newest that it got for the base of a delta; the others have another.
  subscription.hasDeltaBase = false
  subscription.session.outbox.enqueue(new Frame(messages, 'push', messages.length))
  return true
}
