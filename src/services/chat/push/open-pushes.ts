import type { Clock, Random } from '../../../kit/index.ts'
import type { Log } from '../../../service.ts'
import type { PushConfig } from '../options/index.ts'
import type { SubscriptionRules } from './check-subscription.ts'
import { GatewaySender } from './gateway-sender.ts'
import type { PushRows } from './push-rows.ts'
import { Pushes } from './pushes.ts'
import { openVapidKeys } from './vapid.ts'
import { WebPushSender } from './web-push-sender.ts'

export interface PushSurroundings {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly rows: PushRows
  readonly isInUse: (user: string) => boolean
  /** The authority of push services of one's own, as PEM. */
  readonly ca?: string
  /** The grace of what was owed when the server stopped. */
  readonly restoredGraceMs?: number
  /** How long a device in use holds up pushes. */
  readonly inUseMs?: number
}

/** Pushes as configured, with what `chat.push` and `chat.push_key` need of them. */
export interface OpenedPushes {
  readonly pushes: Pushes
  readonly rules: SubscriptionRules
  /** What browsers subscribe with. */
  readonly publicKey: string
}

/** Reads the keys, or makes them up in the data folder. @throws ConfigError where they cannot be kept */
export function openPushes(
  { push, data }: { readonly push: PushConfig; readonly data: string },
  { ca, ...surroundings }: PushSurroundings,
): OpenedPushes {
  const { clock, random } = surroundings
  const keys = push.vapid ?? openVapidKeys(data, random)
  const { allowedHosts, allowPrivateAddresses, graceMs, ttlMs, webhook } = push
  const rules = { allowedHosts, allowPrivateAddresses, hasGateway: webhook !== undefined }
  const web = new WebPushSender({ clock, keys, subject: push.vapidSubject, rules, ...(ca !== undefined && { ca }) })
  const senders = webhook === undefined ? [web] : [web, new GatewaySender({ clock, ...webhook })]
  return { pushes: new Pushes({ ...surroundings, senders, graceMs, ttlMs }), rules, publicKey: keys.publicKey }
}
