import { closes } from '../../protocol/index.ts'
import type { Identity } from '../access/identity.ts'
import type { Broker } from '../contracts/broker.ts'
import type { Log } from '../contracts/log.ts'
import type { Limits } from '../limits.ts'
import type { RecentControls } from '../session/recent-controls.ts'

/** A channel for each user, to which all of its connections are subscribed by the server (Centrifugo's `subscribe_to_user_personal_channel`). */
export interface PersonalChannel {
  /** '' for channels without one. */
  readonly namespace: string
  /** A new connection ends the user’s other connections. */
  readonly isSingleConnection: boolean
}

/** Whether there is one, and whose. */
interface PersonalChannelContext {
  readonly options: { readonly personalChannel?: PersonalChannel | undefined }
}

/** The identity with its own channel among those that the server subscribes it to. What a token or hook says of the channel stays. */
export function withPersonalChannel(identity: Identity, personal: PersonalChannel | undefined): Identity {
  if (personal === undefined || identity.user === '') return identity
  const channel = personal.namespace === '' ? `#${identity.user}` : `${personal.namespace}:#${identity.user}`
  return { ...identity, subs: { [channel]: {}, ...identity.subs } }
}

/** How many channels a client may have: its own always has room beside those that it chooses. */
export function channelsMaxOf({ limits, options }: PersonalChannelContext & { readonly limits: Limits }, user: string): number {
  return limits.channelsPerSessionMax + (options.personalChannel === undefined || user === '' ? 0 : 1)
}

interface EndingOthers extends PersonalChannelContext {
  readonly broker: Broker
  readonly log: Log
  readonly recentControls: Pick<RecentControls, 'succeeds' | 'succeeded'>
}

/** Ends the user's other connections, on whichever nodes, where there is to be one. */
export function endOthers(
  { options, broker, log, recentControls }: EndingOthers,
  { user, id }: { readonly user: string; readonly id: string },
): void {
  if (options.personalChannel?.isSingleConnection !== true || user === '') return
  const { code, reason } = closes.connectionLimit
  recentControls.succeeds(id)
  broker.control({ kind: 'disconnect', user, whitelist: [id], code, reason }).catch((error: unknown) => {
    recentControls.succeeded(id)
    log.error({ err: error, user }, 'the other connections of a user could not be closed')
  })
}
