const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** Bounds of pushes. What happens at each stands with it. */
export const pushLimits = {
  /** Subscriptions of one user, one a device. Beyond: 106, by who keeps them. A phone, its tablet, and browsers. */
  subscriptionsMax: 10,
  /** UTF-16 units of an endpoint. Beyond: 422. Those of Windows are the longest, with some 500. */
  endpointMax: 1_024,
  /** Characters of the token behind `apns:` or `fcm:`. Beyond: 422. APNs has up to 200, FCM some 200. */
  tokenMax: 512,
  /** Bytes of a body once it is encrypted. Push services need not take more (RFC 8030, 7.2). */
  bodyBytesMax: 4_096,
  /** What aes128gcm puts around a payload: 86 of header, one delimiter, 16 of tag (RFC 8188, RFC 8291). */
  encryptionBytes: 103,
  /** Bytes of a push service's answer that are read, for the log. */
  answerBytesMax: 4_096,
  /** How long a push service may take to answer. Beyond: tried again. */
  answerMs: 10 * second,
  /** How long a token for a push service holds. At most 24 h (RFC 8292, 2); half, so that clocks may differ. */
  vapidMs: 12 * hour,
  /** When it is made anew before its end. */
  vapidRenewMs: hour,
  /** Push services whose token is remembered. Beyond, the oldest goes. */
  vapidOriginsMax: 256,
  /** Sends that are under way at the same time, and to one origin, so that one that hangs leaves room for the others. */
  inFlightMax: 32,
  inFlightPerOriginMax: 16,
  /** Notes on their way to devices. Beyond: the oldest that waits is dropped, and counted. Some 400 bytes each. */
  deliveriesMax: 50_000,
  /** Conversations of users in which messages wait for their acknowledgement. Beyond: nobody is notified of a new one, and it is counted. */
  waitingMax: 100_000,
  /** Messages of one conversation that wait for one user. Beyond: the first and the newest stay, for one push tells of all. */
  waitingPerConversationMax: 32,
  /** Users whose pushes are decided at the same time: each asks the store four times. */
  decisionsMax: 8,
  /** How soon a decision is tried again that the store did not answer. */
  undecidedMs: 2 * second,
  /** How long a device in use holds up the pushes of a message that is not read: somebody who looks at another window of it misses little. */
  inUseMs: 30 * second,
  /** How often meanwhile is looked whether it still is in use. */
  inUseRecheckMs: second,
  /** UTF-16 units of a text that a notification shows; systems show some 100 to 200. Beyond: cut. */
  previewMax: 200,
  /** Between two tries of one note. */
  backoff: { baseMs: 2 * second, capMs: 5 * minute },
  /** Tries of one note. Beyond, or after its TTL: given up. */
  triesMax: 12,
  /** The longest that a `Retry-After` is followed. */
  retryAfterMaxMs: hour,
  /** Dead endpoints and delivered notes are written down this long after the first, or when there are so many. */
  gatherMs: 250,
  gatheredMax: 1_000,
  /** How long a push service keeps a note that only takes something away, for a device that is off. */
  dismissTtlMs: hour,
  /** Between two warnings that devices could not be notified, so that an outage does not flood the log. */
  logThrottleMs: 10 * second,
  /** How old a message may be that is pushed after a restart; older ones come with the connection. */
  restoredMs: hour,
  /** How long what is taken up waits for its acknowledgement: devices come back within half a minute, most of them in half of it. */
  restoredGraceMs: 15 * second,
  /** Messages that are taken up at a time after a restart, and all in all. */
  restoredPage: 500,
  restoredMax: 20_000,
} as const
