import type { PushNote } from './push-note.ts'
import type { PushSubscription } from './push-subscription.ts'

/**
 * What became of one try. `gone`: the device will never take anything there again. `later`: try again, after `afterMs` where the push service
 * said so, which then holds for all of its endpoints. `failed`: trying again would not help.
 */
export type PushOutcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs?: number }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'failed'; readonly reason: string }

/** One way to a device: Web Push, or a gateway that passes on to others. */
export interface PushSender {
  /** Whether subscriptions like this one are its own. */
  takes(subscription: PushSubscription): boolean
  /** What shares one bottleneck and one order to wait: the origin of a push service, or a gateway. */
  originOf(subscription: PushSubscription): string
  /** Never rejects. */
  send(subscription: PushSubscription, note: PushNote): Promise<PushOutcome>
  /** Ends what is under way. */
  close(): void
}
