/**
 * Where one device takes its notifications. `endpoint` is the URL of a Web Push service with the keys of the browser beside it, or names a
 * device to the gateway of the configuration as `apns:TOKEN` or `fcm:TOKEN`, and then both keys are ''.
 */
export interface PushSubscription {
  readonly user: string
  readonly device: string
  readonly endpoint: string
  readonly p256dh: string
  readonly auth: string
}
