/** Errors that the commands add to those of the protocol: HTTP-like codes, `message` is one of these tokens, then prose. */
export const chatErrors = {
  forbidden: { code: 403, message: 'forbidden' },
  /** The connect reply of a device that was signed out from another one. */
  signedOut: { code: 403, message: 'signed_out' },
  notFound: { code: 404, message: 'not_found' },
  unknownUser: { code: 404, message: 'unknown_user' },
  idempotencyConflict: { code: 409, message: 'idempotency_conflict' },
  membershipChanged: { code: 409, message: 'membership_changed' },
  deviceMismatch: { code: 409, message: 'device_mismatch' },
  approvalPending: { code: 403, message: 'approval_pending' },
  groupFull: { code: 409, message: 'group_full' },
  gone: { code: 410, message: 'gone' },
  windowClosed: { code: 403, message: 'window_closed' },
  tooLarge: { code: 413, message: 'too_large' },
  unprocessable: { code: 422, message: 'unprocessable' },
  quotaExceeded: { code: 413, message: 'quota_exceeded' },
  /** The store does not answer, or is too busy: the same may succeed in a moment. */
  unavailable: { code: 503, message: 'unavailable', temporary: true },
  rateLimited: { code: 429, message: 'rate_limited', temporary: true },
} as const
